"""The model's own assumption, Y and Y' independent given x and concept, is looked at."""

import numpy as np
import pytest

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import ConceptDeconvolutionRegressor


def finding(data, y_weak):
    model = ConceptDeconvolutionRegressor(MixtureOfExpertsRegressor(2, n_init=2), random_state=0)
    model.fit(data.X, data.y, y_weak=y_weak, sample_domain=data.sample_domain)
    (found,) = (f for f in model.diagnostics_ if f.name == "source: independent labels")
    return found


@pytest.fixture(scope="module")
def data():
    return make_latent_concept_shift(800, 400, n_experts=2, random_state=1)


def test_independent_labels_pass(data):
    found = finding(data, data.y_weak)
    assert found.ok and abs(found.value) < 0.15


def test_a_weak_model_that_shares_the_strong_ones_errors_is_found(data):
    source = data.sample_domain >= 0
    rows, concept = np.flatnonzero(source), data.concept[source]
    means = np.einsum("nd,nd->n", data.X[rows], data.coef[concept, 0])
    error = data.y[rows] - means - data.intercept[concept, 0]
    y_weak = data.y_weak.copy()
    y_weak[rows] += 2.0 * error
    own = data.source_weak_scale[concept, 0].mean()
    expected = 2.0 * error.std() / np.hypot(2.0 * error.std(), own)
    found = finding(data, y_weak)
    assert found.ok is False
    assert found.value == pytest.approx(expected, abs=0.1)
