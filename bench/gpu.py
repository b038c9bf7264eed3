"""``python -m bench.gpu [--check-only] [--json FILE]``: the CUDA kernels, checked and timed.

First the suite of tests/gpu on the device, then every kernel on arrays of up to 4 GB: its time, its
bandwidth over that of a copy measured in the same run, and the time of what one would write with
CuPy or torch over its own. Meant to take under eight minutes on one GPU; not yet run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench._case import in_words, judge
from bench.em import simulate
from w2s_kernels import gpu, reference
from w2s_kernels.gpu import _compile, calibration, divergence, experts, misfit, resample
from w2s_stats.em import Mixture
from w2s_stats.em import measure as measure_data
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._parameters import Block

ROOT = Path(__file__).resolve().parents[1]
BYTES = 4e9
_FEW = 64  # rows that are compared with the reference
TOLERANCE = 1e-5  # of their error
# On one H200, at least: bandwidth over that of a copy, and the time of peers over ours.
LOGITS_AIMS = {"copy": 0.85, "torch": 3.0}
ROWS_AIMS = {"copy": 0.85, "torch": 2.0, "CuPy": 2.0}


@dataclass
class Case:
    """A kernel on given arrays, what it reads and writes, and what others do with the same."""

    kernel: str
    shape: str
    dtype: str
    n_bytes: float
    call: Callable[[], Any]
    error: Callable[[], float]
    peers: dict[str, Callable[[], Any]] = field(default_factory=dict)
    aims: dict[str, float] = field(default_factory=dict)


def absence() -> str | None:
    """One sentence that says why nothing can be measured, None where it can."""
    if importlib.util.find_spec("cupy") is None:
        return "No GPU was used: CuPy is not installed (pip install 'w2s-stats[gpu]')."
    import cupy

    if not cupy.is_available():
        return f"No GPU was found by CuPy {cupy.__version__}: nothing was checked or measured."
    return None


def check() -> bool:
    """Run the oracle suite on the device."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    return subprocess.run([*command, "tests/gpu"], cwd=ROOT, check=False).returncode == 0


# ---------------------------------------------------------------- time


def measure(call: Callable[[], Any], *, repeats: int = 20, budget: float = 3.0) -> list[float]:
    """Seconds of repeated calls after two warm ones, no more of them than the budget holds."""
    xp = _compile.device.xp
    seconds: list[float] = []
    for number in range(-2, repeats):
        if xp is np:
            start = time.perf_counter()
            call()
            took = time.perf_counter() - start
        else:
            begin, end = xp.cuda.Event(), xp.cuda.Event()
            begin.record()
            call()
            end.record()
            end.synchronize()
            took = xp.cuda.get_elapsed_time(begin, end) / 1e3
        if number >= 0:
            seconds.append(took)
        if seconds and sum(seconds) > budget:
            break
    return seconds


def copy_bandwidth(n_bytes: float) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    xp = _compile.device.xp
    source = xp.zeros(int(n_bytes / 8), dtype=np.float32)
    target = xp.empty_like(source)
    return 2 * source.nbytes / float(np.median(measure(lambda: xp.copyto(target, source))))


def row_of(case: Case, bandwidth: float, *, repeats: int = 20) -> dict:
    """Time a case and its peers."""
    low, median, high = np.quantile(measure(case.call, repeats=repeats), [0.25, 0.5, 0.75])
    peers = {
        name: float(np.median(measure(call, repeats=repeats))) / median
        for name, call in case.peers.items()
    }
    over_copy = case.n_bytes / median / bandwidth
    reached = {"copy": over_copy, **peers}
    return {
        "kernel": case.kernel,
        "shape": case.shape,
        "dtype": case.dtype,
        "seconds": float(median),
        "quartiles": [float(low), float(high)],
        "gigabytes_a_second": case.n_bytes / median / 1e9,
        "over_copy": over_copy,
        "peers_over_ours": peers,
        "aims": [judge(of, aim, reached.get(of)) for of, aim in case.aims.items()],
        "error": case.error(),
    }


# ---------------------------------------------------------------- cases


def _host(array: Any) -> np.ndarray:
    return np.asarray(array.get() if hasattr(array, "get") else array)


def _deviation(found: Any, expected: np.ndarray) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(_host(found) - expected) / np.abs(expected)))


def _torch() -> Any:
    """The module torch, if it is there and sees the device."""
    if _compile.device.xp is np or importlib.util.find_spec("torch") is None:
        return None
    import torch

    return torch if torch.cuda.is_available() else None


def _draws(seed: int = 0) -> Any:
    return _compile.device.xp.random.default_rng(seed)


def _logits(n: int, k: int, seed: int) -> Any:
    """Bits of bfloat16 logits."""
    xp = _compile.device.xp
    bits, draw = xp.empty((n, k), dtype=np.uint16), _draws(seed)
    for start in range(0, n, 512):
        part = bits[start : start + 512]
        numbers = np.float32(3) * draw.standard_normal(part.shape, dtype=np.float32)
        part[...] = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    return bits


def _widened(bits: Any) -> np.ndarray:
    return (_host(bits).astype(np.uint32) << 16).view(np.float32)


def logits(n: int, k: int) -> Case:
    """KL from bfloat16 logits; torch makes two matrices of log-probabilities first."""
    xp, torch = _compile.device.xp, _torch()
    z, u, out = _logits(n, k, 0), _logits(n, k, 1), xp.empty(n)
    peers = {}
    if torch is not None:
        a, b = (torch.from_dlpack(x.view(np.int16)).view(torch.bfloat16) for x in (z, u))

        def by_torch() -> Any:
            log_p, log_q = (torch.log_softmax(x, -1, dtype=torch.float32) for x in (a, b))
            kl = torch.nn.functional.kl_div(log_q, log_p, reduction="none", log_target=True)
            return kl.sum(-1)

        peers["torch"] = by_torch

    def error() -> float:
        expected = np.empty(min(n, _FEW))
        reference.divergence.softmax_kl(_widened(z[:_FEW]), _widened(u[:_FEW]), expected)
        return _deviation(out[:_FEW], expected)

    call = partial(divergence.softmax_kl, z, u, out)
    shape = f"{n} x {k}"
    n_bytes = 4.0 * n * k
    return Case("KL from logits", shape, "bfloat16", n_bytes, call, error, peers, LOGITS_AIMS)


def kl_rows(n: int, k: int, dtype: type) -> Case:
    """KL of rows of probabilities."""
    xp, torch = _compile.device.xp, _torch()
    draw = _draws()
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
        expected = np.empty(min(n, _FEW))
        reference.divergence.simplex_kl(_host(p[:_FEW]), _host(q[:_FEW]), 1e-4, expected)
        return _deviation(out[:_FEW], expected)

    call = partial(divergence.simplex_kl, p, q, 1e-4, out)
    n_bytes = float(p.nbytes + q.nbytes + out.nbytes)
    return Case("KL rows", f"{n} x {k}", name, n_bytes, call, error, peers, ROWS_AIMS)


def misfits(n_tasks: int, n: int) -> Case:
    """Misfit and both errors of many tasks."""
    xp, torch = _compile.device.xp, _torch()
    draw = _draws()
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
        reference.misfit.squared_errors(*(_host(x) for x in parts), None, expected)
        return _deviation(found, expected)

    call = partial(misfit.squared_errors, weak, student, truth, None, sums)
    n_bytes = 3.0 * weak.nbytes
    shape = f"{n_tasks} tasks x {n}"
    return Case("misfit", shape, "float32", n_bytes, call, error, peers, ROWS_AIMS)


def bootstrap(n: int, m: int, n_replicates: int) -> Case:
    """Bootstrap means; CuPy draws indices and gathers rows, for a few replicates."""
    xp = _compile.device.xp
    values, weight = _draws().random((n, m)), xp.ones(n)
    out = xp.empty((n_replicates, m))
    few, draw = max(1, n_replicates // 100), _draws()

    def by_indices() -> None:
        for _ in range(few):
            values[draw.integers(0, n, n)].mean(axis=0)

    def error() -> float:
        found, expected = xp.empty((2, m)), np.empty((2, m))
        rows = slice(0, 10_000)
        resample.bootstrap_means(values[rows], weight[rows], 1, 0, found)
        with np.errstate(over="ignore"):
            reference.resample.bootstrap_means(
                _host(values[rows]), _host(weight[rows]), 1, 0, expected
            )
        return _deviation(found, expected)

    call = partial(resample.bootstrap_means, values, weight, 0, 0, out)
    shape, n_bytes = f"{n_replicates} means of {n} x {m}", float(values.nbytes)
    peers = {f"CuPy, {few} of them": by_indices}
    return Case("bootstrap", shape, "float64", n_bytes, call, error, peers)


def bins(n: int, k: int, n_bins: int) -> Case:
    """Calibration bins of every class; CuPy finds bins and counts them class by class."""
    xp, draw = _compile.device.xp, _draws()
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
        host = (_host(proba[rows]), _host(labels[rows]), None, _host(edges))
        reference.calibration.bin_sums(*host, expected)
        return float(np.max(np.abs(_host(found) - expected)))

    call = partial(calibration.bin_sums, proba, labels, None, edges, sums)
    n_bytes = float(proba.nbytes + labels.nbytes)
    shape = f"{n} x {k}, {n_bins} bins"
    return Case("calibration bins", shape, "float32", n_bytes, call, error, {"CuPy": by_cupy})


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
    xp, draw, random = _compile.device.xp, _draws(), np.random.default_rng(1)
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
        host = [_host(a) for a in tile]
        reference.experts.gaussian_pass(*host, *rest, np.empty((k, few)), *expected)
        return max(_deviation(a, b) for a, b in zip(found, expected, strict=True))

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
        pairs = (X[:few], y[:few], gpu), (_host(X[:few]), _host(y[:few]), reference)
        found, expected = (_mixture(a, b, k, m).evaluate(theta).proposal for a, b, m in pairs)
        return _deviation(found, expected)

    call = partial(mixture.evaluate, theta)
    peers = {"CuPy, no M-step": lambda: _em_by_cupy(xp, design, y[:, 0], coef, 0.5)}
    n_bytes = 8.0 * n * (d + 3 + k)
    return Case("EM iteration", f"{n} x {d}, {k} experts", "float64", n_bytes, call, error, peers)


def cases(scale: float = 1.0) -> Iterator[Case]:
    """All of them, one after another: no two need the device's memory together."""
    size = BYTES * scale
    yield logits(max(2, int(8192 * scale)), 50_257)
    for dtype in (np.float32, np.float64):
        for k in (2, 10, 64, 1000):
            yield kl_rows(max(2, int(size / (2 * k * np.dtype(dtype).itemsize))), k, dtype)
    yield misfits(100, max(2, int(size / 1200)))
    yield bootstrap(max(100, int(1e6 * scale)), 3, max(2, int(2000 * scale)))
    yield bins(max(100, int(1e7 * scale)), 10, 15)
    for em in (em_pass, em_iteration):
        yield em(max(200, int(1e6 * scale)), 8, 4)


# ---------------------------------------------------------------- table


def machine() -> dict[str, Any]:
    """Device, driver and versions: a row without them says nothing."""
    import cupy

    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    torch = _torch()
    return {
        "device": properties["name"].decode(),
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "runtime": cupy.cuda.runtime.runtimeGetVersion(),
        "cupy": cupy.__version__,
        "torch": None if torch is None else torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def table_of(rows: list[dict], title: str) -> Table:
    """One line a kernel."""
    table = Table("kernel", "shape", "type", "median", "quartiles", "GB/s", "x copy", title=title)
    table.add_column("peer / ours", justify="right")
    table.add_column("aims")
    table.add_column("error", justify="right")
    for row in rows:
        low, high = (1e3 * t for t in row["quartiles"])
        table.add_row(
            row["kernel"],
            row["shape"],
            row["dtype"],
            f"{row['seconds'] * 1e3:.3f} ms",
            f"{low:.3f}-{high:.3f}",
            f"{row['gigabytes_a_second']:.0f}",
            f"{row['over_copy']:.2f}",
            ", ".join(f"{name} {ratio:.1f}" for name, ratio in row["peers_over_ours"].items()),
            "\n".join(map(in_words, row["aims"])),
            f"{row['error']:.0e}",
        )
    return table


def agrees(rows: list[dict]) -> bool:
    """Whether every kernel computed what the reference does; NaN does not."""
    return all(row["error"] <= TOLERANCE for row in rows)


def main(arguments: list[str] | None = None) -> int:
    """Check, time, print, write; the exit status says whether all agreed."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--check-only", action="store_true", help="run the checks, time nothing")
    parser.add_argument("--json", metavar="FILE", default="gpu.json", help="where the rows go")
    parsed = parser.parse_args(arguments)
    missing = absence()
    if missing:
        print(missing)
        return 1
    agree = check()
    if parsed.check_only:
        return 0 if agree else 1
    console, facts = Console(width=170), machine()
    bandwidth = copy_bandwidth(BYTES)
    rows: list[dict] = []
    for case in cases():
        rows.append(row_of(case, bandwidth))
        console.print(f"{case.kernel}, {case.shape}: done", style="dim")
    agree = agree and agrees(rows)
    title = ", ".join(f"{key} {value}" for key, value in facts.items())
    console.print(table_of(rows, f"{title}\ncopy {bandwidth / 1e9:.0f} GB/s"))
    with open(parsed.json, "w") as file:
        json.dump(
            {"machine": facts, "copy": bandwidth, "agree": agree, "rows": rows}, file, indent=1
        )
        file.write("\n")
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
