"""Data on which Algorithm 1 finds the truth."""

from __future__ import annotations

import pytest

from tests.transfer.deconvolution.models import classifier, fit, regressor
from w2s_stats.datasets import make_latent_concept_shift


@pytest.fixture(scope="session")
def data():
    return make_latent_concept_shift(400, 400, n_features=2, n_experts=2, random_state=2)


@pytest.fixture(scope="session")
def classes():
    return make_latent_concept_shift(
        1000, 1000, n_features=2, n_experts=2, expert="multinomial", random_state=1
    )


@pytest.fixture(scope="session")
def fitted(data):
    return fit(regressor(2), data)


@pytest.fixture(scope="session")
def fitted_classes(classes):
    return fit(classifier(), classes)
