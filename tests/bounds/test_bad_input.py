"""Parameters of the wrong kind: one sentence that names them, and nothing half-fitted."""

import warnings

import numpy as np
import pytest

from w2s_stats._intervals import bootstrap_mean
from w2s_stats.bounds import (
    BudgetedEnvelope,
    ConvexHull,
    ErrorFloor,
    ExpansionBound,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    NormBall,
    OutputKLGain,
)
from w2s_stats.divergences import KL, ItakuraSaito

H = np.arange(1.0, 7.0).reshape(6, 1)
WEAK, STUDENT = np.linspace(0.1, 0.9, 6), np.linspace(0.2, 0.7, 6)


def fitted(bound, **options):
    return bound.fit(WEAK, STUDENT, **options)


def labels_needed(*args, **options):
    return fitted(GoldLabelPlan()).labels_needed(*args, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NormBall(H, "a"), "radius must be positive and finite; found 'a'"),
        (lambda: NormBall(H, None), "radius must be positive and finite; found None"),
        (lambda: fitted(MisfitGain(width="a")), "width must be zero or positive .* found 'a'"),
        (lambda: fitted(NonRealizableGain(epsilon="x")), "epsilon must be zero or .* found 'x'"),
        (lambda: fitted(MisfitGain(n_resamples=2.5)), "n_resamples must be an integer .* 2.5"),
        (lambda: bootstrap_mean([1.0, 2.0], n_resamples=0), "n_resamples must be an integer .* 0"),
        (lambda: fitted(MisfitGain("KL")), "divergence must be None or a .* found 'KL'"),
        (lambda: fitted(MisfitGain(KL)), r"divergence must be None or .* as KL\(\); found <class"),
        (lambda: fitted(GainCertificate(NormBall(H, 1.0), KL)), "divergence must be .* <class"),
        (lambda: fitted(GainCertificate(None)), "function_class must be a convex .* found None"),
        (lambda: fitted(GainCertificate(NormBall)), "function_class must be .* found <class"),
        (lambda: fitted(NonRealizableGain(3, epsilon=0.1)), "function_class must be .* found 3"),
        (lambda: fitted(MisfitGain(output_range=3)), "output_range must be two .* found 3"),
        (lambda: fitted(MisfitGain(output_range=(0, "b"))), r"output_range must .* \(0, 'b'\)"),
        (lambda: fitted(MisfitGain(output_range=(1, 0))), r"output_range must .* \(1, 0\)"),
        (
            lambda: fitted(ExpansionBound(expansion="a", weak_error=0.1)),
            "expansion must be a number of at least 0; found 'a'",
        ),
        (
            lambda: fitted(ExpansionBound(expansion=0.5, weak_error="b")),
            "weak_error must lie from 0 to below 1; found 'b'",
        ),
        (lambda: labels_needed("a"), "gain must lie above 0 and not above .* found 'a'"),
        (lambda: labels_needed(0.01, power="a"), "power must lie between 0 and 1; found 'a'"),
        (lambda: fitted(GoldLabelPlan(n_labels=2.5)), "n_labels must be an integer .* 2.5"),
        (lambda: ConvexHull(5), "heads must be a sequence of arrays; found 5"),
    ],
)
def test_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_rows_have_the_numbers_they_were_given():
    """Also where rows before them have no label, or no weight."""
    weak = np.tile([0.5, 0.5], (6, 1))
    student, y = weak.copy(), np.array([np.nan, np.nan, 0, 0, 0, 1.0])
    student[5] = [1.0, 0.0]
    with pytest.raises(ValueError, match=r"y_student must be finite; found infinity in row 5"):
        MisfitGain(KL()).fit(weak, student, y, sample_weight=[0, 1, 1, 0, 1, 1])
    with pytest.raises(ValueError, match=r"y_student must be above zero .* found 0 in row 5"):
        GoldLabelPlan().fit(weak, student, sample_weight=[0, 1, 1, 0, 1, 1])
    with pytest.raises(ValueError, match=r"y_student must lie in .* -1 in row 4"):
        outputs = np.array([1.0, 1.0, 1.0, 1.0, -1.0])
        MisfitGain(ItakuraSaito()).fit(np.ones(5), outputs, sample_weight=[0, 1, 0, 1, 1])
    with pytest.raises(ValueError, match=r"y_true must be positive .* found -2 in row 3"):
        truth = np.array([1.0, np.nan, 1.0, -2.0])
        OutputKLGain().fit(np.ones(4), np.ones(4), truth, sample_weight=[0, 1, 1, 1])
    with pytest.raises(ValueError, match="found its border in row 5"):
        hull = ConvexHull([weak])
        GainCertificate(hull, KL()).fit(weak, student, sample_weight=[0, 1, 1, 1, 1, 1])


@pytest.mark.parametrize("bound", [KLSandwich(), BudgetedEnvelope(), ErrorFloor()])
def test_hard_labels_taken_for_probabilities_are_told_of(bound):
    labels, soft = np.array([0, 1, 1, 0]), np.array([0.2, 0.7, 0.6, 0.4])
    for weak, student, name in ((labels, soft, "y_weak"), (soft, np.eye(2)[labels], "y_student")):
        weak = np.column_stack([1 - weak, weak]) if name == "y_student" else weak
        with pytest.warns(
            UserWarning, match=f"{name} holds only 0 and 1, hard labels: .*agreement"
        ):
            bound.fit(weak, student, [0, 1, 0, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bound.fit([0.0, 1.0, 0.5], [0.0, 0.5, 0.5], [0, 1, 1])  # certain of some rows only
        ErrorFloor(loss="zero-one").fit(labels, labels, labels)
