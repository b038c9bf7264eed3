"""The summary table says what was fitted, in statsmodels' look, and what it cannot say and why."""

import copy
import re

import numpy as np
import pytest
from scipy.stats import norm

from tests.mixture.models import FAMILIES, GATES, example
from w2s_stats.datasets import load_tone
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

TONE = """\
                                    Mixture of Experts
=========================================================================================
Model:            MixtureOfExpertsRegressor   Log-Likelihood:                    141.1984
Experts:                         2 gaussian   AIC:                              -268.3968
Gate:                              constant   BIC:                              -247.3224
No. Observations:                       150   Passes over Data:                         #
No. Parameters:                           7   Starts:                                  10
Covariance Type:                  nonrobust     at the best:                           10
Converged:                             True     degenerate:                             0
=========================================================================================
gate (against expert 0)       coef    std err          z      P>|z|     [0.025     0.975]
-----------------------------------------------------------------------------------------
gate[1].intercept          -0.8365      0.230     -3.641      0.000     -1.287     -0.386
=========================================================================================
expert 0, weight 0.698        coef    std err          z      P>|z|     [0.025     0.975]
-----------------------------------------------------------------------------------------
y0.intercept                1.9164      0.023     84.483      0.000      1.872      1.961
y0.x0                       0.0425      0.010      4.160      0.000      0.023      0.063
y0.scale                    0.0462      0.004                            0.039      0.054
=========================================================================================
expert 1, weight 0.302        coef    std err          z      P>|z|     [0.025     0.975]
-----------------------------------------------------------------------------------------
y0.intercept               -0.0193      0.102     -0.189      0.850     -0.220      0.181
y0.x0                       0.9923      0.044     22.497      0.000      0.906      1.079
y0.scale                    0.1328      0.016                            0.102      0.164
=========================================================================================

Notes:
[1] Standard errors come from the inverse observed information.
[2] Experts stand by falling mean gate probability (weight); the gate's coefficients are
    log-odds against expert 0."""


@pytest.fixture(scope="module")
def tone():
    X, y = load_tone(return_X_y=True)
    return MixtureOfExpertsRegressor(random_state=0).fit(X, y)


def rows_of(summary, table):
    """Rows of a summary's table as lists of texts."""
    return [[str(cell).strip() for cell in row] for row in summary.tables[table]]


def test_text(tone):
    text = str(tone.summary())
    passes = re.search(r"Passes over Data: +(\d+)", text)
    assert passes[1] == str(tone.n_iter_)
    text = text.replace(passes[0], passes[0][: -len(passes[1])] + "#".rjust(len(passes[1])))
    assert [line.rstrip() for line in text.splitlines()] == TONE.splitlines()


def test_other_formats(tone):
    summary = tone.summary()
    html = summary.as_html()
    assert html.count("<table") == 4
    assert "141.1984" in html
    assert "y0.scale" in summary.as_csv()
    assert r"\begin{tabular}" in summary.as_latex()
    assert summary._repr_html_() == html


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("family", FAMILIES)
def test_numbers(family, gate):
    model, truth = example((family,), gate)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 2))
    y = model.labels(model.draw(truth, X, rng))
    mixture = model.estimator(n_init=1, gate_penalty=0.1).fit(X, y)
    params = mixture.params_
    np.testing.assert_allclose(model.log_prob(params, X, y[:, None] * 1.0), mixture.log_prob(X, y))
    for cov_type, covariance in (
        ("nonrobust", mixture.covariance_),
        ("robust", mixture.covariance_robust_),
    ):
        summary = mixture.summary(cov_type=cov_type, confidence_level=0.9)
        rows = [row for i in range(1, 4) for row in rows_of(summary, i)[1:]]
        assert len(rows) == len(params)
        error = np.sqrt(np.diag(covariance))
        interval = mixture.conf_int(0.9, cov_type=cov_type)
        half = norm.ppf(0.95) * error
        np.testing.assert_allclose(interval, np.column_stack([params - half, params + half]))
        for i, (name, *cells) in enumerate(rows):
            assert mixture.param_names_[i].endswith(name)
            shown = [float(cell) if cell else np.nan for cell in cells]
            z = params[i] / error[i]
            expected = [params[i], error[i], z, 2 * norm.sf(abs(z)), *interval[i]]
            if name.endswith("scale"):
                expected[2:4] = [np.nan, np.nan]
            np.testing.assert_allclose(shown, expected, rtol=5e-3, atol=6e-4)
        assert rows_of(summary, 1)[0][-2:] == ["[0.05", "0.95]"]


def test_log_likelihood_and_criteria_are_those_of_the_data():
    X, y = load_tone(return_X_y=True)
    mixture = MixtureOfExpertsRegressor(gate="softmax", random_state=0).fit(X, y)
    facts = {}
    for left, value, right, other in rows_of(mixture.summary(), 0):
        facts |= {left: value, right: other}
    assert float(facts["Log-Likelihood:"]) == pytest.approx(mixture.log_likelihood(X, y), abs=1e-4)
    assert float(facts["AIC:"]) == pytest.approx(mixture.aic(X, y), abs=1e-4)
    assert float(facts["BIC:"]) == pytest.approx(mixture.bic(X, y), abs=1e-4)
    assert facts["No. Parameters:"] == str(mixture.n_parameters_) == "8"


def test_weights():
    X, y = load_tone(return_X_y=True)
    weight = np.random.default_rng(0).uniform(size=150)
    mixture = MixtureOfExpertsRegressor(random_state=0).fit(X, y, sample_weight=weight)
    text = str(mixture.summary())
    assert f"{weight.sum():.3f}" in re.search("Sum of weights: +([0-9.]+)", text)[1]
    assert "for sampling weights" in text
    assert "for sampling weights" not in str(mixture.summary(cov_type="robust"))


def test_names_of_features_and_several_outputs():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(200, 2)), columns=["dose", "scale"])
    first = rng.random(200) < 0.6
    Y = np.column_stack(
        [np.where(first, 2, -2) * frame["dose"] + 0.3 * rng.normal(size=200), rng.poisson(3, 200)]
    )
    mixture = MixtureOfExpertsRegressor(expert=["gaussian", "poisson"], random_state=0)
    mixture.fit(frame, Y)
    summary = mixture.summary()
    names = [row[0] for row in rows_of(summary, 2)[1:]]
    gaussian = ["y0.intercept", "y0.dose", "y0.scale", "y0.scale"]
    assert names == [*gaussian, "y1.intercept", "y1.dose", "y1.scale"]
    # A feature called scale is tested like any other; a standard deviation is not.
    z = [row[3] for row in rows_of(summary, 2)[1:]]
    assert [cell == "" for cell in z] == [False, False, False, True, False, False, False]
    assert "gaussian, poisson" in str(summary)


def test_one_expert_has_no_gate():
    X, y = load_tone(return_X_y=True)
    summary = MixtureOfExpertsRegressor(1, gate="softmax", random_state=0).fit(X, y).summary()
    assert len(summary.tables) == 2
    assert "expert 0, weight 1.000" in str(summary)
    assert "against" not in str(summary)


def notes_of(mixture):
    return str(mixture.summary()).split("Notes:")[1].replace("\n    ", " ")


def test_a_run_that_stopped_early_says_so():
    X, y = load_tone(return_X_y=True)
    with pytest.warns(UserWarning, match="converged"):
        mixture = MixtureOfExpertsRegressor(init="kmeans", max_iter=3, random_state=0).fit(X, y)
    assert "stopped at max_iter, after 3 passes, before it converged" in notes_of(mixture)
    assert re.search("Converged: +False", str(mixture.summary()))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_reasons_for_missing_standard_errors():
    X, y = load_tone(return_X_y=True)
    twice = MixtureOfExpertsRegressor(random_state=0).fit(np.column_stack([X, 2 * X]), y)
    assert "Constant or collinear columns of X" in notes_of(twice)
    assert "nan" in str(twice.summary())
    exact = MixtureOfExpertsRegressor(1, random_state=0).fit(X, 2 * X[:, 0])
    assert "Expert 0 is degenerate" in notes_of(exact)
    assert "nan" in str(exact.summary())
    same = np.repeat([[0.0], [1.0]], 50, axis=0)
    label = np.tile([0, 1, 1, 1, 0, 1, 0, 0, 1, 0], 10)
    flat = MixtureOfExpertsClassifier(2, n_init=2, random_state=0).fit(same, label)
    assert "No standard errors: the observed information is" in notes_of(flat)
    joint = MixtureOfExpertsRegressor(gate="gaussian-joint", random_state=0).fit(X, y)
    assert "information of the likelihood of (x, y)" in notes_of(joint)
    assert "nan" not in str(joint.summary())
    assert "Log-Lik. of (x, y):" in str(joint.summary())


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_too_many_parameters_for_a_matrix():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 1)), rng.normal(size=(60, 510))
    mixture = MixtureOfExpertsRegressor(1, n_init=1, max_iter=5, random_state=0).fit(X, Y)
    assert mixture.covariance_ is None
    assert np.isnan(mixture.conf_int()).all()
    assert "left out for as many as 1530 parameters" in notes_of(mixture)


def test_penalty():
    X, y = load_tone(return_X_y=True)
    mixture = MixtureOfExpertsRegressor(gate="softmax", gate_penalty=1.0, random_state=0).fit(X, y)
    assert f"{mixture.log_likelihood(X, y):.4f}" in str(mixture.summary())
    assert "penalty on the gate's slopes" in notes_of(mixture)
    assert mixture.lower_bound_ * 150 < mixture.log_likelihood(X, y)


def test_starts_that_disagree(tone):
    other = copy.copy(tone)
    other.start_lower_bounds_ = np.full(10, tone.lower_bound_ - 0.1)
    other.start_lower_bounds_[4] = tone.lower_bound_
    assert "Only one of 10 starts reached" in notes_of(other)
    assert "Only one" not in notes_of(tone)
