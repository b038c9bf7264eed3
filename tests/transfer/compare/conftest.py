"""A shift, and the comparison of all strategies under it."""

from __future__ import annotations

import pytest

from tests.transfer.compare.strategies import QUICK, compare
from w2s_stats.datasets import make_latent_concept_shift


@pytest.fixture(scope="session")
def data():
    return make_latent_concept_shift(300, 300, n_features=2, n_experts=2, random_state=0)


@pytest.fixture(scope="session")
def comparison(data):
    return compare(data, y_gold=data.y_gold, source_model=QUICK, cv=2)
