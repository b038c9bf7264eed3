"""Misfit and errors of tasks, bootstrap means, calibration bins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.gpu._case import ROWS_AIMS, Case, deviation, draws, host
from bench.gpu._device import torch_there
from w2s_kernels import reference
from w2s_kernels.gpu import _compile, calibration, misfit, resample


def misfits(n_tasks: int, n: int) -> Case:
    """Misfit and both errors of many tasks."""
    xp, torch = _compile.device.xp, torch_there()
    draw = draws()
    weak, student, truth = (draw.random((n_tasks, n), dtype=np.float32) for _ in range(3))
    sums = xp.zeros((n_tasks, 6))

    def expression(a: Any, b: Any, c: Any) -> Callable[[], Any]:
        return lambda: [((x - y) ** 2).mean(1) for x, y in ((b, a), (c, a), (c, b))]

    peers = {"CuPy": expression(weak, student, truth)}
    if torch is not None:
        peers["torch"] = expression(*(torch.from_dlpack(x) for x in (weak, student, truth)))

    def error() -> float:
        found, expected = xp.zeros((1, 6)), np.zeros((1, 6))
        parts = [x[:1] for x in (weak, student, truth)]
        misfit.squared_errors(*parts, None, found)
        reference.misfit.squared_errors(*(host(x) for x in parts), None, expected)
        return deviation(found, expected)

    call = partial(misfit.squared_errors, weak, student, truth, None, sums)
    n_bytes = 3.0 * weak.nbytes
    shape = f"{n_tasks} tasks x {n}"
    return Case("misfit", shape, "float32", n_bytes, call, error, peers, ROWS_AIMS)


def bootstrap(n: int, m: int, n_replicates: int) -> Case:
    """Bootstrap means; CuPy draws indices and gathers rows, for a few replicates."""
    xp = _compile.device.xp
    values, weight = draws().random((n, m)), xp.ones(n)
    out = xp.empty((n_replicates, m))
    few, draw = max(1, n_replicates // 100), draws()

    def by_indices() -> None:
        for _ in range(few):
            values[draw.integers(0, n, n)].mean(axis=0)

    def error() -> float:
        found, expected = xp.empty((2, m)), np.empty((2, m))
        rows = slice(0, 10_000)
        resample.bootstrap_means(values[rows], weight[rows], 1, 0, found)
        with np.errstate(over="ignore"):
            reference.resample.bootstrap_means(
                host(values[rows]), host(weight[rows]), 1, 0, expected
            )
        return deviation(found, expected)

    call = partial(resample.bootstrap_means, values, weight, 0, 0, out)
    shape, n_bytes = f"{n_replicates} means of {n} x {m}", float(values.nbytes)
    peers = {f"CuPy, {few} of them": by_indices}
    return Case("bootstrap", shape, "float64", n_bytes, call, error, peers)


def bins(n: int, k: int, n_bins: int) -> Case:
    """Calibration bins of every class; CuPy finds bins and counts them class by class."""
    xp, draw = _compile.device.xp, draws()
    proba = draw.random((n, k), dtype=np.float32)
    labels = (draw.random(n) * k).astype(np.int64)
    edges = xp.asarray(np.tile(np.arange(1, n_bins) / n_bins, (k, 1)))
    sums = xp.zeros((k, n_bins, 5))

    def by_cupy() -> None:
        for j in range(k):
            place = xp.searchsorted(edges[j], proba[:, j])
            for weights in (proba[:, j], (labels == j).astype(np.float64)):
                xp.bincount(place, weights=weights, minlength=n_bins)

    def error() -> float:
        rows = slice(0, 10_000)
        found, expected = xp.zeros((k, n_bins, 5)), np.zeros((k, n_bins, 5))
        calibration.bin_sums(proba[rows], labels[rows], None, edges, found)
        given = host(proba[rows]), host(labels[rows]), None, host(edges)
        reference.calibration.bin_sums(*given, expected)
        return float(np.max(np.abs(host(found) - expected)))

    call = partial(calibration.bin_sums, proba, labels, None, edges, sums)
    n_bytes = float(proba.nbytes + labels.nbytes)
    shape = f"{n} x {k}, {n_bins} bins"
    return Case("calibration bins", shape, "float32", n_bytes, call, error, {"CuPy": by_cupy})
