"""Every estimator, fitted to what it takes."""

import pytest
from sklearn.base import clone

from tests.bad_input.arguments import ESTIMATORS, given


@pytest.fixture(scope="session")
def fitted():
    return {
        name: clone(estimator).fit(**given(data, names))
        for name, (estimator, data, names) in ESTIMATORS.items()
    }
