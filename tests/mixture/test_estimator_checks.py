"""scikit-learn's own checks, in several settings; none of them is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

QUICK = {"n_init": 1, "max_iter": 30}
# The checks bring up to 30 features: a Gaussian gate, with its 496 of degree two, is left out here.
ALL_CHECKS = [
    MixtureOfExpertsRegressor(n_init=1),
    MixtureOfExpertsClassifier(**QUICK),
]
OTHER_SETTINGS = [
    MixtureOfExpertsRegressor(3, gate="softmax", gate_penalty=0.1, **QUICK),
    MixtureOfExpertsRegressor(1, gate="gaussian-joint", **QUICK),
    MixtureOfExpertsRegressor(init="kmeans", fit_intercept=False, n_init=1, n_jobs=2),
    MixtureOfExpertsClassifier(gate="softmax", gate_penalty=0.1, **QUICK),
]
# Another gate or start fits, keeps and predicts by other code. Input, tags and parameters are
# checked before any of it, by the same code in every setting.
OF_THE_FIT = {
    "check_dict_unchanged",
    "check_estimators_dtypes",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_non_transformer_estimators_n_iter",
    "check_readonly_memmap_input",
    "check_regressor_multioutput",
    "check_sample_weight_equivalence_on_dense_data",
}


def name_of(check):
    """Of a check with its arguments, of which there may be several."""
    return check.func.__name__


FEWER = [
    pytest.param(own, check, id=f"{own}-{name_of(check)}{check.keywords or ''}")
    for estimator in OTHER_SETTINGS
    for own, check in estimator_checks_generator(estimator)
    if name_of(check) in OF_THE_FIT
]


@parametrize_with_checks(ALL_CHECKS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("estimator", "check"), FEWER)
def test_checks_of_the_fit(estimator, check):
    check(estimator)


def test_scikit_learn_has_all_checks_of_the_fit():
    assert {name_of(parameters.values[1]) for parameters in FEWER} == OF_THE_FIT
