"""Bregman members with predictions inside their domains, for laws that hold for each."""

import numpy as np

from w2s_stats.divergences import KL, BinaryKL, GeneralizedKL, ItakuraSaito, Squared


def real(rng, n, c):
    return rng.normal(scale=10.0 ** rng.uniform(-2, 2), size=(n, c))


def simplex(rng, n, c):
    c = max(c, 2)
    p = rng.dirichlet(np.full(c, 10.0 ** rng.uniform(-1, 1)), size=n) + 1e-6
    return p / p.sum(axis=1, keepdims=True)


def positive(rng, n, c):
    return rng.gamma(10.0 ** rng.uniform(-0.5, 1), size=(n, c)) + 1e-3


def unit(rng, n, c):
    return np.clip(rng.beta(*10.0 ** rng.uniform(-0.5, 1, size=2), size=(n, c)), 1e-5, 1 - 1e-5)


MEMBERS = {
    "squared": (Squared(), real),
    "KL": (KL(), simplex),
    "generalised KL": (GeneralizedKL(), positive),
    "binary KL": (BinaryKL(), unit),
    "Itakura-Saito": (ItakuraSaito(), positive),
}


def drawn_like(name, rng, weak):
    """Predictions that no head had a part in."""
    return MEMBERS[name][1](rng, *weak.shape)


def problem(name, rng, n_heads=None):
    """Weak predictions, heads, and a truth in the heads' hull: often a head, or one row only."""
    divergence, draw = MEMBERS[name]
    n, c = rng.integers(1, 13), rng.integers(1, 5)
    K = rng.integers(1, 5) if n_heads is None else n_heads
    heads = [draw(rng, n, c) for _ in range(K)]
    weights = np.eye(K)[rng.integers(K)] if rng.random() < 0.3 else rng.dirichlet(np.ones(K))
    truth = sum(a * head for a, head in zip(weights, heads, strict=True))
    weak = heads[0].copy() if rng.random() < 0.1 else draw(rng, n, c)
    return divergence, weak, heads, truth
