"""KL of probabilities, of logits, and of outputs over a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import log_softmax, rel_entr

from bench._case import DTYPES, Case, Dtype, Peer, torch_peer
from w2s_kernels import cpu
from w2s_kernels._dispatch import thread_map
from w2s_stats.divergences import _rows, kl_divergence, output_kl_divergence
from w2s_stats.divergences._probabilities import TOLERANCE

Kernel = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]

MEAN_AIMS = {
    "float64": {"read": 1.6, "SciPy": 20.0, "torch": 12.0},
    "float32": {"read": 2.0, "SciPy": 20.0, "torch": 12.0},
}
ROW_AIMS = {
    "float64": {2: 2.2, 10: 1.9, 64: 1.7, 1000: 1.5},
    "float32": {2: 3.0, 10: 2.6, 64: 2.1, 1000: 1.6},
}
PUBLIC_AIMS = {2: {"read": 5.0}, 10: {"read": 2.7, "SciPy": 12.0}, 1000: {"read": 1.6}}


def _tolerance(dtype: Dtype) -> float:
    return 1e-9 if dtype == "float64" else 1e-4


def _distributions(random: np.random.Generator, n: int, k: int, dtype: Dtype) -> np.ndarray:
    p = random.standard_exponential((n, k), dtype=dtype)
    p += 1e-6  # a peer would make NaN of 0 log 0
    p /= p.sum(axis=1, keepdims=True)
    return p


def _chunks(p: np.ndarray) -> list[slice]:
    """Rows as the library cuts them."""
    n_rows = max(1, _rows._CHUNK // p.shape[1])
    return [slice(start, start + n_rows) for start in range(0, len(p), n_rows)]


def _write(kernel: Kernel, p: np.ndarray, q: np.ndarray, out: np.ndarray) -> np.ndarray:
    """The kernel alone, over the pool."""
    thread_map(lambda rows: kernel(p[rows], q[rows], out[rows]), _chunks(p))
    return out


def _mean(p: np.ndarray, q: np.ndarray) -> float:
    """Mean KL of rows known to be distributions: all terms p log(p/q) - p + q, whatever the row."""
    return _rows.output_sums(p.reshape(-1), q.reshape(-1), None, 1.0, 1.0)[0] / len(p)


def probabilities(n: int, k: int, dtype: Dtype) -> Iterator[Case]:
    """Rows of KL; at k = 10 their mean; in float64 the public function."""
    random = np.random.default_rng(0)
    p, q = (_distributions(random, n, k, dtype) for _ in range(2))
    read_only = _rows.read_only(p), _rows.read_only(q)
    tolerance, out = TOLERANCE[p.dtype], np.empty(n)

    def kernel(p: np.ndarray, q: np.ndarray, out: np.ndarray) -> None:
        cpu.divergence.simplex_kl(p, q, tolerance, out)

    def peers(finish: Callable[[Any], Any]) -> dict[str, Peer]:
        def by_torch(torch: ModuleType) -> Callable[[], Any]:
            x, y = torch.from_numpy(p), torch.from_numpy(q)
            kl = partial(torch.nn.functional.kl_div, reduction="none")
            return lambda: finish(kl(y.log(), x).sum(1))

        return {
            "SciPy": Peer(lambda: finish(rel_entr(p, q).sum(axis=1))),
            "NumPy": Peer(lambda: finish((p * np.log(p / q)).sum(axis=1))),
            **torch_peer(by_torch),
        }

    def case(name: str, ours: Callable[[], Any], peers: dict[str, Peer], aims: dict) -> Case:
        facts = f"{n:,} x {k}", dtype, ours, [p, q]
        return Case(name, *facts, peers, aims=aims, tolerance=_tolerance(dtype))

    of_rows, of_mean = peers(lambda rows: rows), peers(lambda rows: rows.mean())
    if k == 10:
        yield case("mean KL, unchecked", lambda: _mean(p, q), of_mean, MEAN_AIMS[dtype])
    aims = {"read": ROW_AIMS[dtype][k]} if k in ROW_AIMS[dtype] else {}
    if dtype == "float64":
        aims["SciPy"] = 10.0
    yield case("KL rows", lambda: _write(kernel, *read_only, out), of_rows, aims)
    if dtype == "float64" and k in PUBLIC_AIMS:
        public = partial(kl_divergence, p, q)
        yield case("kl_divergence, checked", public, of_mean, PUBLIC_AIMS[k])


def logits(n: int, k: int) -> Iterator[Case]:
    """KL of rows of logits, as of a vocabulary; SciPy for a share of the rows."""
    random = np.random.default_rng(0)
    few = max(1, n // 50)  # drawing them all would take longer than the rest
    drawn = 3.0 * random.standard_normal((2, few, k), dtype=np.float32)
    z, u = (np.resize(part, (n, k)) for part in drawn)
    read_only, out = (_rows.read_only(z), _rows.read_only(u)), np.empty(n)

    def by_scipy() -> np.ndarray:
        log_p, log_q = log_softmax(z[:few], axis=1), log_softmax(u[:few], axis=1)
        return rel_entr(np.exp(log_p), np.exp(log_q)).sum(axis=1)

    def by_torch(torch: ModuleType) -> Callable[[], Any]:
        x, y = torch.from_numpy(z), torch.from_numpy(u)
        f = torch.nn.functional

        def rows() -> Any:
            log_p, log_q = f.log_softmax(x, dim=1), f.log_softmax(y, dim=1)
            return f.kl_div(log_q, log_p, reduction="none", log_target=True).sum(1)

        return rows

    yield Case(
        "KL from logits",
        f"{n:,} x {k:,}",
        "float32",
        lambda: _write(cpu.divergence.softmax_kl, *read_only, out),
        [z, u],
        {"SciPy": Peer(by_scipy, share=few / n), **torch_peer(by_torch)},
        aims={"read": 2.2, "torch": 10.0},
        tolerance=_tolerance("float32"),
    )


def outputs(n: int) -> Iterator[Case]:
    """KL of outputs that are made distributions over the sample."""
    random = np.random.default_rng(0)
    f, g = (random.standard_exponential(n) for _ in range(2))
    yield Case(
        "output_kl_divergence",
        f"{n:,}",
        "float64",
        lambda: output_kl_divergence(f, g),
        [f, g],
        {"SciPy": Peer(lambda: stats.entropy(f, g))},
    )


ROWS = {
    **{
        f"KL, k={k}, {dtype}": partial(probabilities, 10_000_000 // k, k, dtype)
        for dtype in DTYPES
        for k in (2, 10, 64, 1000)
    },
    "KL from logits": partial(logits, 2000, 50_257),
    "output KL": partial(outputs, 10_000_000),
}
