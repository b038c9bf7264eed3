"""Real data split by concept: what is measured stays measured, what is made follows its formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.exceptions import NotFittedError

from w2s_stats.datasets import load_tone, make_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor

FAMILIES = {
    "gaussian": lambda y, mean, scale: stats.norm(mean, scale).pdf(y),
    "poisson": lambda y, mean, scale: stats.poisson(mean).pmf(y),
}


class KnownMixture:
    """A fitted mixture with a constant gate and parameters given by hand."""

    def __init__(self, coef, intercept, scale, weights, expert="gaussian"):
        self.coef_ = np.asarray(coef, dtype=float)
        self.intercept_ = np.asarray(intercept, dtype=float)
        self.scale_ = np.asarray(scale, dtype=float)
        self.weights_ = np.asarray(weights, dtype=float)
        self.expert = expert

    @property
    def families(self):
        n_outputs = self.coef_.shape[1]
        return [self.expert] * n_outputs if isinstance(self.expert, str) else self.expert

    def means(self, X):
        predictor = np.tensordot(X, self.coef_, axes=(1, 2)) + self.intercept_
        logs = np.array([family == "poisson" for family in self.families])
        return np.where(logs, np.exp(np.where(logs, predictor, 0.0)), predictor)

    def gate_proba(self, X):
        return np.tile(self.weights_, (len(X), 1))

    def responsibilities(self, X, y):
        mean, y = self.means(X), np.reshape(y, (len(X), -1))
        joint = self.gate_proba(X)
        for o, family in enumerate(self.families):
            joint = joint * FAMILIES[family](y[:, [o]], mean[:, :, o], self.scale_[:, o])
        return joint / joint.sum(axis=1, keepdims=True)


def two_lines(n_samples, seed=0):
    """Rows from two crossing planes, with the mixture that made them."""
    mixture = KnownMixture(
        coef=[[[1.0, 0.5]], [[-1.0, 2.0]]],
        intercept=[[0.5], [-0.5]],
        scale=[[0.3], [0.6]],
        weights=[0.7, 0.3],
    )
    rng = np.random.default_rng(seed)
    X = rng.normal([1.0, -2.0], 1.0, (n_samples, 2))
    concept = (rng.random(n_samples) > 0.7).astype(int)
    rows = np.arange(n_samples)
    y = mixture.means(X)[rows, concept, 0] + mixture.scale_[concept, 0] * rng.normal(size=n_samples)
    return X, y, mixture


def test_measured_values_stay_and_only_the_target_is_hidden():
    X, y, mixture = two_lines(400)
    X_before, y_before = X.copy(), y.copy()
    data = make_concept_shift(X, y, mixture, random_state=0)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    np.testing.assert_array_equal(data.X, X)
    np.testing.assert_array_equal(data.y_gold, y)
    target = data.sample_domain < 0
    assert target.sum() == 200
    assert np.isnan(data.y[target]).all()
    np.testing.assert_array_equal(data.y[~target], y[~target])
    assert np.isfinite(data.y_weak).all()


@pytest.mark.parametrize("target_size", [0.3, 90])
@pytest.mark.parametrize("target_prior", [[0.2, 0.8], [1.0, 0.0], [0.55, 0.45]])
def test_target_frequencies_are_the_prior_up_to_rounding(target_prior, target_size):
    X, y, mixture = two_lines(300)
    data = make_concept_shift(
        X, y, mixture, target_prior=target_prior, target_size=target_size, random_state=1
    )
    target = data.sample_domain < 0
    assert target.sum() == 90
    counts = np.bincount(data.concept[target], minlength=2)
    assert abs(counts - 90 * np.array(target_prior)).max() < 1
    np.testing.assert_allclose(data.target_frequencies, counts / 90)
    np.testing.assert_allclose(data.target_prior, target_prior)
    kept = np.bincount(data.concept[~target], minlength=2) / 210
    np.testing.assert_allclose(data.source_frequencies, kept)
    np.testing.assert_allclose(data.source_prior, kept)


def test_default_prior_shifts_and_leaves_a_fifth_of_every_concept():
    X, y, mixture = two_lines(1000)
    data = make_concept_shift(X, y, mixture, random_state=0)
    pool = np.bincount(data.concept)
    kept = np.bincount(data.concept[data.sample_domain > 0])
    assert (kept >= 0.2 * pool - 1).all()
    assert data.target_frequencies[1] - data.source_frequencies[1] > 0.3


def test_concepts_are_drawn_from_the_responsibilities():
    X, y, mixture = two_lines(2000)
    resp = mixture.responsibilities(X, y)[:, 1]
    draws = np.array(
        [make_concept_shift(X, y, mixture, random_state=seed).concept for seed in range(60)]
    )
    spread = np.sqrt(60 * resp * (1 - resp))
    unsure = resp * (1 - resp) > 0.02
    score = (draws.sum(axis=0) - 60 * resp)[unsure] / spread[unsure]
    assert unsure.sum() > 30
    assert abs(score).max() < 5
    assert abs(score.mean()) < 4 / np.sqrt(unsure.sum())


def test_weak_experts_are_the_documented_transformation():
    X, y, mixture = two_lines(400)
    data = make_concept_shift(
        X, y, mixture, weak_shift=0.2, weak_shrink=0.6, weak_noise=2.0, random_state=0
    )
    np.testing.assert_allclose(data.source_weak_coef, [[[0.7, 0.35]], [[-0.4, 0.8]]])
    centre = X.mean(axis=0)
    first = 0.5 + 0.3 * (centre @ [1.0, 0.5]) + 0.2 * y.std()
    second = -0.5 + 0.6 * (centre @ [-1.0, 2.0]) + 0.2 * y.std()
    np.testing.assert_allclose(data.source_weak_intercept, [[first], [second]])
    np.testing.assert_allclose(data.source_weak_scale, [[0.6], [1.2]])
    for name in ("coef", "intercept", "scale"):
        np.testing.assert_array_equal(data[f"source_weak_{name}"], data[f"target_weak_{name}"])
        np.testing.assert_array_equal(data[name], getattr(mixture, f"{name}_"))


def test_weak_labels_follow_their_experts_and_ignore_the_strong_ones():
    X, y, mixture = two_lines(20_000)
    data = make_concept_shift(X, y, mixture, random_state=0)
    for k in range(2):
        rows = data.concept == k
        design = np.column_stack([X[rows], np.ones(rows.sum())])
        fitted = np.linalg.lstsq(design, data.y_weak[rows], rcond=None)[0]
        np.testing.assert_allclose(fitted[:2], data.source_weak_coef[k, 0], atol=0.03)
        np.testing.assert_allclose(fitted[2], data.source_weak_intercept[k, 0], atol=0.08)
        weak = data.y_weak[rows] - design @ fitted
        np.testing.assert_allclose(weak.std(), data.source_weak_scale[k, 0], rtol=0.03)
        strong = y[rows] - mixture.means(X[rows])[:, k, 0]
        assert abs(np.corrcoef(weak, strong)[0, 1]) * np.sqrt(rows.sum()) < 4


def test_target_mean_mixes_the_fitted_lines_by_the_target_frequencies():
    X, y, mixture = two_lines(300)
    data = make_concept_shift(X, y, mixture, target_prior=[0.6, 0.4], random_state=0)
    expected = mixture.means(X)[:, :, 0] @ data.target_frequencies
    np.testing.assert_allclose(data.target_mean, expected)
    np.testing.assert_allclose(data.source_gate, np.tile(data.source_frequencies, (300, 1)))


@pytest.mark.parametrize("expert", ["poisson", ["gaussian", "poisson"]])
def test_counts_and_several_outputs(expert):
    n_outputs = 1 if expert == "poisson" else 2
    mixture = KnownMixture(
        coef=np.array([[[0.3], [0.2]], [[-0.4], [0.5]]])[:, -n_outputs:],
        intercept=np.array([[1.0, 0.5], [-1.0, 2.0]])[:, -n_outputs:],
        scale=np.array([[0.5, 1.0], [0.2, 1.0]])[:, -n_outputs:],
        weights=[0.5, 0.5],
        expert=expert,
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1))
    concept = rng.integers(0, 2, 200)
    means = mixture.means(X)[np.arange(200), concept]
    y = rng.poisson(means[:, -1]).astype(float)
    if n_outputs == 2:
        y = np.column_stack([rng.normal(means[:, 0], 0.3), y])
    data = make_concept_shift(X, y, mixture, random_state=0)
    assert data.y.shape == data.y_weak.shape == data.target_mean.shape == y.shape
    counts = data.y_weak.reshape(200, -1)[:, -1]
    np.testing.assert_array_equal(counts, np.round(counts))
    assert np.isnan(data.y[data.sample_domain < 0]).all()
    step = data.source_weak_intercept[:, -1] - data.intercept[:, -1]
    turned = (data.coef - data.source_weak_coef)[:, -1, 0] * X.mean()
    np.testing.assert_allclose(step - turned, 0.5)  # on the log scale
    assert data.expert == ([expert] if n_outputs == 1 else expert)


def test_same_seed_same_split():
    X, y, mixture = two_lines(100)
    first, second = (make_concept_shift(X, y, mixture, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first.sample_domain, second.sample_domain)
    np.testing.assert_array_equal(first.y_weak, second.y_weak)
    other = make_concept_shift(X, y, mixture, random_state=4)
    assert not np.array_equal(first.sample_domain, other.sample_domain)


def test_tone_data_with_a_fitted_mixture():
    X, y = load_tone(return_X_y=True)
    mixture = MixtureOfExpertsRegressor(n_experts=2, random_state=0).fit(X, y)
    data = make_concept_shift(X, y, mixture, random_state=0)
    target = data.sample_domain < 0
    assert target.sum() == 75
    same = make_concept_shift(X, y, mixture.set_params(expert="poisson"), random_state=0)
    np.testing.assert_array_equal(same.y_weak, data.y_weak)  # the fit's experts, not the new ones
    assert same.expert == ["gaussian"]
    np.testing.assert_array_equal(data.y_gold, y)
    rising = int(np.argmax(mixture.coef_[:, 0, 0]))
    follows = abs(y - X[:, 0]) < abs(y - 2)
    off_crossing = abs(X[:, 0] - 2) > 0.3
    agreement = (data.concept == rising) == follows
    assert agreement[off_crossing].mean() > 0.9
    assert abs(data.target_frequencies - data.source_frequencies).max() > 0.2
    shares = data.target_gate.mean(axis=0)
    np.testing.assert_allclose(shares, data.target_frequencies, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"X": [[np.nan, 1.0]] * 40}, "X must hold finite numbers only, got 40 NaN or infinite"),
        ({"X": np.zeros(40)}, r"X must be a 2-dimensional array with rows, got shape \(40,\)"),
        ({"X": [["a", "b"]] * 40}, "X must be a 2-dimensional array of numbers"),
        ({"X": np.zeros((40, 3))}, "X must have the 2 columns of mixture, got 3"),
        ({"y": np.zeros(39)}, "y must have the 40 rows of X, got 39"),
        ({"y": np.zeros((40, 2))}, "y must have the 1 outputs of mixture, got 2"),
        ({"y": np.full(40, np.inf)}, "y must hold finite numbers only, got 40 NaN or infinite"),
        ({"target_size": 1.0}, r"target_size must be a share in \(0, 1\) or an integer from 1 to"),
        ({"target_size": 40}, "target_size must be a share .* an integer from 1 to 39, got 40"),
        ({"target_size": 0.001}, "target_size must be a share .* got 0.001"),
        ({"target_size": "half"}, "target_size must be a share .* got 'half'"),
        ({"target_prior": [0.5, 0.6]}, "target_prior must hold 2 probabilities >= 0 that sum to 1"),
        (
            {"target_prior": [0.0, 1.0], "target_size": 30},
            r"target_prior asks for 30 target rows of concept 1, but \d+ rows carry it .* "
            r"target_size of at most \d+ rows",
        ),
        ({"weak_shift": -0.1}, "weak_shift must be a finite number >= 0, got -0.1"),
        ({"weak_shrink": 1.5}, r"weak_shrink must be a number in \[0, 1\], got 1.5"),
        ({"weak_noise": 0.0}, "weak_noise must be a finite number > 0, got 0.0"),
    ],
)
def test_bad_input_gets_one_sentence(change, sentence):
    X, y, mixture = two_lines(40)
    arguments = {"X": X, "y": y} | change
    with pytest.raises(ValueError, match=sentence) as caught:
        make_concept_shift(mixture=mixture, random_state=0, **arguments)
    assert "\n" not in str(caught.value)


def test_the_largest_target_that_an_error_names_is_accepted():
    X, y, mixture = two_lines(200)
    with pytest.raises(ValueError, match="target_prior asks for") as caught:
        make_concept_shift(X, y, mixture, target_prior=[0.1, 0.9], random_state=0)
    largest = int(str(caught.value).split("at most ")[1].split()[0])
    data = make_concept_shift(
        X, y, mixture, target_prior=[0.1, 0.9], target_size=largest, random_state=0
    )
    assert (data.sample_domain < 0).sum() == largest


def test_a_mixture_that_does_not_fit_is_refused():
    X, y, mixture = two_lines(40)
    with pytest.raises(NotFittedError, match="mixture must be a fitted MixtureOfExpertsRegressor"):
        make_concept_shift(X, y, MixtureOfExpertsRegressor())
    mixture.expert = "bernoulli"
    with pytest.raises(ValueError, match="mixture must have Gaussian or Poisson experts"):
        make_concept_shift(X, y, mixture)
    mixture.expert = "gaussian"
    mixture.intercept_ = np.array([[0.5], [1e4]])
    with pytest.raises(ValueError, match="mixture gives concept 1 only 0 of the 40 rows"):
        make_concept_shift(X, y, mixture)
