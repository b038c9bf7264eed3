"""R's answers: default settings reach flexmix's optimum, and mixtools' fits come out the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.oracles.cases import load
from w2s_stats.datasets import load_tone
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

ORACLES = Path(__file__).parents[1] / "oracles"
RECORD = json.loads((ORACLES / "flexmix_fits.json").read_text(encoding="utf-8"))


def data_of(fit, request):
    """Simulated data, the embedded tone data, or classical data where its folder is found."""
    if fit["file"] is None:
        return load(fit)
    if fit["file"] == "tonedata.csv":
        return load_tone(return_X_y=True)
    return load(fit, request.getfixturevalue("shared_data") / "mixture_regression")


def default_fit(fit, X, y):
    kind = MixtureOfExpertsRegressor
    if fit["expert"] == "bernoulli":
        kind = MixtureOfExpertsClassifier
    estimator = kind(fit["n_experts"], expert=fit["expert"], gate=fit["gate"], random_state=0)
    return estimator.fit(X, y)


def assert_same_experts(model, fit, X):
    """Coefficients and standard errors, expert by expert and in the same order."""
    coef, se = np.array(fit["coef"]), np.array(fit["coef_se"])
    row = 1 if fit["expert"] == "bernoulli" else 0
    own = np.column_stack([model.intercept_[:, row], model.coef_[:, row]])
    np.testing.assert_allclose(own, coef, atol=1e-3 * se.max(), rtol=1e-3)
    np.testing.assert_allclose(model.weights_, fit["prior"], atol=1e-4)
    error = np.sqrt(np.diag(model.covariance_))
    names = model.param_names_
    term = len(coef[0]) - 1
    for k in range(fit["n_experts"]):
        mine = [i for i, n in enumerate(names) if n.startswith(f"expert[{k}]")]
        np.testing.assert_allclose(error[mine[: term + 1]], se[k], rtol=2e-3)
        if fit["expert"] == "gaussian":
            log_scale_error = error[mine[-1]] / model.scale_[k, 0]
            assert log_scale_error == pytest.approx(fit["log_sigma_se"][k], rel=2e-3)
    gate = [i for i, n in enumerate(names) if n.startswith("gate")]
    np.testing.assert_allclose(error[gate], np.ravel(np.array(fit["gate_coef_se"])[1:]), rtol=5e-3)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fit", RECORD["fits"], ids=lambda fit: fit["name"])
def test_flexmix_optimum(fit, request):
    X, y = data_of(fit, request)
    model = default_fit(fit, X, y)
    assert model.log_likelihood(X, y) / len(y) >= fit["loglik"] / len(y) - 1e-6
    assert model.converged_
    assert model.degenerate_experts_.size == 0
    if abs(model.log_likelihood(X, y) - fit["loglik"]) < 1e-4:
        assert_same_experts(model, fit, X)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fit", RECORD["no_finite_maximum"], ids=lambda fit: fit["name"])
def test_where_the_maximum_lies_at_infinity(fit, request):
    # R stopped somewhere on the way; a fit that is taken as far is as good.
    X, y = data_of(fit, request)
    model = default_fit(fit, X, y)
    assert model.log_likelihood(X, y) / len(y) >= fit["loglik"] / len(y) - 1e-4


def reference_fit(shared_data, name):
    path = shared_data / "mixture_regression" / "reference_fits.json"
    return next(fit for fit in json.loads(path.read_text()) if fit["data"] == name)


def assert_reference(model, X, y, *, loglik, prior, coef, sigma):
    assert model.log_likelihood(X, y) == pytest.approx(loglik, abs=1e-5)
    np.testing.assert_allclose(model.weights_, prior, atol=1e-4)
    np.testing.assert_allclose(
        np.column_stack([model.intercept_, model.coef_[:, 0]]), coef, atol=1e-4
    )
    if sigma is not None:
        np.testing.assert_allclose(model.scale_[:, 0], sigma, atol=1e-5)


def test_mixtools_tone():
    X, y = load_tone(return_X_y=True)
    model = MixtureOfExpertsRegressor(random_state=0).fit(X, y)
    assert_reference(
        model,
        X,
        y,
        loglik=141.198402,
        prior=[0.69772, 0.30228],
        coef=[[1.91638, 0.042549], [-0.019275, 0.992296]],
        sigma=[0.046192, 0.132834],
    )


@pytest.mark.parametrize(
    ("name", "case", "expert"),
    [
        ("tonedata", "tone", "gaussian"),
        ("CO2data", "co2", "gaussian"),
        ("NPreg", "npreg_poisson", "poisson"),
    ],
)
def test_reference_fits(name, case, expert, shared_data):
    fit = reference_fit(shared_data, name)
    entry = next(entry for entry in RECORD["fits"] if entry["name"] == case)
    X, y = load(entry, shared_data / "mixture_regression")
    model = MixtureOfExpertsRegressor(expert=expert, random_state=0).fit(X, y)
    numbers = {key: fit[key] for key in ("loglik", "prior", "coef", "sigma")}
    assert_reference(model, X, y, **numbers)


# All ten starts of the last collapse onto a few rows: the ten drawn after them do not.
HARD = [("gauss4_softmax", 1), ("poisson3_overlap", 1), ("gauss2_t3", 5)]


@pytest.mark.parametrize(("name", "seed"), HARD)
def test_hard_cases_with_other_seeds(name, seed):
    fit = next(fit for fit in RECORD["fits"] if fit["name"] == name)
    X, y = load(fit)
    model = MixtureOfExpertsRegressor(
        fit["n_experts"], expert=fit["expert"], gate=fit["gate"], random_state=seed
    ).fit(X, y)
    assert model.log_likelihood(X, y) / len(y) >= fit["loglik"] / len(y) - 1e-6
    assert model.degenerate_experts_.size == 0


@pytest.mark.parametrize("seed", [2, 4])
def test_a_narrow_maximum_behind_many_lesser_ones(seed):
    # flexmix reached it from 3 of 50 starts, and a lesser one, lower by 5.3, from 24.
    rng = np.random.default_rng(117)
    X = rng.normal(size=(400, 2))
    rng.normal(size=(400, 1))
    coef = rng.normal(size=(3, 3))
    gate = np.zeros((3, 3))
    gate[1:, 1:] = 1.2 * rng.normal(size=(2, 2))
    gate[1:, 0] = 0.3 * rng.normal(size=2)
    Z = np.column_stack([np.ones(400), X])
    k = np.argmax(Z @ gate.T + rng.gumbel(size=(400, 3)), axis=1)
    y = (Z * coef[k]).sum(axis=1) + 0.5 * rng.normal(size=400)
    model = MixtureOfExpertsRegressor(3, gate="softmax", random_state=seed)
    model.fit(np.round(X, 6), np.round(y, 6))
    assert model.lower_bound_ >= -382.575416 / 400 - 1e-6
