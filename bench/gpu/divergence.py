"""KL from logits, of rows of probabilities, and of outputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.gpu._case import FEW, LOGITS_AIMS, ROWS_AIMS, Case, deviation, draws, host
from bench.gpu._device import torch_there
from w2s_kernels import reference
from w2s_kernels.gpu import _compile, divergence


def logits(n: int, k: int, *, near: float = 0.0) -> Case:
    """KL from bfloat16 logits; torch makes two matrices of log-probabilities first.

    With `near`, the second logits are the first ones and so much noise: KL is small, and rows are
    read twice.
    """
    xp, torch = _compile.device.xp, torch_there()
    z, u, out = bits(n, k, 0), bits(n, k, 1), xp.empty(n)
    if near:
        for start in range(0, n, 512):
            rows = slice(start, start + 512)
            u[rows] = shortened(widened(xp, z[rows]) + np.float32(near) * widened(xp, u[rows]))
    peers = {}
    if torch is not None:
        a, b = (torch.from_dlpack(x.view(np.int16)).view(torch.bfloat16) for x in (z, u))

        def by_torch() -> Any:
            log_p, log_q = (torch.log_softmax(x, -1, dtype=torch.float32) for x in (a, b))
            kl = torch.nn.functional.kl_div(log_q, log_p, reduction="none", log_target=True)
            return kl.sum(-1)

        peers["torch"] = by_torch

    def error() -> float:
        expected = np.empty(min(n, FEW))
        reference.divergence.softmax_kl(*(widened(np, host(x[:FEW])) for x in (z, u)), expected)
        return deviation(out[:FEW], expected)

    kernel, aims = ("KL from near logits", {}) if near else ("KL from logits", LOGITS_AIMS)
    call = partial(divergence.softmax_kl, z, u, out)
    return Case(kernel, f"{n} x {k}", "bfloat16", 4.0 * n * k, call, error, peers, aims)


def bits(n: int, k: int, seed: int) -> Any:
    """Bits of bfloat16 logits."""
    found, draw = _compile.device.xp.empty((n, k), dtype=np.uint16), draws(seed)
    for start in range(0, n, 512):
        part = found[start : start + 512]
        part[...] = shortened(np.float32(3) * draw.standard_normal(part.shape, dtype=np.float32))
    return found


def shortened(numbers: Any) -> Any:
    """Bits of bfloat16, cut off."""
    return (numbers.view(np.uint32) >> 16).astype(np.uint16)


def widened(xp: Any, numbers: Any) -> Any:
    """Numbers of the bits of bfloat16."""
    return (numbers.astype(xp.uint32) << 16).view(xp.float32)


def kl_rows(n: int, k: int, dtype: type) -> Case:
    """KL of rows of probabilities."""
    xp, torch = _compile.device.xp, torch_there()
    draw = draws()
    p, q = (draw.random((n, k), dtype=dtype) for _ in range(2))
    for rows in (p, q):
        rows += dtype(1e-3)
        rows /= rows.sum(axis=1, keepdims=True)
    out = xp.empty(n)
    name = np.dtype(dtype).name
    peers = {"CuPy": lambda: (p * xp.log(p / q)).sum(axis=1)}
    if torch is not None:
        a, b = torch.from_dlpack(p), torch.from_dlpack(q)
        div = torch.nn.functional.kl_div
        peers["torch"] = lambda: div(b.log(), a, reduction="none").sum(-1)

    def error() -> float:
        expected = np.empty(min(n, FEW))
        reference.divergence.simplex_kl(host(p[:FEW]), host(q[:FEW]), 1e-4, expected)
        return deviation(out[:FEW], expected)

    call = partial(divergence.simplex_kl, p, q, 1e-4, out)
    n_bytes = float(p.nbytes + q.nbytes + out.nbytes)
    return Case("KL rows", f"{n} x {k}", name, n_bytes, call, error, peers, ROWS_AIMS)


def outputs(n: int) -> Case:
    """KL of positive outputs over the sample."""
    xp, draw = _compile.device.xp, draws()
    f, g = (draw.random(n, dtype=np.float32) + np.float32(0.1) for _ in range(2))
    ones, sums = xp.empty(0), xp.zeros(3)

    def by_cupy() -> Any:
        return (f * xp.log(f / g)).sum() / f.sum() - xp.log(f.sum() / g.sum())

    def error() -> float:
        few, found, expected = slice(0, 10_000), xp.zeros(3), np.zeros(3)
        divergence.output_kl(f[few], g[few], ones, 1.0, 2.0, found)
        reference.divergence.output_kl(host(f[few]), host(g[few]), host(ones), 1.0, 2.0, expected)
        return deviation(found, expected)

    call: Callable[[], Any] = partial(divergence.output_kl, f, g, ones, 1.0, 2.0, sums)
    n_bytes = float(f.nbytes + g.nbytes)
    return Case("output KL", f"{n}", "float32", n_bytes, call, error, {"CuPy": by_cupy})
