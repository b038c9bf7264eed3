"""scikit-learn's own checks, in several settings; none of them is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

QUICK = {"n_init": 1, "max_iter": 30}
# The checks bring up to 30 features: a Gaussian gate, with its 496 of degree two, is left out here.
ESTIMATORS = [
    MixtureOfExpertsRegressor(n_init=1),
    MixtureOfExpertsRegressor(3, gate="softmax", gate_penalty=0.1, **QUICK),
    MixtureOfExpertsRegressor(1, gate="gaussian-joint", **QUICK),
    MixtureOfExpertsRegressor(init="kmeans", fit_intercept=False, n_init=1, n_jobs=2),
    MixtureOfExpertsClassifier(**QUICK),
    MixtureOfExpertsClassifier(gate="softmax", gate_penalty=0.1, **QUICK),
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
