"""A row of the table: our call, the arrays it reads, who else does the same, what it must reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

import numpy as np

from bench._timing import Timing, streaming_read, take_turns
from w2s_kernels._dispatch import n_threads, one_blas_thread

Row = dict[str, Any]
Dtype = Literal["float64", "float32"]
DTYPES: tuple[Dtype, ...] = ("float64", "float32")
BUDGET, QUICK_BUDGET = 2.0, 0.05  # seconds of our calls and reads, and of each peer's


@dataclass(frozen=True)
class Peer:
    """A call that computes the same; of a `share` of the work, where all of it takes too long."""

    call: Callable[[], Any]
    threads: int = 1
    share: float = 1.0


@dataclass
class Case:
    """One kernel on given arrays."""

    kernel: str
    shape: str
    dtype: str
    ours: Callable[[], Any]
    arrays: list[np.ndarray] = field(default_factory=list)  # what a streaming read would read
    peers: dict[str, Peer] = field(default_factory=dict)
    # Seconds of peers that run elsewhere, None where they are missing; --quick leaves them out.
    elsewhere: dict[str, Callable[[], float | None]] = field(default_factory=dict)
    # "read" and "seconds" at most, peers' least.
    aims: dict[str, float] = field(default_factory=dict)
    in_a_row: int = 1  # calls that follow each other in a turn, as iterations do
    threads: int = field(default_factory=n_threads)
    comparable: Callable[[Any], Any] = np.asarray  # our result in the form that peers return
    tolerance: float = 1e-9

    def measure(self, *, quick: bool) -> Row:
        """Time it, in turns with the read and with peers."""
        read = streaming_read(self.arrays) if self.arrays else None
        calls = {name: self._turn(peer.call) for name, peer in self.peers.items()}
        budget, least = (QUICK_BUDGET, 1) if quick else (BUDGET, 3)
        with one_blas_thread():
            own, floor = self._turn(self.ours), read and self._turn(read)
            found = take_turns(own, floor, calls, budget=budget, least=least)
        found = {name: timing / self.in_a_row for name, timing in found.items()}
        ours = found["ours"].median
        over = {n: found[n].median / p.share / ours for n, p in self.peers.items()}
        if not quick:
            seconds = {name: call() for name, call in self.elsewhere.items()}
            over.update({name: s / ours for name, s in seconds.items() if s is not None})
        reached = {"seconds": ours, **over}
        if self.arrays:
            reached["read"] = ours / found["read"].median
        return {
            "kernel": self.kernel,
            "shape": self.shape,
            "dtype": self.dtype,
            "threads": self.threads,
            **_times(found["ours"]),
            "over_read": reached.get("read"),
            "peers_over_ours": over,
            "peer_threads": {name: peer.threads for name, peer in self.peers.items()},
            "timed_share": {n: p.share for n, p in self.peers.items() if p.share < 1.0},
            "aims": [judge(of, aim, reached.get(of)) for of, aim in self.aims.items()],
        }

    def _turn(self, call: Callable[[], Any]) -> Callable[[], Any]:
        def calls() -> None:
            for _ in range(self.in_a_row):
                call()

        return calls

    def disagreement(self) -> dict[str, float]:
        """Largest difference of every peer's result to ours, in units of the tolerance."""
        with one_blas_thread():
            ours = np.asarray(self.comparable(self.ours()), dtype=np.float64)
            results = {name: np.asarray(peer.call()) for name, peer in self.peers.items()}
        out = {}
        for name, theirs in results.items():
            mine = ours if theirs.ndim == 0 else ours[: len(theirs)]
            scale = self.tolerance * (1.0 + np.abs(mine))
            out[name] = float(np.max(np.abs(mine - theirs) / scale))
        return out


def _times(timing: Timing) -> Row:
    return {
        "seconds": timing.median,
        "quartiles": [timing.low, timing.high],
        "repeats": timing.repeats,
    }


def judge(of: str, aim: float, found: float | None) -> Row:
    """Whether a number reached its aim; None where it was not measured."""
    at_most = of in ("read", "seconds", "megabytes")
    met = None if found is None else bool(found <= aim if at_most else found >= aim)
    return {"of": of, "at_most" if at_most else "at_least": aim, "met": met}


def in_words(aim: Row) -> str:
    """What was to be reached, and whether it was."""
    verdict = {True: "met", False: "missed", None: "not measured"}[aim["met"]]
    sign, number = ("<=", aim["at_most"]) if "at_most" in aim else (">=", aim["at_least"])
    return f"{aim['of']} {sign} {number:g}: {verdict}"


def torch() -> ModuleType | None:
    """Torch with as many threads as ours, None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(n_threads())
    return torch


def torch_peer(call: Callable[[ModuleType], Callable[[], Any]]) -> dict[str, Peer]:
    """The row's peer in torch, made with the module; none where it is missing."""
    module = torch()
    return {} if module is None else {"torch": Peer(call(module), threads=n_threads())}
