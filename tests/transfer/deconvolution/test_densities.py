"""Densities of strong and weak labels, and labels of every type."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transfer.deconvolution.models import classifier, fit

NAN = np.nan


def test_densities_integrate_to_one_and_have_the_predicted_mean(fitted):
    model = fitted
    grid = np.linspace(-30, 30, 20001)
    x = np.tile([[0.3, -0.7]], (len(grid), 1))
    density = np.exp(model.log_prob(x, grid))
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-6)
    assert np.trapezoid(density * grid, grid) == pytest.approx(model.predict(x[:1])[0], abs=1e-6)
    weak = np.exp(model.weak_log_prob(x, grid))
    assert np.trapezoid(weak, grid) == pytest.approx(1.0, abs=1e-6)


def test_class_densities_are_log_probabilities(classes, fitted_classes):
    model = fitted_classes
    proba = model.predict_proba(classes.X)
    rows = np.arange(len(proba))
    np.testing.assert_allclose(
        model.log_prob(classes.X, classes.y_gold), np.log(proba[rows, classes.y_gold])
    )
    target = classes.sample_domain < 0
    weak = model.weak_log_prob(classes.X[target], classes.y_weak[target])
    assert weak.mean() == pytest.approx(model.target_.lower_bound_)
    soft = np.eye(3)[classes.y_weak[target]]
    np.testing.assert_allclose(model.weak_log_prob(classes.X[target], soft), weak)


def test_a_missing_label_has_no_density(data, fitted, classes, fitted_classes):
    np.testing.assert_allclose(fitted.log_prob(data.X[:3], [NAN] * 3), 0.0, atol=1e-15)
    np.testing.assert_allclose(fitted.weak_log_prob(data.X[:3], [NAN] * 3), 0.0, atol=1e-15)
    np.testing.assert_allclose(fitted_classes.log_prob(classes.X[:3], [-1] * 3), 0.0, atol=1e-15)
    with pytest.raises(ValueError, match="y must hold the classes seen in fit"):
        fitted_classes.log_prob(classes.X[:3], [0, 1, 7])


def test_class_labels_of_every_type_give_one_fit(classes, fitted_classes):
    codes = fitted_classes
    names = np.array(["x", "y", "z"], dtype=object)
    y = names[classes.y]
    y[classes.y < 0] = None
    words = fit(classifier(), classes, y=y, y_weak=names[classes.y_weak])
    assert words.classes_.tolist() == ["x", "y", "z"]
    np.testing.assert_array_equal(words.predict(classes.X), names[codes.predict(classes.X)])
    floats = np.where(classes.y < 0, NAN, classes.y)
    soft = fit(classifier(), classes, y=floats, y_weak=np.eye(3)[classes.y_weak])
    np.testing.assert_array_equal(soft.predict_proba(classes.X), codes.predict_proba(classes.X))


def test_soft_weak_labels_are_used_as_such(classes):
    """Probabilities of the weak model, which say more than the labels drawn from them."""
    target = classes.sample_domain < 0
    predictor = np.einsum("kcd,nd->nkc", classes.target_weak_coef, classes.X)
    predictor += classes.target_weak_intercept
    proba = np.exp(predictor - predictor.max(axis=2, keepdims=True))
    proba /= proba.sum(axis=2, keepdims=True)
    soft = proba[np.arange(len(proba)), classes.concept]
    model = fit(classifier(), classes, y_weak=soft)
    error = model.predict_proba(classes.X[target]) - classes.target_proba[target]
    assert np.mean(error**2) < 0.01
