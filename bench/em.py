"""EM: an iteration, a start, ten starts, and the memory of a large fit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from bench._case import Case, Peer, Row, judge
from bench.plain import em_step, softmax_em_step
from w2s_kernels._dispatch import n_threads
from w2s_stats.em import Step, hashed_labels, maximise
from w2s_stats.em import measure as whiten
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._parameters import Block, Parameters
from w2s_stats.mixture._units import constant_of, to_parameters


def simulate(n: int, d: int, k: int, *, gate: bool) -> tuple[np.ndarray, np.ndarray]:
    """A mixture of regressions with clearly different experts."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n, d))
    coef, shift = random.normal(size=(k, d)), np.arange(k)
    logits = X @ random.normal(size=(d, k)) if gate else np.zeros((n, k))
    expert = (logits + random.gumbel(size=(n, k))).argmax(axis=1)
    y = (X * coef[expert]).sum(axis=1) + shift[expert] + 0.5 * random.normal(size=n)
    return X, y


def _model(k: int, gate: str) -> Model:
    return Model(k, (Block("gaussian", 0, 1),), gate)


def _mixture(X: np.ndarray, y: np.ndarray, k: int, gate: str):  # type: ignore[no-untyped-def]
    coordinates = whiten(X, y[:, None], None, center=True, standardise=np.array([True]))
    return build(_model(k, gate), X, y[:, None], None, coordinates)


def _plain(found: Parameters, gate: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, scales and gate as the plain peers have them."""
    coef = np.concatenate([found.intercept, found.coef[:, 0]], axis=1)
    affine = np.c_[found.gate_intercept, found.gate_coef]
    if gate == "softmax":
        return coef, found.scale[:, 0], affine
    prior = np.exp(found.gate_intercept)
    return coef, found.scale[:, 0], prior / prior.sum()


def _flat(result: tuple[Any, ...]) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in result])


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


def one_pass(
    n: int, d: int, k: int, gate: str, *, aims: dict[str, float], flexmix: bool = False
) -> Iterator[Case]:
    """E-step, sufficient statistics and update, against plain NumPy and flexmix."""
    X, y = simulate(n, d, k, gate=gate == "softmax")
    model, mixture = _model(k, gate), _mixture(X, y, k, gate)
    theta = hashed_labels(mixture, 0)
    design = np.c_[np.ones(n), X]
    start = _plain(to_parameters(model, mixture, theta), gate)
    peer = softmax_em_step if gate == "softmax" else em_step

    def in_units(step: Step) -> np.ndarray:
        log_likelihood = step.objective + constant_of(model, mixture)
        moved = _plain(to_parameters(model, mixture, step.proposal), gate)
        return _flat((log_likelihood, *moved))

    yield Case(
        f"EM iteration, {gate} gate",
        f"n={n:,}, d={d}, K={k}",
        "float64",
        lambda: mixture.evaluate(theta),
        [X, y],
        {"NumPy": Peer(lambda: _flat(peer(design, y, *start)))},
        elsewhere={"flexmix": partial(_flexmix, "iteration", X, y, k)} if flexmix else {},
        aims=aims,
        comparable=in_units,
        in_a_row=max(1, 1_000_000 // n),
    )


def start(n: int, d: int, k: int) -> Iterator[Case]:
    """A whole start with a softmax gate, from labels to convergence; another one every time."""
    X, y = simulate(n, d, k, gate=True)
    seeds = count()

    def ours() -> float:
        mixture = _mixture(X, y, k, "softmax")
        theta = hashed_labels(mixture, next(seeds))
        run = partial(maximise, tol=1e-8, max_iter=1000, project=mixture.project)
        return run(mixture.evaluate, theta).step.objective

    yield Case(
        "EM start, softmax gate",
        f"n={n:,}, d={d}, K={k}",
        "float64",
        ours,
        elsewhere={"flexmix": partial(_flexmix, "start", X, y, k)},
        aims={"flexmix": 50.0},
    )


def ten_starts(n: int, d: int, k: int) -> Iterator[Case]:
    """A default fit: ten starts, the information matrix, the checks."""
    X, y = simulate(n, d, k, gate=True)
    fit = MixtureOfExpertsRegressor(k, gate="softmax", random_state=0).fit
    yield Case(
        "ten starts, softmax gate",
        f"n={n:,}, d={d}, K={k}",
        "float64",
        lambda: fit(X, y).lower_bound_,
        aims={"seconds": 1.5},
    )


_MEMORY = """
import sys
import numpy as np
from w2s_stats.mixture import MixtureOfExpertsRegressor

def memory(key):  # in kilobytes; not getrusage, whose peak is also that of the process before exec
    with open("/proc/self/status") as facts:
        return next(int(line.split()[1]) for line in facts if line.startswith(key))

n, d, k = int(sys.argv[1]), 8, 4
random = np.random.default_rng(0)
X, y = random.normal(size=(50_000, d)), random.normal(size=50_000)
MixtureOfExpertsRegressor(k, n_init=1, max_iter=2).fit(X, y)  # compiles
X, y = np.empty((n, d)), np.empty(n)
for start in range(0, n, 100_000):
    rows = slice(start, start + 100_000)
    X[rows] = random.normal(size=X[rows].shape)
    y[rows] = X[rows].sum(axis=1) * random.choice([-2.0, -1.0, 1.0, 2.0], size=len(y[rows]))
before = memory("VmRSS")
MixtureOfExpertsRegressor(k, n_init=1, max_iter=5, random_state=0).fit(X, y)
print(memory("VmHWM") - before)
"""


class PeakMemory:
    """Peak memory of a fit beyond its data, in a process of its own."""

    def __init__(self, n: int, n_quick: int) -> None:
        self.n, self.n_quick = n, n_quick

    def measure(self, *, quick: bool) -> Row:
        n = self.n_quick if quick else self.n
        command = [sys.executable, "-W", "ignore", "-c", _MEMORY, str(n)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
        megabytes = int(done.stdout) * 1024 / 1e6
        return {
            "kernel": "fit, memory beyond data",
            "shape": f"n={n:,}, d=8, K=4",
            "dtype": "float64",
            "threads": n_threads(),
            "megabytes": megabytes,
            "aims": [judge("megabytes", 500.0, megabytes)],
        }


def memory(n: int, n_quick: int) -> Iterator[PeakMemory]:
    """A row that is not a time."""
    yield PeakMemory(n, n_quick)


# 1.05 ms is flexmix's 0.063 s over 60; flexmix's own time on this machine is the other row.
_SMALL = {"NumPy": 15.0, "flexmix": 60.0, "seconds": 1.05e-3}
ROWS: dict[str, Callable[[], Iterator[Any]]] = {
    "EM iteration": partial(one_pass, 50_000, 5, 3, "constant", aims=_SMALL, flexmix=True),
    "EM iteration, large": partial(
        one_pass, 1_000_000, 8, 4, "constant", aims={"read": 7.0, "NumPy": 20.0}
    ),
    "EM iteration, softmax gate": partial(one_pass, 200_000, 8, 4, "softmax", aims={}),
    "EM start": partial(start, 20_000, 16, 4),
    "ten starts": partial(ten_starts, 20_000, 16, 4),
    "memory": partial(memory, 10_000_000, 1_000_000),
}
