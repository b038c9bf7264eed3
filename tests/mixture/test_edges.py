"""Corners: weights that sum to one, labels with gaps, a refit, parameters set after the fit."""

import warnings

import numpy as np
import pytest

from w2s_stats.datasets import load_tone
from w2s_stats.exceptions import DegenerateFitWarning
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor


@pytest.fixture(scope="module")
def tone():
    return load_tone(return_X_y=True)


def test_weights_that_sum_to_one_are_not_taken_for_a_single_row(tone):
    X, y = tone
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateFitWarning)
        model = MixtureOfExpertsRegressor(2, random_state=0)
        model.fit(X, y, sample_weight=np.full(len(y), 1 / len(y)))
    assert model.lower_bound_ * len(y) == pytest.approx(141.198402, abs=1e-5)
    assert not model.degenerate_starts_.any()


def test_a_refit_leaves_nothing_of_the_fit_before(tone):
    model = MixtureOfExpertsRegressor(2, gate="gaussian-joint", n_init=2, random_state=0)
    fresh = vars(MixtureOfExpertsRegressor(2, n_init=2, random_state=0).fit(*tone))
    again = vars(model.fit(*tone).set_params(gate="constant").fit(*tone))
    assert set(again) == set(fresh)


def test_parameters_set_after_the_fit_wait_for_the_next_one(tone):
    X, y = tone
    model = MixtureOfExpertsRegressor(2, random_state=0).fit(X, y)
    before = model.responsibilities(X, y), model.log_likelihood(X, y), model.predict(X)
    table, intervals = str(model.summary()).splitlines()[6:], model.conf_int()
    model.set_params(n_experts=3, gate="softmax", fit_intercept=False, max_iter=1, gate_penalty=1.0)
    after = model.responsibilities(X, y), model.log_likelihood(X, y), model.predict(X)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert str(model.summary()).splitlines()[6:] == table
    np.testing.assert_array_equal(model.conf_int(), intervals)


@pytest.mark.parametrize("gate", ["constant", "softmax"])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_without_a_label_count_nowhere(tone, gate, weighted):
    X, y = tone
    weight = np.linspace(0.5, 1.5, len(y)) if weighted else None
    more = None if weight is None else np.r_[weight, np.ones(400)]
    X_more = np.r_[X, np.random.default_rng(0).uniform(0, 9, size=(400, 1))]
    y_more = np.r_[y, np.full(400, np.nan)]
    one = MixtureOfExpertsRegressor(2, gate=gate, n_init=2, random_state=0)
    one.fit(X, y, sample_weight=weight)
    two = MixtureOfExpertsRegressor(2, gate=gate, n_init=2, random_state=0)
    two.fit(X_more, y_more, sample_weight=more)
    assert two.n_rows_ == one.n_rows_ and type(two.n_rows_) is type(one.n_rows_)
    for name in ("lower_bound_", "coef_", "weights_", "covariance_"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=1e-4, atol=1e-8)
    for criterion in ("log_likelihood", "aic", "bic", "icl"):
        found = getattr(two, criterion)(X_more, y_more, more)
        assert found == pytest.approx(getattr(one, criterion)(X, y, weight), abs=1e-4)
        assert found == pytest.approx(getattr(two, criterion)(X, y, weight), abs=1e-9)


def test_rows_without_a_label_tell_of_x_where_it_is_modelled(tone):
    X, y = tone
    model = MixtureOfExpertsRegressor(2, gate="gaussian-joint", n_init=2, random_state=0)
    assert model.fit(np.r_[X, X], np.r_[y, np.full(len(y), np.nan)]).n_rows_ == 2 * len(y)


def test_names_of_labels_are_those_of_the_data_frame(tone):
    pandas = pytest.importorskip("pandas")
    X, y = tone
    model = MixtureOfExpertsRegressor(1, random_state=0)
    assert (
        model.fit(X, pandas.Series(y, name="tuned")).param_names_[0] == "expert[0].tuned.intercept"
    )
    both = pandas.DataFrame({"tuned": y, "half": y / 2})
    names = model.fit(X, both).param_names_
    assert [n for n in names if n.endswith("intercept")] == [
        "expert[0].tuned.intercept",
        "expert[0].half.intercept",
    ]
    assert "y0" in model.fit(X, y).param_names_[0]
    assert "y0" in model.fit(X, pandas.Series(y)).param_names_[0]
    label = pandas.Series(np.where(y > 2, "high", "low"), name="pitch")
    classes = MixtureOfExpertsClassifier(1, random_state=0).fit(X, label)
    assert classes.param_names_[0] == "expert[0].pitch=low.intercept"


def test_poisson_rates_far_outside_are_held_as_in_the_fit():
    random = np.random.default_rng(0)
    X = random.normal(size=(100, 1))
    model = MixtureOfExpertsRegressor(1, expert="poisson", random_state=0)
    model.fit(X, random.poisson(np.exp(X[:, 0])))
    assert model.predict([[1e4]]) == pytest.approx(np.exp(300.0))


def test_a_number_as_weight_is_the_weight_of_every_row(tone):
    X, y = tone
    model = MixtureOfExpertsRegressor(2, random_state=0).fit(X, y)
    for criterion in (model.aic, model.bic, model.icl):
        assert criterion(X, y, 2.0) == pytest.approx(criterion(X, y, np.full(len(y), 2.0)))


def test_one_expert_has_one_start(tone):
    """Which is least squares, and the maximum."""
    X, y = tone
    model = MixtureOfExpertsRegressor(1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.start_lower_bounds_, [model.lower_bound_])
    slope, intercept = np.polyfit(X[:, 0], y, 1)
    assert model.coef_.ravel() == pytest.approx([slope])
    assert model.intercept_.ravel() == pytest.approx([intercept])


@pytest.mark.parametrize("values", [(0, 1, 2), ("a", "b", "c")])
def test_labels_with_gaps_keep_their_kind(values):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 2))
    y = np.array([*values, None], dtype=object)[random.integers(4, size=200)]
    model = MixtureOfExpertsClassifier(1).fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.array(values))
    known = y != None  # noqa: E711 (elementwise)
    same = MixtureOfExpertsClassifier(1).fit(X[known], np.array(y[known].tolist()))
    assert model.log_likelihood(X, y) == pytest.approx(
        same.log_likelihood(X[known], np.array(y[known].tolist())), abs=1e-6
    )


def test_labels_without_weight_are_no_labels(tone):
    X, y = tone
    weight = np.ones(len(y))
    weight[:5] = 0.0
    with pytest.raises(ValueError, match="y must have at least one label"):
        MixtureOfExpertsRegressor(2).fit(X, np.where(weight == 0, y, np.nan), weight)
    classes = (np.arange(len(y)) % 2).astype(int)
    classes[:5] = 7
    model = MixtureOfExpertsClassifier(2, n_init=2, random_state=0).fit(X, classes, weight)
    np.testing.assert_array_equal(model.classes_, [0, 1])


def test_the_joint_gate_maximises_the_density_of_x_and_y():
    from scipy.stats import multivariate_normal, norm

    random = np.random.default_rng(0)
    second = random.uniform(size=600) < 0.4
    X = random.normal(size=(600, 2)) * np.where(second, 1, 2)[:, None] + 3.0 * second[:, None]
    y = np.where(second, X[:, 0], -X[:, 1]) + 0.3 * random.normal(size=600)
    model = MixtureOfExpertsRegressor(2, gate="gaussian-joint", random_state=0).fit(X, y)
    density = sum(
        model.gate_prior_[k]
        * multivariate_normal(model.gate_means_[k], model.gate_covariances_[k]).pdf(X)
        * norm(X @ model.coef_[k, 0] + model.intercept_[k, 0], model.scale_[k, 0]).pdf(y)
        for k in range(2)
    )
    assert model.lower_bound_ == pytest.approx(np.log(density).mean(), abs=1e-10)
    np.testing.assert_allclose(model.gate_means_[1], [3.0, 3.0], atol=0.3)
    gate = np.stack(
        [
            model.gate_prior_[k]
            * multivariate_normal(model.gate_means_[k], model.gate_covariances_[k]).pdf(X)
            for k in range(2)
        ],
        axis=1,
    )
    np.testing.assert_allclose(
        model.gate_proba(X), gate / gate.sum(axis=1, keepdims=True), atol=1e-9
    )


def nearly_collinear(seed):
    """Two columns that agree but for 1e-5, and to the last digit where one concept is."""
    random = np.random.default_rng(seed)
    x, s = random.normal(size=400), np.repeat([1.0, 0.0], 200)
    z = np.concatenate([np.zeros(200), random.normal(size=200)])
    X = np.stack([x + 3 * s, x + 3 * s + 1e-5 * z], axis=1)
    return X, np.where(s > 0, x, -x) + 0.1 * random.normal(size=400)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_joint_gate_on_nearly_collinear_columns(seed):
    """The floor of its covariances does not outlast the way to the data's units and back."""
    X, y = nearly_collinear(seed)
    model = MixtureOfExpertsRegressor(2, gate="gaussian-joint", n_init=2, random_state=0)
    model.fit(X, y)
    assert model.weights_.min() > 0.4
    np.testing.assert_allclose(np.sort(model.scale_.ravel()), [0.1, 0.1], atol=0.02)
    # One expert's x lies on a line: nothing maximises its density, and no error is given.
    assert np.isnan(np.diag(model.covariance_)).any()


def test_an_information_with_negative_diagonal_has_no_inverse():
    X, _ = nearly_collinear(0)
    s = np.repeat([1.0, 0.0], 200)
    model = MixtureOfExpertsRegressor(2, gate="gaussian-joint", n_init=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, X[:, 0] - 2 * s)  # a plane: the scales are at their floors, too
    assert np.isnan(model.covariance_).all()


@pytest.mark.parametrize("init", ["random", "kmeans"])
@pytest.mark.parametrize("n_experts", [1, 2])
def test_columns_of_zeros_without_an_intercept(n_experts, init):
    """Nothing explains y: a mixture of normal densities around zero."""
    from scipy.stats import norm

    y = np.random.default_rng(0).normal(size=30)
    model = MixtureOfExpertsRegressor(n_experts, fit_intercept=False, init=init, random_state=0)
    model.fit(np.zeros((30, 2)), y)
    np.testing.assert_array_equal(model.coef_, 0.0)
    density = sum(
        w * norm(0.0, s).pdf(y) for w, s in zip(model.weights_, model.scale_[:, 0], strict=True)
    )
    alone = norm(0.0, np.sqrt(np.mean(y**2))).logpdf(y).mean()  # -1.2184
    assert model.lower_bound_ == pytest.approx(np.log(density).mean(), abs=1e-6)
    if n_experts == 1:
        assert model.lower_bound_ == pytest.approx(alone, abs=1e-12)
    else:
        assert model.lower_bound_ >= alone - 1e-9
