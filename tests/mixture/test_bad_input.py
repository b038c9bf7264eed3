"""Bad input gets one clear sentence that names the argument; nothing is left half-fitted."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from w2s_stats.exceptions import DegenerateFitWarning, UnderdeterminedFitWarning
from w2s_stats.mixture import (
    MixtureOfExpertsClassifier,
    MixtureOfExpertsRegressor,
    select_n_experts,
)

pytestmark = pytest.mark.filterwarnings("ignore::w2s_stats.exceptions.SeparationWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2))
Y = np.where(RNG.random(30) < 0.5, X[:, 0], 1 - X[:, 0]) + 0.1 * RNG.normal(size=30)
COUNTS = RNG.poisson(2.0, size=30)
CLASSES = RNG.integers(0, 3, size=30)


def changed(array, value, at=(3,)):
    array = np.array(array, dtype=float)
    array[at] = value
    return array


def regressor(*args, **kwargs):
    return MixtureOfExpertsRegressor(*args, n_init=1, random_state=0, **kwargs)


def classifier(*args, **kwargs):
    return MixtureOfExpertsClassifier(*args, n_init=1, random_state=0, **kwargs)


# What is wrong, the estimator, what goes into fit, and what the sentence must say.
BAD_FITS = {
    "NaN in X": (
        regressor(),
        (changed(X, np.nan, (3, 1)), Y),
        "X must hold finite numbers; found NaN in row 3, column 1",
    ),
    "infinity in X": (
        regressor(),
        (changed(X, np.inf, (3, 1)), Y),
        "X must hold .*; found infinity in row 3, column 1",
    ),
    "infinity in y": (
        regressor(),
        (X, changed(Y, np.inf)),
        "y must hold .*; found infinity in row 3",
    ),
    "no y": (regressor(), (X, None), "y.*None"),
    "y too short": (regressor(), (X, Y[:-1]), "30.*29"),
    "y with three axes": (regressor(), (X, Y.reshape(30, 1, 1)), "y.*dim.*3"),
    "y without a label": (regressor(), (X, np.full(30, np.nan)), "y must have at least one label"),
    "column without a label": (
        regressor(),
        (X, np.column_stack([Y, np.full(30, np.nan)])),
        "column 1 of y must have at least one label",
    ),
    "labels that are words": (
        regressor(),
        (X, np.array(["a", "b"] * 15)),
        "y must hold finite numbers.*; found 'a' in row 0",
    ),
    "X with one axis": (
        regressor(),
        (X[:, 0], Y),
        r"X must have two dimensions; found 1 \(shape=\(30,\)\)",
    ),
    "no rows": (regressor(), (X[:0], Y[:0]), "0 sample"),
    "weight below zero": (
        regressor(),
        (X, Y, changed(np.ones(30), -0.5)),
        "sample_weight must be zero or positive; found -0.5 in row 3",
    ),
    "weights of zero": (
        regressor(),
        (X, Y, np.zeros(30)),
        "ample.weight.*(positive|non-zero)",
    ),
    "weights too short": (regressor(), (X, Y, np.ones(29)), "sample_weight must have one weight"),
    "NaN weight": (
        regressor(),
        (X, Y, changed(np.ones(30), np.nan)),
        "sample_weight must hold finite",
    ),
    "more experts than rows": (regressor(31), (X, Y), "n_experts=31.*distinct rows.*30 distinct"),
    "more experts than distinct rows": (
        regressor(3),
        (np.tile(X[:2], (15, 1)), np.tile(Y[:2], 15)),
        "n_experts=3.*2 distinct",
    ),
    "more experts than rows with weight": (
        regressor(3),
        (X, Y, np.r_[1, 1, np.zeros(28)]),
        "n_experts=3.*2 distinct",
    ),
    "no experts": (regressor(0), (X, Y), "n_experts.*0"),
    "unknown family": (regressor(expert="gamma"), (X, Y), "expert must be one of.*'gamma'"),
    "too many families": (
        regressor(expert=["gaussian", "poisson"]),
        (X, Y),
        "expert must be one family or one for each of the 1",
    ),
    "unknown gate": (regressor(gate="tree"), (X, Y), "gate.*'tree'"),
    "no tolerance": (regressor(tol=0.0), (X, Y), "tol.*0.0"),
    "negative counts": (
        regressor(expert="poisson"),
        (X, changed(COUNTS, -1)),
        "y must hold counts.*found -1",
    ),
    "broken counts": (
        regressor(expert="poisson"),
        (X, changed(COUNTS, 2.5)),
        "y must hold counts.*found 2.5",
    ),
    "one class": (classifier(), (X, np.ones(30, dtype=int)), "y must have at least two classes"),
    "one class beside gaps": (
        classifier(),
        (X, np.where(np.arange(30) < 5, np.nan, 1.0)),
        "y must have at least two classes",
    ),
    "three classes for two": (
        classifier(expert="bernoulli"),
        (X, CLASSES),
        "expert='bernoulli' is for two classes, found 3",
    ),
    "real labels for classes": (
        classifier(),
        (X, Y),
        "y must hold class labels; found .*Unknown label type: continuous",
    ),
    "NaN in X of a classifier": (
        classifier(),
        (changed(X, np.nan, (0, 0)), CLASSES),
        "X must hold finite numbers; found NaN in row 0, column 0",
    ),
    "weight below zero of a classifier": (
        classifier(),
        (X, CLASSES, changed(np.ones(30), -1.0)),
        "sample_weight must be zero or positive",
    ),
}


@pytest.mark.parametrize(("estimator", "arguments", "says"), BAD_FITS.values(), ids=BAD_FITS)
def test_fit(estimator, arguments, says):
    with pytest.raises((ValueError, TypeError), match=says) as error:
        estimator.fit(*arguments)
    assert len(str(error.value).split("\n")[0]) < 400
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    with pytest.raises(NotFittedError):
        estimator.summary()


@pytest.mark.parametrize(("estimator", "arguments", "says"), BAD_FITS.values(), ids=BAD_FITS)
def test_a_failed_fit_leaves_the_former_one(estimator, arguments, says):
    classes = isinstance(estimator, MixtureOfExpertsClassifier)
    other = type(estimator)(n_init=1, random_state=0).fit(X[:, :1], CLASSES if classes else Y)
    before = other.predict(X[:, :1]), other.params_
    other.set_params(**estimator.get_params())
    with pytest.raises((ValueError, TypeError)):
        other.fit(*arguments)
    # Read with the settings it was fitted with.
    other.set_params(**type(estimator)().get_params())
    np.testing.assert_array_equal(other.predict(X[:, :1]), before[0])
    np.testing.assert_array_equal(other.params_, before[1])


@pytest.mark.parametrize(
    "name",
    ["predict", "gate_proba", "summary", "conf_int", "log_prob", "responsibilities", "sample"],
)
def test_before_fit(name):
    arguments = {
        "predict": (X,),
        "gate_proba": (X,),
        "log_prob": (X, Y),
        "responsibilities": (X, Y),
        "sample": (X,),
    }
    with pytest.raises(NotFittedError):
        getattr(regressor(), name)(*arguments.get(name, ()))


def test_after_fit():
    mixture = regressor().fit(X, Y)
    with pytest.raises(ValueError, match=r"3 features.*expecting 2"):
        mixture.predict(np.ones((4, 3)))
    with pytest.raises(ValueError, match="X must hold finite numbers; found NaN"):
        mixture.gate_proba(changed(X, np.nan, (0, 0)))
    with pytest.raises(ValueError, match=r"30.*29"):
        mixture.log_prob(X, Y[:-1])
    with pytest.raises(ValueError, match="sample_weight must be zero or positive"):
        mixture.log_likelihood(X, Y, -np.ones(30))
    with pytest.raises(ValueError, match="y must have as many columns as in fit, 1; found 2"):
        mixture.log_prob(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="cov_type must be one of nonrobust, robust; found 'hc3'"):
        mixture.summary(cov_type="hc3")
    with pytest.raises(ValueError, match="confidence_level must be between 0 and 1; found 95"):
        mixture.conf_int(95)


def test_classes_not_seen_in_fit():
    mixture = classifier().fit(X, CLASSES)
    with pytest.raises(ValueError, match="y must have as many columns as in fit, 1; found 2"):
        mixture.log_prob(X, np.column_stack([CLASSES, CLASSES]))
    with pytest.raises(ValueError, match=r"classes seen in fit, \[0, 1, 2\]; found .*7"):
        mixture.log_prob(X, np.where(CLASSES == 0, 7, CLASSES))


def test_constant_column():
    names = ["a", "b"]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": X[:, 0], "b": 3.0}, columns=names)
    with pytest.warns(UnderdeterminedFitWarning, match="X is constant in b.*coefficient 0"):
        mixture = regressor().fit(frame, Y)
    np.testing.assert_array_equal(mixture.coef_[:, 0, 1], 0.0)
    plain = regressor().fit(X[:, :1], Y)
    assert mixture.lower_bound_ == pytest.approx(plain.lower_bound_, abs=1e-8)


@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_fewer_rows_than_coefficients(gate):
    wide = np.random.default_rng(1).normal(size=(12, 20))
    with pytest.warns(UnderdeterminedFitWarning, match="12 rows for 21 coefficients.*minimum norm"):
        mixture = regressor(2, gate=gate, gate_penalty=0.1).fit(wide, Y[:12])
    assert np.isfinite(mixture.predict(wide)).all()
    assert np.isfinite(mixture.lower_bound_)
    assert "No standard errors" in str(mixture.summary())


def test_one_expert_of_minimum_norm():
    wide = np.random.default_rng(2).normal(size=(12, 20))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture = regressor(1).fit(wide, Y[:12])
    # In standardised columns, as the documentation says.
    scale, mean = wide.std(axis=0), wide.mean(axis=0)
    coef = np.linalg.lstsq((wide - mean) / scale, Y[:12] - Y[:12].mean(), rcond=None)[0] / scale
    np.testing.assert_allclose(mixture.coef_[0, 0], coef, atol=1e-8)


def test_a_variance_without_bottom_is_named():
    with pytest.warns(
        DegenerateFitWarning, match="Experts 0 and 1 explain no more rows than they have"
    ):
        mixture = regressor(2).fit(X[:4, :1], Y[:4])
    assert mixture.degenerate_experts_.size
    assert mixture.degenerate_starts_.all()
    assert "degenerate" in str(mixture.summary())


def test_selection():
    with pytest.raises(ValueError, match="criterion must be one of aic, bic, icl; found 'dic'"):
        select_n_experts(regressor(), X, Y, criterion="dic")
    for numbers in ([], [0, 1]):
        with pytest.raises(
            ValueError, match="n_experts must be an iterable of integers of 1 or more"
        ):
            select_n_experts(regressor(), X, Y, n_experts=numbers)
    with pytest.raises(ValueError, match="X must hold finite numbers; found NaN"):
        select_n_experts(regressor(), changed(X, np.nan, (0, 0)), Y)
