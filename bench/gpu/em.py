"""A pass of the EM, and a whole iteration."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.em import simulate
from bench.gpu._case import Case, deviation, draws, host
from w2s_kernels import gpu, reference
from w2s_kernels.gpu import _compile, experts
from w2s_stats.em import Mixture
from w2s_stats.em import measure as measure_data
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._parameters import Block


def _em_by_cupy(xp: Any, X: Any, y: Any, coef: Any, scale: float) -> list[Any]:
    """Responsibilities and moments of Gaussian experts in one scale, as one writes them."""
    residual = y - coef @ X
    log_joint = -0.5 * (residual / scale) ** 2 - np.log(scale)
    top = log_joint.max(axis=0)
    resp = xp.exp(log_joint - top)
    total = resp.sum(axis=0)
    resp /= total
    log_likelihood = (top + xp.log(total)).sum()
    grams = [(X * r) @ X.T for r in resp]
    return [*grams, (resp * residual) @ X.T, (resp * residual**2).sum(axis=1), log_likelihood]


def em_pass(n: int, d: int, k: int) -> Case:
    """E-step and sums of Gaussian experts with a constant gate."""
    xp, draw, random = _compile.device.xp, draws(), np.random.default_rng(1)
    X, y, weight = draw.standard_normal((d + 1, n)), draw.standard_normal((1, n)), xp.ones(n)
    X[0] = 1.0
    coef, log_scale = random.normal(size=(k, 1, d + 1)), np.full((k, 1), np.log(0.5))
    log_gate, resp = np.full((k, 1), -np.log(k)), xp.empty((k, n))

    def sums(module: Any) -> list[Any]:
        shapes = (k, d + 1, d + 1), (k, 1, d + 1), (k, 1), (k,)
        return [module.zeros(shape) for shape in shapes]

    there, few = sums(xp), min(n, 1000)

    def error() -> float:
        found, expected = sums(xp), sums(np)
        tile = [xp.ascontiguousarray(a[..., :few]) for a in (X, y, weight)]
        rest = log_gate, coef, log_scale
        experts.gaussian_pass(*tile, *rest, xp.empty((k, few)), *found)
        here = [host(a) for a in tile]
        reference.experts.gaussian_pass(*here, *rest, np.empty((k, few)), *expected)
        return max(deviation(a, b) for a, b in zip(found, expected, strict=True))

    call = partial(experts.gaussian_pass, X, y, weight, log_gate, coef, log_scale, resp, *there)
    columns = xp.asarray(coef[:, 0])
    peers = {"CuPy": lambda: _em_by_cupy(xp, X, y, columns, 0.5)}
    n_bytes = float(X.nbytes + y.nbytes + weight.nbytes + resp.nbytes)
    shape = f"{n} x {d}, {k} experts"
    return Case("E-step and sums", shape, "float64", n_bytes, call, error, peers)


def _mixture(X: Any, y: Any, k: int, kernels: Any) -> Mixture:
    model = Model(k, (Block("gaussian", 0, 1),), "constant")
    coordinates = measure_data(X, y, None, center=True, standardise=np.array([True]))
    return build(model, X, y, None, coordinates, kernels=kernels)


def em_iteration(n: int, d: int, k: int) -> Case:
    """A whole iteration: the parameters there, a pass, its sums back, the M-step on the host."""
    xp = _compile.device.xp
    X, y = (xp.asarray(a) for a in simulate(n, d, k, gate=False))
    y = y.reshape(-1, 1)
    mixture, few = _mixture(X, y, k, gpu), min(n, 1000)
    theta = np.random.default_rng(1).normal(size=sum(e.n_parameters for e in mixture.experts) + k)
    design = xp.concatenate([xp.ones((1, n)), X.T])
    coef = xp.asarray(np.random.default_rng(1).normal(size=(k, d + 1)))

    def error() -> float:
        pairs = (X[:few], y[:few], gpu), (host(X[:few]), host(y[:few]), reference)
        found, expected = (_mixture(a, b, k, m).evaluate(theta).proposal for a, b, m in pairs)
        return deviation(found, expected)

    call = partial(mixture.evaluate, theta)
    peers = {"CuPy, no M-step": lambda: _em_by_cupy(xp, design, y[:, 0], coef, 0.5)}
    n_bytes = 8.0 * n * (d + 3 + k)
    return Case("EM iteration", f"{n} x {d}, {k} experts", "float64", n_bytes, call, error, peers)
