"""EM: an iteration, a start, ten starts, and the memory of a large fit."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench._timing import Timing, measure, streaming_read
from bench.plain import em_step
from w2s_kernels._dispatch import one_blas_thread
from w2s_stats.em import hashed_labels, maximise
from w2s_stats.em import measure as whiten
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._parameters import Block

Row = dict[str, object]


def simulate(n: int, d: int, k: int, *, gate: bool) -> tuple[np.ndarray, np.ndarray]:
    """A mixture of regressions with clearly different experts."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n, d))
    coef, shift = random.normal(size=(k, d)), np.arange(k)
    logits = X @ random.normal(size=(d, k)) if gate else np.zeros((n, k))
    expert = (logits + random.gumbel(size=(n, k))).argmax(axis=1)
    y = (X * coef[expert]).sum(axis=1) + shift[expert] + 0.5 * random.normal(size=n)
    return X, y


def _mixture(X: np.ndarray, y: np.ndarray, k: int, gate: str):  # type: ignore[no-untyped-def]
    model = Model(k, (Block("gaussian", 0, 1),), gate)
    coordinates = whiten(X, y[:, None], None, center=True, standardise=np.array([True]))
    return build(model, X, y[:, None], None, coordinates)


def _flexmix(what: str, X: np.ndarray, y: np.ndarray, k: int) -> float | None:
    """Seconds by R's flexmix, None where R or flexmix is not installed."""
    if shutil.which("Rscript") is None:
        return None
    script = Path(__file__).with_name("flexmix.R")
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "data.csv"
        names = ["y", *(f"x{j}" for j in range(X.shape[1]))]
        np.savetxt(table, np.c_[y, X], delimiter=",", header=",".join(names), comments="")
        command = ["Rscript", str(script), what, str(table), str(k)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def _row(name: str, shape: str, timing: Timing, **ratios: float | None) -> Row:
    return {
        "kernel": name,
        "shape": shape,
        "seconds": timing.median,
        "quartiles": [timing.low, timing.high],
        "repeats": timing.repeats,
        **ratios,
    }


def iteration(*, quick: bool) -> Row:
    """One EM iteration with a constant gate, against plain NumPy and flexmix."""
    n, d, k = 50_000, 5, 3
    X, y = simulate(n, d, k, gate=False)
    mixture = _mixture(X, y, k, "constant")
    theta = hashed_labels(mixture, 0)
    design = np.c_[np.ones(n), X]
    coef = np.random.default_rng(1).normal(size=(k, d + 1))
    with one_blas_thread():  # as in a fit
        ours = measure(lambda: mixture.evaluate(theta), repeats=50 if quick else 1000)
        numpy = measure(lambda: em_step(design, y, coef, np.ones(k), np.full(k, 1 / k)), repeats=9)
    read = streaming_read([X, y], repeats=50)
    flexmix = None if quick else _flexmix("iteration", X, y, k)
    return _row(
        "EM iteration, constant gate",
        f"n={n}, d={d}, K={k}",
        ours,
        over_read=ours.median / read.median,
        numpy_over_ours=numpy.median / ours.median,
        flexmix_over_ours=flexmix / ours.median if flexmix else None,
    )


def large_iteration(*, quick: bool) -> Row:
    """The same on data that no cache holds."""
    n, d, k = 1_000_000, 8, 4
    X, y = simulate(n, d, k, gate=False)
    mixture = _mixture(X, y, k, "constant")
    theta = hashed_labels(mixture, 0)
    read = streaming_read([X, y], repeats=20)
    design = np.c_[np.ones(n), X]
    coef = np.random.default_rng(1).normal(size=(k, d + 1))
    with one_blas_thread():
        ours = measure(lambda: mixture.evaluate(theta), repeats=5 if quick else 20)
        numpy = measure(lambda: em_step(design, y, coef, np.ones(k), np.full(k, 1 / k)), repeats=3)
    return _row(
        "EM iteration, constant gate",
        f"n={n}, d={d}, K={k}",
        ours,
        over_read=ours.median / read.median,
        numpy_over_ours=numpy.median / ours.median,
    )


def softmax_start(*, quick: bool) -> Row:
    """A whole start with a softmax gate, from labels to convergence, against flexmix's."""
    n, d, k = 20_000, 16, 4
    X, y = simulate(n, d, k, gate=True)

    def start(seed: int) -> None:
        mixture = _mixture(X, y, k, "softmax")
        theta = hashed_labels(mixture, seed)
        maximise(mixture.evaluate, theta, tol=1e-8, max_iter=1000, project=mixture.project)

    seeds = iter(range(100))
    ours = measure(lambda: start(next(seeds)), repeats=3 if quick else 10)
    flexmix = None if quick else _flexmix("start", X, y, k)
    return _row(
        "EM start, softmax gate",
        f"n={n}, d={d}, K={k}",
        ours,
        flexmix_over_ours=flexmix / ours.median if flexmix else None,
    )


def ten_starts(*, quick: bool) -> Row:
    """A default fit: ten starts, the information matrix, the checks."""
    n, d, k = 20_000, 16, 4
    X, y = simulate(n, d, k, gate=True)
    fit = MixtureOfExpertsRegressor(k, gate="softmax", random_state=0).fit
    ours = measure(lambda: fit(X, y), repeats=1 if quick else 3)
    return _row("fit, softmax gate, ten starts", f"n={n}, d={d}, K={k}", ours)


_MEMORY = """
import resource, sys
import numpy as np
from w2s_stats.mixture import MixtureOfExpertsRegressor
n, d, k = int(sys.argv[1]), 8, 4
random = np.random.default_rng(0)
X, y = np.empty((n, d)), np.empty(n)
for start in range(0, n, 100_000):
    rows = slice(start, start + 100_000)
    X[rows] = random.normal(size=X[rows].shape)
    y[rows] = X[rows].sum(axis=1) * random.choice([-2.0, -1.0, 1.0, 2.0], size=len(y[rows]))
MixtureOfExpertsRegressor(k, n_init=1, max_iter=2).fit(X[:50_000], y[:50_000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model = MixtureOfExpertsRegressor(k, n_init=1, max_iter=5, random_state=0).fit(X, y)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, model.n_iter_)
"""


def memory(*, quick: bool) -> Row:
    """Peak memory of a fit beyond its data, in a process of its own."""
    n = 1_000_000 if quick else 10_000_000
    command = [sys.executable, "-W", "ignore", "-c", _MEMORY, str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kilobytes, _ = done.stdout.split()
    return {
        "kernel": "fit, peak memory beyond the data",
        "shape": f"n={n}, d=8, K=4",
        "megabytes": int(kilobytes) * 1024 / 1e6,
    }


def rows(*, quick: bool) -> Iterator[Row]:
    """Every measurement, one after the other."""
    for measurement in (iteration, large_iteration, softmax_start, ten_starts, memory):
        yield measurement(quick=quick)
