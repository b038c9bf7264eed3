"""check_em_monotone accepts EM, and rejects what lowers its objective or hides that it does."""

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture

from w2s_stats.datasets import load_tone
from w2s_stats.exceptions import LikelihoodFellError
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.testing import check_em_monotone
from w2s_stats.testing.strategies import latent_concept_problems

X, y = load_tone(return_X_y=True)


def mean_log_likelihood(model):
    return model.log_prob(X, y).mean()


def test_accepts_mixtures_of_experts():
    check_em_monotone(MixtureOfExpertsRegressor(2), X, y, objective=mean_log_likelihood)
    short = {"max_iter": 30}
    check_em_monotone(MixtureOfExpertsRegressor(3, gate="softmax", **short), X, y, n_seeds=1)
    weight = np.arange(len(y)) % 3
    check_em_monotone(MixtureOfExpertsRegressor(2, **short), X, y, sample_weight=weight)
    classes = (y > 2).astype(int)
    check_em_monotone(MixtureOfExpertsClassifier(2, **short), X, classes, n_seeds=1)


@settings(max_examples=10)
@given(latent_concept_problems(expert="gaussian"))
def test_accepts_them_on_drawn_problems(data):
    source = data.sample_domain > 0
    mixture = MixtureOfExpertsRegressor(data.coef.shape[0], max_iter=30)
    check_em_monotone(mixture, data.X[source], data.y[source], n_seeds=1)


def test_accepts_estimators_of_others():
    sample = np.column_stack([X[:, 0], y])
    mixture = GaussianMixture(2, reg_covar=1e-12, tol=0.0)
    check_em_monotone(mixture, sample, objective=lambda model: model.score(sample), n_seeds=1)


class TwoMeans(BaseEstimator):
    """EM for two Gaussians of variance one and equal weights, and ways to get it wrong."""

    def __init__(self, max_iter=20, random_state=None, fault=None):
        self.max_iter = max_iter
        self.random_state = random_state
        self.fault = fault

    def fit(self, X, y=None):
        rng = np.random.default_rng(self.random_state)
        self.means_ = rng.choice(X[:, 0], size=2, replace=False)
        history = [self.score(X)]
        for step in range(self.max_iter):
            log_prob = -0.5 * (X - self.means_) ** 2
            resp = np.exp(log_prob - np.logaddexp.reduce(log_prob, axis=1, keepdims=True))
            means = (resp * X).sum(axis=0) / resp.sum(axis=0)
            if self.fault is None:
                self.means_ = means
            elif step % 5 == 3:  # for a while all seems well
                self.means_ = means + 0.5
            else:
                self.means_ = means
            history.append(self.score(X))
        self.lower_bounds_ = np.array(history)
        self.lower_bound_ = history[-1]
        if self.fault == "hides its fall":
            self.lower_bounds_ = np.maximum.accumulate(self.lower_bounds_)
            self.lower_bound_ = self.lower_bounds_[-1]
        elif self.fault == "ends elsewhere":
            self.lower_bounds_ = np.sort(self.lower_bounds_)
            self.lower_bound_ = self.lower_bounds_[0]
        elif self.fault == "not a number":
            self.lower_bounds_[2] = np.nan
        elif self.fault == "no history":
            del self.lower_bounds_
        return self

    def score(self, X, y=None):
        log_prob = -0.5 * (X - self.means_) ** 2 - 0.5 * np.log(2 * np.pi)
        return float(np.logaddexp.reduce(log_prob - np.log(2), axis=1).mean())


SAMPLE = np.random.default_rng(0).normal([[-2.0, 2.0]], size=(50, 2)).reshape(-1, 1)


def score(model):
    return model.score(SAMPLE)


def test_accepts_right_steps():
    check_em_monotone(TwoMeans(), SAMPLE)
    check_em_monotone(TwoMeans(), SAMPLE, objective=score)


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        ("falls", r"EM never lowers the objective: seed = 0, step = \d+, before = -[\d.]+, after"),
        ("not a number", "lower_bounds_ is finite"),
        ("ends elsewhere", "lower_bound_ is the last of lower_bounds_"),
    ],
)
def test_rejects_by_the_history(fault, law):
    with pytest.raises(AssertionError, match=law) as caught:
        check_em_monotone(TwoMeans(fault=fault), SAMPLE)
    assert "\n" not in str(caught.value)


def test_rejects_by_the_objective_what_the_history_hides():
    liar = TwoMeans(fault="hides its fall")
    check_em_monotone(liar, SAMPLE)
    law = r"the objective after more passes of EM is not lower: seed = 0, passes = \(\d+, \d+\)"
    for fault in ("hides its fall", "no history"):
        with pytest.raises(AssertionError, match=law):
            check_em_monotone(TwoMeans(fault=fault), SAMPLE, objective=score)


def test_a_fall_that_the_estimator_sees_itself():
    class Raises(TwoMeans):
        def fit(self, X, y=None):
            raise LikelihoodFellError(-1.5, -2.0, 7)

    with pytest.raises(AssertionError, match=r"before = -1\.5, after = -2, n_iter = 7\."):
        check_em_monotone(Raises(), SAMPLE)


def test_what_cannot_be_checked():
    with pytest.raises(ValueError, match="n_seeds must be at least 1, found 0"):
        check_em_monotone(TwoMeans(), SAMPLE, n_seeds=0)
    with pytest.raises(TypeError, match="TwoMeans must have lower_bounds_ after fit"):
        check_em_monotone(TwoMeans(fault="no history"), SAMPLE)

    class NoLimit(TwoMeans):
        def __init__(self, random_state=None):
            super().__init__(random_state=random_state)

    with pytest.raises(TypeError, match="NoLimit must have a parameter max_iter"):
        check_em_monotone(NoLimit(), SAMPLE, objective=score)


def test_a_class_is_no_estimator():
    message = r"^estimator must be an instance, as TwoMeans\(\); found the class TwoMeans\.$"
    with pytest.raises(TypeError, match=message):
        check_em_monotone(TwoMeans, SAMPLE)


def test_the_estimator_given_stays_as_it_was():
    estimator = TwoMeans(random_state=5)
    check_em_monotone(estimator, SAMPLE)
    assert not hasattr(estimator, "means_") and estimator.random_state == 5
