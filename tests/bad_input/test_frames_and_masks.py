"""Frames in different orders, masked and sparse arrays: what they mean, or one sentence."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from w2s_stats.bounds import KLSandwich, MisfitGain, misfit_gain_tasks
from w2s_stats.calibration import correct_weak_labels, expected_calibration_error
from w2s_stats.divergences import KL, Squared, kl_divergence, output_kl_divergence, squared_distance
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.selection import agreement_report, performance_gap_recovered, rank_weak_models
from w2s_stats.transfer import WeakTrainingRegressor

RNG = np.random.default_rng(0)
W, S = RNG.dirichlet(np.ones(2), size=(2, 60))
Y = (RNG.random(60) < 0.5).astype(float)
BOUND = KLSandwich(random_state=0)
FRAME = pd.DataFrame(W, columns=["a", "b"])
OTHER = pd.DataFrame(S, columns=["a", "b"])
MASKED = np.ma.masked_array(Y, np.arange(60) >= 40)
GAPS = np.where(np.arange(60) >= 40, np.nan, Y)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (BOUND.fit, "y_student"),
        (MisfitGain(random_state=0).fit, "y_student"),
        (kl_divergence, "q"),
        (squared_distance, "g"),
        (KL().pointwise, "q"),
        (Squared().pointwise, "q"),
        (agreement_report, "y_student"),
        (lambda p, q: performance_gap_recovered(p, q, W, Y), "y_student"),
        (lambda p, q: rank_weak_models([p, W], [q, S], Y), "y_student"),
        (expected_calibration_error, "y_proba"),
    ],
    ids=[*"abcdefghij"],
)
def test_frames_in_different_orders_are_refused(call, name):
    with pytest.raises(
        ValueError, match=f"{name} must have the columns of .*; found 'b' in column 0"
    ):
        call(FRAME, OTHER[["b", "a"]])
    with pytest.raises(
        ValueError, match=f"{name} must have the index of .* found 59 in row 0, where"
    ):
        call(FRAME, OTHER[::-1])
    call(FRAME, OTHER)


def test_labels_and_weights_have_the_rows_of_the_predictions():
    for wrong in (pd.Series(Y)[::-1], pd.Series(Y, index=np.arange(60) + 1)):
        with pytest.raises(
            ValueError, match=r"y_true must have the index of y_weak; found .* row 0"
        ):
            BOUND.fit(FRAME, S, wrong)
        with pytest.raises(ValueError, match="sample_weight must have the index of y_true"):
            BOUND.fit(W, S, pd.Series(Y), sample_weight=wrong)
        with pytest.raises(ValueError, match="y_true must have the index of y_weak"):
            correct_weak_labels(pd.Series(Y), y_true=wrong, independent_errors=True)
    with pytest.raises(ValueError, match="g must have the index of f"):
        output_kl_divergence(FRAME["a"], OTHER["a"][::-1])
    with pytest.raises(ValueError, match="y_student must have the columns of y_weak"):
        misfit_gain_tasks(FRAME, OTHER[["b", "a"]])


def test_frames_in_one_order_are_their_arrays():
    expected = BOUND.fit(W, S, Y).table_
    assert BOUND.fit(FRAME, OTHER, pd.Series(Y)).table_ == expected
    assert BOUND.fit(FRAME, S, Y).table_ == expected
    shuffled = RNG.permutation(60)
    frames = (part.iloc[shuffled] for part in (FRAME, OTHER, pd.Series(Y)))
    expected = BOUND.fit(W[shuffled], S[shuffled], Y[shuffled])
    assert BOUND.fit(*frames).table_ == expected.table_
    # One column each, under the name of its model.
    weak, student = pd.DataFrame({"weak": Y}), pd.DataFrame({"student": Y + 1})
    assert squared_distance(weak, student) == 1.0


def test_masked_labels_are_missing():
    bound = BOUND.fit(W, S, MASKED)
    assert bound.holds_ is None and bound.table_ == BOUND.fit(W, S, GAPS).table_
    own = np.ma.masked_array(Y.astype(int), MASKED.mask)
    assert BOUND.fit(W, S, own).estimate_ == bound.estimate_
    assert agreement_report(W, S, own).n_gold == 40
    assert BOUND.fit(W, S, np.ma.masked_array(Y)).estimate_ == BOUND.fit(W, S, Y).estimate_

    X = RNG.normal(size=(60, 1))
    outlier = np.ma.masked_array(np.where(MASKED.mask, 1e6, Y), MASKED.mask)
    fits = (MixtureOfExpertsRegressor(1).fit(X, y).coef_ for y in (outlier, GAPS))
    np.testing.assert_array_equal(*fits)
    names = np.ma.masked_array(np.where(Y > 0, "yes", "no"), MASKED.mask)
    gaps = np.where(MASKED.mask, None, names.data)
    fits = (MixtureOfExpertsClassifier(1).fit(X, y).coef_ for y in (names, gaps))
    np.testing.assert_array_equal(*fits)
    source = np.where(np.arange(60) < 30, 0, -1)
    fits = (
        WeakTrainingRegressor().fit(X, Y, y_weak=y, sample_domain=source).predict(X)
        for y in (outlier, GAPS)
    )
    np.testing.assert_array_equal(*fits)


def test_masked_predictions_and_features_are_refused():
    masked = np.ma.masked_array(W, np.zeros(W.shape, dtype=bool))
    masked[3, 1] = np.ma.masked
    for call in (lambda: BOUND.fit(masked, S), lambda: kl_divergence(masked, S)):
        with pytest.raises(ValueError, match="must be finite; found NaN or infinity in row 3"):
            call()
    with pytest.raises(
        ValueError, match="X must hold finite numbers; found NaN in row 3, column 1"
    ):
        MixtureOfExpertsRegressor(1).fit(masked, Y)
    with pytest.raises(ValueError, match=r"sample_weight must hold finite .* found NaN in row 40"):
        BOUND.fit(W, S, Y, sample_weight=MASKED)


def test_sparse_predictions_are_refused():
    for call in (BOUND.fit, MisfitGain().fit, kl_divergence, agreement_report):
        with pytest.raises(TypeError, match="dense array; found a sparse one: take its toarray"):
            call(csr_array(W), S)
