"""Divergences of arrays that lie on a GPU: computed and checked there, in their own memory.

Callers have made that GPU the current one (`device_of`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_kernels import gpu
from w2s_kernels._backend import on_gpu
from w2s_stats._arrays import array_module, to_host
from w2s_stats._validation import check_weight
from w2s_stats.divergences._probabilities import (
    TOLERANCE,
    as_float,
    check_class_columns,
    check_probabilities_anywhere,
    check_same_shape,
)

_WIDE = (np.float32, np.float64)


def kl_rows(p: Any, q: Any) -> Any:
    """KL(p || q) of every row of probabilities."""
    given = p, q
    p, q = _class_rows(p, q, _WIDE)
    # Of one type its tolerance, of two each its own.
    tolerance = max(TOLERANCE.get(array.dtype, 0.0) for array in (*given, p))
    n_bad, value = _by_kernel(gpu.divergence.simplex_kl, p, q, tolerance)
    if n_bad or given[0].dtype != given[1].dtype:
        for array, name in zip(given, ("p", "q"), strict=True):
            check_probabilities_anywhere(array, name=name)
    if n_bad:
        # A sum at the very tolerance, which float32 rounds to either side.
        _, value = _by_kernel(gpu.divergence.simplex_kl, p, q, 2 * max(TOLERANCE.values()))
    return value


def softmax_kl_rows(z: Any, u: Any, check_row: Callable[..., None], *, bits: bool) -> Any:
    """KL(softmax(z) || softmax(u)) of every row; `bits` are those of bfloat16."""
    z, u = _class_rows(z, u, (np.uint16,) if bits else (*_WIDE, np.float16))
    n_bad, value = _by_kernel(gpu.divergence.softmax_kl, z, u)
    if n_bad:
        row = int(np.isnan(value).argmax())
        for logits, name in ((z, "p"), (u, "q")):
            found = to_host(logits[row])
            check_row(_widened(found) if bits else found, row, name=name)
    return value


def mean(values: Any, sample_weight: Any) -> float:
    """Weighted mean over rows; a row of weight zero does not count, whatever its value."""
    weight = check_weight(sample_weight, values)
    if weight is None:
        return float(values.mean())
    counted = array_module(values).where(weight > 0, weight * values, 0.0)
    return float(counted.sum() / weight.sum())


def squared_distance(f: Any, g: Any, sample_weight: Any, check: Callable[..., object]) -> float:
    """Weighted mean over rows of the squared distance, by the misfit kernel: one task, no truth."""
    names = ("f", "g")
    f, g = pair(f, g, names, _WIDE)
    if f.ndim not in (1, 2):
        check(to_host(f), to_host(g), names=names)  # which says what is wrong
    xp = array_module(f)
    weight, n_outputs = check_weight(sample_weight, f), f.size // len(f)
    if weight is not None:
        weight = xp.repeat(weight, n_outputs)
    a, b = f.reshape(1, -1), g.reshape(1, -1)
    n_bad, sums = error_sums(a, b, a, weight)
    # The kernel does not look at rows without weight.
    if n_bad or (weight is not None and not all(xp.isfinite(x).all() for x in (f, g))):
        check(to_host(f), to_host(g), names=names)
    total, _, apart, *_ = sums[0]
    return float(apart / total * n_outputs)


def error_sums(weak: Any, student: Any, truth: Any, weight: Any) -> tuple[int, np.ndarray]:
    """What the misfit kernel counts and adds up of tasks in C order, (n_tasks, 6) on the host.

    Weights (n,) are shares of the largest: of float32 predictions they become float32, which does
    not hold every weight. Means do not change.
    """
    sums = array_module(weak).zeros((len(weak), 6))
    if weight is not None:
        dtype = np.result_type(weak.dtype, student.dtype, truth.dtype)
        weight = (weight / weight.max()).astype(dtype)[None]
    n_bad = int(gpu.misfit.squared_errors(weak, student, truth, weight, sums))
    return n_bad, to_host(sums)


def output_sums(f: Any, g: Any, weight: Any, f_scale: float, g_scale: float) -> np.ndarray:
    """Sums of w (a log(a/b) - a + b), w a and w b, of a = f f_scale and b = g g_scale."""
    xp = array_module(f)
    weight, sums = xp.empty(0) if weight is None else weight, xp.zeros(3)
    gpu.divergence.output_kl(f, g, weight, f_scale, g_scale, sums)
    return to_host(sums)


def softmax_kl(f: Any, g: Any) -> float:
    """KL of two softmaxes over the sample: one row."""
    a, b = (x[None].astype(np.float64, copy=False) for x in (f, g))
    return float(_by_kernel(gpu.divergence.softmax_kl, a, b)[1][0])


def check_one_memory(p: Any, q: Any, names: tuple[str, str]) -> None:
    """Raise unless both lie on one GPU."""
    if on_gpu(p) != on_gpu(q):
        there, here = names if on_gpu(p) else names[::-1]
        raise TypeError(
            f"{names[0]} and {names[1]} must lie in one memory; found {there} on a GPU and {here} "
            "in the CPU's."
        )
    if p.device.id != q.device.id:
        raise ValueError(
            f"{names[0]} and {names[1]} must lie on one GPU; found numbers {p.device.id} and "
            f"{q.device.id}."
        )


def pair(p: Any, q: Any, names: tuple[str, str], types: tuple[Any, ...]) -> tuple[Any, Any]:
    """Both in one of the types of number, in one shape and in C order; or raise."""
    for array, name in zip((p, q), names, strict=True):
        if array.dtype.kind not in "fiub" or not array.size:
            as_float(to_host(array), name=name)  # which says what is wrong
    check_same_shape(p, q, names=names)
    common = np.result_type(p.dtype, q.dtype)
    dtype = common if common in types else np.dtype(np.float64)
    xp = array_module(p)
    return xp.ascontiguousarray(p, dtype=dtype), xp.ascontiguousarray(q, dtype=dtype)


def _class_rows(p: Any, q: Any, types: tuple[Any, ...]) -> tuple[Any, Any]:
    """The pair, on one GPU, of a row a sample and a column a class."""
    check_one_memory(p, q, ("p", "q"))
    for array, name in ((p, "p"), (q, "q")):
        if array.size:
            check_class_columns(array, None, name=name)
    return pair(p, q, ("p", "q"), types)


def _by_kernel(kernel: Callable[..., Any], p: Any, q: Any, *options: float) -> tuple[int, Any]:
    """The count of bad rows, and every row's divergence."""
    out = array_module(p).empty(len(p))
    return int(kernel(p, q, *options, out)), out


def _widened(bits: np.ndarray) -> np.ndarray:
    """Numbers of bfloat16 from their bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
