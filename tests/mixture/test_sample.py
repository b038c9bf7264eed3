"""Draws from a fitted mixture: reproducible, and distributed as the mixture says."""

import numpy as np
import pytest
from scipy import stats

from tests.mixture.models import FAMILIES, GATES, example

LABELS = [*((family,) for family in FAMILIES), ("gaussian", "poisson")]


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(
    "families", [*((f,) for f in FAMILIES), ("gaussian", "poisson")], ids="-".join
)
def test_draws(families, gate):
    model, truth = example(families, gate)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 2))
    mixture = model.estimator(n_init=1).fit(X, model.labels(model.draw(truth, X, rng)))
    x = np.repeat([[0.3, -0.5]], 20_000, axis=0)
    y, expert = mixture.sample(x, random_state=1)
    again = mixture.sample(x, random_state=1)
    np.testing.assert_array_equal(y, again[0])
    np.testing.assert_array_equal(expert, again[1])
    assert not np.array_equal(expert, mixture.sample(x, random_state=2)[1])
    gate_proba = mixture.gate_proba(x[:1])[0]
    counts = np.bincount(expert, minlength=2)
    assert stats.chisquare(counts, gate_proba * len(x)).pvalue > 1e-4
    # An expert is drawn with its label: its responsibilities are right on average.
    resp = mixture.responsibilities(x, y)
    np.testing.assert_allclose(resp.mean(axis=0), gate_proba, atol=0.02)
    assert np.mean(resp[np.arange(len(x)), expert]) == pytest.approx(
        np.mean((resp**2).sum(axis=1)), abs=0.02
    )
    if families[0] in ("gaussian", "poisson"):
        error = np.std(y, axis=0) / np.sqrt(len(x))
        assert np.all(np.abs(np.mean(y, axis=0) - mixture.predict(x[:1])[0]) < 4.5 * error)
    else:
        counts = np.bincount(y)
        assert stats.chisquare(counts, mixture.predict_proba(x[:1])[0] * len(x)).pvalue > 1e-4


def test_a_sample_gives_the_mixture_back():
    model, truth = example(("gaussian",), "softmax")
    rng = np.random.default_rng(3)
    X = rng.normal(size=(3000, 2))
    first = model.estimator(n_init=1).fit(X, model.draw(truth, X, rng)[:, 0])
    y, _ = first.sample(X, random_state=0)
    second = model.estimator(n_init=1).fit(X, y)
    error = np.sqrt(np.diag(second.covariance_))
    assert np.all(np.abs(second.params_ - first.params_) < 4.5 * error)


def test_words_for_classes_and_several_labels():
    model, truth = example(("multinomial",), "constant")
    rng = np.random.default_rng(4)
    X = rng.normal(size=(500, 2))
    words = np.array(["a", "b", "c"])[model.draw(truth, X, rng)[:, 0].astype(int)]
    mixture = model.estimator(n_init=1).fit(X, words)
    y, expert = mixture.sample(X, random_state=0)
    assert set(y) <= {"a", "b", "c"}
    assert y.shape == expert.shape == (500,)
    both = mixture.fit(X, np.column_stack([words, words[::-1]]))
    assert both.sample(X, random_state=0)[0].shape == (500, 2)
    assert both.predict(X).shape == (500, 2)
    assert len(both.params_) == len(both.param_names_) == 1 + 2 * 4 * 3
    assert "y1=c.x0" in str(both.summary())
    assert [p.shape for p in both.predict_proba(X)] == [(500, 3), (500, 3)]
