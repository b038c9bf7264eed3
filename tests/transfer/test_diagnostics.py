"""Every finding of theory 6.8 is raised where it should be, and nowhere else."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.utils import Bunch

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionClassifier,
    ConceptDeconvolutionRegressor,
    LabelRefinementRegressor,
    OracleRegressor,
    SourceOnlyRegressor,
    WeakTrainingClassifier,
    WeakTrainingRegressor,
)

NAN = np.nan


def fit(model, data, **changed):
    given = {"y_weak": data.y_weak, "sample_domain": data.sample_domain} | changed
    X, y = given.pop("X", data.X), given.pop("y", data.y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, **given)


def deconvolution(n_experts=2, n_init=5, **kwargs):
    source_model = MixtureOfExpertsRegressor(n_experts, n_init=n_init, **kwargs)
    return ConceptDeconvolutionRegressor(source_model, random_state=0)


def plain(X, y):
    """A sample without a target."""
    return Bunch(X=X, y=y, y_weak=None, sample_domain=None)


def finding(model, name):
    return next(d for d in model.diagnostics_ if d.name == name)


@pytest.fixture(scope="module")
def data():
    return make_latent_concept_shift(1000, 1000, n_features=2, n_experts=2, random_state=2)


@pytest.fixture(scope="module")
def fitted(data):
    return fit(deconvolution(), data)


def test_a_good_fit_has_nothing_against_it(fitted):
    assert [d.name for d in fitted.diagnostics_ if d.ok is False] == []
    names = [d.name for d in fitted.diagnostics_]
    assert len(set(names)) == len(names)
    assert {"source rows", "weak labels", "matching", "source: starts", "target: starts"} <= {
        *names
    }


def test_every_strategy_has_findings_in_whole_sentences(data, fitted):
    strategies = [
        fitted,
        fit(LabelRefinementRegressor(random_state=0), data),
        fit(WeakTrainingRegressor(), data),
        fit(SourceOnlyRegressor(), data),
        fit(OracleRegressor(), data, y=data.y_gold),
        deconvolution(1).fit(data.X, data.y_gold),
    ]
    for model in strategies:
        assert len(model.diagnostics_) > 0
        for d in model.diagnostics_:
            assert d.ok in (True, False, None)
            assert isinstance(d.value, int | float)
            assert d.sentence[0].isupper() or d.sentence[0].isdigit()
            assert d.sentence[-1] in ".)"


# --- sizes, coverage, bias ------------------------------------------------------------------------


def test_sizes_and_coverage_are_counted(data):
    weak = data.y_weak.copy()
    weak[-250:] = NAN
    model = fit(deconvolution(), data, y_weak=weak)
    assert finding(model, "source rows").value == 1000
    assert finding(model, "target rows").value == 750
    assert finding(model, "weak labels").value == 0.75
    assert finding(model, "weak labels").ok is None


def test_bias_of_weak_labels_is_seen_and_its_absence_too():
    biased = make_latent_concept_shift(500, 500, weak_shift=0.5, random_state=0)
    fair = make_latent_concept_shift(500, 500, weak_shift=0.0, random_state=0)
    assert finding(fit(WeakTrainingRegressor(), biased), "weak bias").ok is False
    assert finding(fit(WeakTrainingRegressor(), fair), "weak bias").ok is True
    hard = make_latent_concept_shift(
        2000, 500, expert="bernoulli", n_experts=2, weak_shift=3.0, random_state=0
    )
    assert finding(fit(WeakTrainingClassifier(), hard), "weak bias").ok is False


def test_the_bias_test_has_its_level():
    """No bias: p-values below 0.05 in about one of twenty samples."""
    p = [
        finding(
            fit(
                WeakTrainingRegressor(),
                make_latent_concept_shift(
                    200, 20, n_experts=1, n_features=2, weak_shift=0.0, random_state=seed
                ),
            ),
            "weak bias",
        ).value
        for seed in range(200)
    ]
    assert 2 <= np.sum(np.array(p) < 0.05) <= 22


# --- the mixtures ---------------------------------------------------------------------------------


def test_more_experts_than_concepts_are_near_duplicates(data):
    model = fit(deconvolution(4, n_init=3), data)
    assert min(finding(model, f"{d}: distinct experts").value for d in ("source", "target")) < 0.5
    assert any(d.ok is False for d in model.diagnostics_)


def test_distance_between_experts_is_total_variation():
    """Two regressions at distance delta / sigma: TV = 2 Phi(delta / 2 sigma) - 1."""
    random = np.random.default_rng(0)
    n = 20_000
    X = random.normal(size=(n, 1))
    concept = random.random(n) < 0.4
    y = X[:, 0] + 3.0 * concept + random.normal(size=n)
    model = fit(deconvolution(2), plain(X, y))
    assert finding(model, "source: distinct experts").value == pytest.approx(0.866, abs=0.03)


def test_means_that_depend_on_each_other_are_noted():
    """x and -x: Gaussian densities still tell them apart, so nothing is decided."""
    random = np.random.default_rng(0)
    X = random.normal(size=(2000, 1))
    sign = np.where(random.random(2000) < 0.6, 1.0, -1.0)
    y = 3 * sign * X[:, 0] + 0.3 * random.normal(size=2000)
    model = fit(deconvolution(2, fit_intercept=False), plain(X, y))
    found = finding(model, "source: expert functions")
    assert found.ok is None and found.value < found.threshold


def test_convergence_and_starts(data):
    model = fit(deconvolution(max_iter=2, n_init=1), data)
    assert finding(model, "source: convergence").ok is False
    assert "raise max_iter" in finding(model, "source: convergence").sentence
    assert finding(model, "source: starts").ok in (True, None)


def test_a_constant_column_leaves_parameters_open(data):
    X = np.column_stack([data.X, np.ones(2000)])
    found = finding(fit(deconvolution(), data, X=X), "source: information")
    assert found.ok is False and 0 < found.value < 1
    assert "do not determine" in found.sentence


def test_few_rows_for_a_concept():
    data = make_latent_concept_shift(
        250, 250, n_experts=2, source_prior=[0.92, 0.08], random_state=0
    )
    found = finding(fit(deconvolution(), data), "source: rows per coefficient")
    assert found.ok is False and found.value < 5


def test_a_gate_that_hardly_depends_on_x():
    flat = make_latent_concept_shift(3000, 300, n_experts=2, n_features=2, random_state=0)
    found = finding(fit(deconvolution(gate="softmax"), flat), "source: gate functions")
    assert found.ok is None and "rests on the matching" in found.sentence
    steep = make_latent_concept_shift(
        1000, 300, n_experts=2, n_features=2, gate="softmax", gate_scale=3.0, random_state=0
    )
    assert finding(fit(deconvolution(gate="softmax"), steep), "source: gate functions").ok is True


@pytest.mark.parametrize(("n_distinct", "ok"), [(4, False), (5, True), (9, True)])
def test_binary_labels_need_five_distinct_x(n_distinct, ok):
    """K = 2, one covariate, one binary label, constant gate (theory 6.8)."""
    random = np.random.default_rng(0)
    x = random.integers(n_distinct, size=3000).astype(float)
    logit = np.where(random.random(3000) < 0.6, 2 * x - 4, 4 - 2 * x)
    y = (random.random(3000) < 1 / (1 + np.exp(-logit))).astype(int)
    model = ConceptDeconvolutionClassifier(MixtureOfExpertsClassifier(2, n_init=1), random_state=0)
    found = finding(fit(model, plain(x[:, None], y)), "source: distinct x")
    assert (found.threshold, found.value, found.ok) == (5, n_distinct, ok)


def test_a_pair_of_binary_labels_at_one_x():
    """Three frequencies for five parameters: (y, y') at a single x does not identify."""
    random = np.random.default_rng(0)
    y, weak = random.integers(2, size=(2, 400))
    y[200:] = -1
    model = ConceptDeconvolutionClassifier(
        MixtureOfExpertsClassifier(2, fit_intercept=False, n_init=1), random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.ones((400, 1)), y, y_weak=weak)
    found = finding(model, "source: distinct x")
    assert (found.value, found.threshold, found.ok) == (1, 2, False)


def test_a_target_without_one_of_the_concepts():
    """Two experts of the target for one concept: they are near each other, and unsure."""
    data = make_latent_concept_shift(
        1000, 1000, n_features=2, n_experts=2, target_prior=[1.0, 0.0], random_state=0
    )
    model = fit(deconvolution(), data)
    assert any(d.ok is False for d in model.diagnostics_ if d.name.startswith(("target", "match")))
