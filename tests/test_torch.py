"""Torch tensors in the CPU's memory are accepted wherever arrays are."""

import numpy as np
import pytest

from w2s_stats.bounds import CalibrationShift, GoldLabelPlan, KLSandwich, MisfitGain, OutputKLGain
from w2s_stats.calibration import correct_weak_labels, expected_calibration_error
from w2s_stats.divergences import KL
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.selection import agreement_report, performance_gap_recovered, rank_weak_models

pytestmark = pytest.mark.torch

torch = pytest.importorskip("torch", reason="torch is not installed (it is not in the test extra)")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_fit_on_tensors_equals_the_fit_on_their_arrays(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)).astype(dtype)
    slope = np.where(rng.random(300) < 0.4, 3.0, -2.0)
    y = (slope * X[:, 0] + 0.2 * rng.normal(size=300)).astype(dtype)
    model = MixtureOfExpertsRegressor(n_experts=2, n_init=3, random_state=0)

    from_arrays = model.fit(X, y).predict(X)
    coef = model.coef_
    from_tensors = model.fit(torch.from_numpy(X), torch.from_numpy(y)).predict(torch.from_numpy(X))

    np.testing.assert_array_equal(model.coef_, coef)
    np.testing.assert_array_equal(np.asarray(from_tensors), from_arrays)


def test_a_tensor_in_a_graph_is_read_for_its_numbers():
    X = torch.linspace(0.0, 1.0, 20, dtype=torch.float64)[:, None]
    y = torch.sin(9.0 * X[:, 0])
    weight = torch.linspace(0.5, 1.5, 20, dtype=torch.float64)
    expected = MixtureOfExpertsRegressor(1).fit(X.numpy(), y.numpy(), weight.numpy())
    given = [a.clone().requires_grad_() for a in (X, y, weight)]
    model = MixtureOfExpertsRegressor(1).fit(*given)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.predict(given[0]), expected.predict(X.numpy()))
    assert model.score(*given) == expected.score(X.numpy(), y.numpy(), weight.numpy())
    assert model.icl(*given) == expected.icl(X.numpy(), y.numpy(), weight.numpy())


def test_classes_and_narrow_floats():
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(200, 2)), 1).astype(np.float16)
    y = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
    expected = MixtureOfExpertsClassifier(1).fit(X.astype(np.float64), y)
    there = torch.from_numpy(X), torch.from_numpy(y)
    model = MixtureOfExpertsClassifier(1).fit(*there)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6)
    assert model.score(*there) == expected.score(X, y)
    MixtureOfExpertsClassifier(1).fit(there[0].to(torch.bfloat16), there[1])


def test_tensors_that_cannot_be_read_are_named():
    X, y = torch.ones((20, 1)), torch.zeros(20)
    fit = MixtureOfExpertsRegressor(1).fit
    with pytest.raises(TypeError, match=r"^X must be a dense tensor; found torch.sparse_coo"):
        fit(X.to_sparse(), y)
    with pytest.raises(TypeError, match=r"^y must be on the CPU or on a CUDA device; found .*meta"):
        fit(X, y.to("meta"))
    with pytest.raises(TypeError, match=r"^sample_weight must be on the CPU .*; found .*meta"):
        fit(X, y, y.to("meta"))
    with pytest.raises(TypeError, match=r"^y must be on the CPU .*; found .*meta"):
        MixtureOfExpertsClassifier(1).fit(X, y.to("meta"))


PREDICTIONS = {
    "KLSandwich": lambda w, s, y: KLSandwich(random_state=0).fit(w, s, y).table_,
    "MisfitGain": lambda w, s, y: MisfitGain(random_state=0).fit(w, s, y).table_,
    "GoldLabelPlan": lambda w, s, y: GoldLabelPlan(n_labels=9).fit(w, s, y).estimate_,
    "CalibrationShift": lambda w, s, y: CalibrationShift().fit(w, s, y).table_,
    "OutputKLGain": lambda w, s, y: OutputKLGain().fit(w[:, 0], s[:, 0], w[:, 1]).table_,
    "gap recovered": lambda w, s, y: performance_gap_recovered(w, s, w, y).student,
    "agreement": lambda w, s, y: agreement_report(w, s, y).weak_accuracy,
    "ranking": lambda w, s, y: rank_weak_models([w, s], [s, w], y).score,
    "calibration": lambda w, s, y: expected_calibration_error(y, s),
    "corrected": lambda w, s, y: correct_weak_labels(w, y_true=y, independent_errors=True).rows[7],
    "divergence": lambda w, s, y: KL().pointwise(w, s)[3],
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_with_a_graph_or_of_bfloat16_are_their_numbers(name, dtype):
    # Sixteenths, which bfloat16 has.
    rng = np.random.default_rng(0)
    weak, student = (
        torch.from_numpy(np.column_stack([p, 16 - p]) / 16.0).to(dtype).requires_grad_()
        for p in rng.integers(1, 16, size=(2, 60))
    )
    y = torch.from_numpy(rng.integers(2, size=60).astype(float)).to(dtype).requires_grad_()
    found = PREDICTIONS[name](weak, student, y)
    narrow = np.float64 if dtype is torch.float64 else np.float32
    expected = PREDICTIONS[name](
        *(a.detach().double().numpy().astype(narrow) for a in (weak, student, y))
    )
    np.testing.assert_equal(found, expected)


def test_sparse_tensors_are_refused_in_one_sentence():
    weak = torch.eye(2).to_sparse()
    with pytest.raises(TypeError, match=r"y_weak must be a dense tensor; found .*: take to_dense"):
        KLSandwich().fit(weak, torch.eye(2))
