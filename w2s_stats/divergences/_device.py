"""KL of rows that lie on a GPU: computed and checked there, what is wrong is found on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_kernels import gpu
from w2s_kernels._backend import as_array, is_bfloat16, on_gpu
from w2s_stats._arrays import array_module, to_host
from w2s_stats._validation import check_weight
from w2s_stats.divergences._probabilities import (
    TOLERANCE,
    as_float,
    check_class_columns,
    check_probabilities,
    check_same_shape,
)

_WIDE = (np.float32, np.float64)


def kl_rows(p: Any, q: Any) -> Any:
    """KL(p || q) of every row of probabilities."""
    given = as_array(p, name="p"), as_array(q, name="q")
    p, q = _pair(*given, _WIDE)
    # Of one type its tolerance, of two each its own.
    tolerance = max(TOLERANCE.get(array.dtype, 0.0) for array in (*given, p))
    n_bad, value = _by_kernel(gpu.divergence.simplex_kl, p, q, tolerance)
    if n_bad or given[0].dtype != given[1].dtype:
        for array, name in zip(given, ("p", "q"), strict=True):
            check_probabilities(to_host(array), name=name)
    if n_bad:
        # A sum at the very tolerance, which float32 rounds to either side.
        _, value = _by_kernel(gpu.divergence.simplex_kl, p, q, 2 * max(TOLERANCE.values()))
    return value


def softmax_kl_rows(z: Any, u: Any, check_row: Callable[..., None]) -> Any:
    """KL(softmax(z) || softmax(u)) of every row; both may be of two bytes a number."""
    bits = is_bfloat16(z) and is_bfloat16(u)
    z, u = as_array(z, name="p", bits=bits), as_array(u, name="q", bits=bits)
    z, u = _pair(z, u, (np.uint16,) if bits else (*_WIDE, np.float16))
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


def _pair(p: Any, q: Any, types: tuple[Any, ...]) -> tuple[Any, Any]:
    """Both on the GPU, in one of the types of number, in one shape and in C order; or raise."""
    if on_gpu(p) != on_gpu(q):
        there, here = ("p", "q") if on_gpu(p) else ("q", "p")
        raise TypeError(
            f"p and q must lie in one memory; found {there} on a GPU and {here} in the CPU's."
        )
    for array, name in ((p, "p"), (q, "q")):
        if array.dtype.kind not in "fiub" or not array.size:
            as_float(to_host(array), name=name)  # which says what is wrong
        check_class_columns(array, None, name=name)
    check_same_shape(p, q, names=("p", "q"))
    common = np.result_type(p.dtype, q.dtype)
    dtype = common if common in types else np.dtype(np.float64)
    xp = array_module(p)
    return xp.ascontiguousarray(p, dtype=dtype), xp.ascontiguousarray(q, dtype=dtype)


def _by_kernel(kernel: Callable[..., Any], p: Any, q: Any, *options: float) -> tuple[int, Any]:
    """The count of bad rows, and every row's divergence."""
    with p.device:
        out = array_module(p).empty(len(p))
        return int(kernel(p, q, *options, out)), out


def _widened(bits: np.ndarray) -> np.ndarray:
    """Numbers of bfloat16 from their bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
