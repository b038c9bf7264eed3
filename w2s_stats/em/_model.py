"""A mixture of experts over tiles: one pass maps rows to sufficient statistics, adds, updates."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from types import ModuleType
from typing import NamedTuple

import numpy as np

from w2s_kernels._dispatch import n_threads, thread_map
from w2s_stats._arrays import to_host
from w2s_stats.em._loop import Step
from w2s_stats.em._tiles import Tiles
from w2s_stats.experts import (
    Expert,
    Gate,
    Tile,
    gate_curvature,
    gate_score,
)

_STEEPEST = 30.0


class _Sums(NamedTuple):
    """What a pass adds up over rows, as views of one vector, or of one vector for every lane."""

    log_likelihood: np.ndarray
    gate: list[np.ndarray]
    experts: list[list[np.ndarray]]


@dataclass(frozen=True)
class Mixture:
    """Gate, experts and data; its parameters are one vector, the gate's first.

    The outputs are conditionally independent given the expert (theory 6.1): their log-densities
    add, one block of `experts` after the other.
    """

    gate: Gate
    experts: tuple[Expert, ...]
    tiles: Tiles
    kernels: ModuleType
    parallel: bool = True
    # Buffers of each thread, by size: a pass allocates nothing that grows with the rows.
    _rooms: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    @property
    def room(self) -> dict:
        """The calling thread's buffers."""
        return self._rooms.__dict__

    def split(self, theta: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """The gate's part of a parameter vector, and the experts'."""
        start, experts = self.gate.size, []
        for expert in self.experts:
            experts.append(theta[start : start + expert.n_parameters])
            start += expert.n_parameters
        return theta[: self.gate.size], experts

    @property
    def n_parameters(self) -> int:
        """Free parameters, for information criteria."""
        return self.gate.n_parameters + sum(e.n_parameters for e in self.experts)

    def project(self, theta: np.ndarray) -> np.ndarray:
        gate, experts = self.split(theta)
        parts = [e.project(t) for e, t in zip(self.experts, experts, strict=True)]
        return np.concatenate([gate, *parts])

    def _room(self, size: int, room: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        key = ("posterior", size)
        if key not in room:
            empty, n_experts = self.tiles.empty, self.gate.n_experts
            room[key] = empty(n_experts, size), empty(n_experts, size), empty(size)
        return room[key]

    def log_joint(
        self, tile: Tile, theta: tuple[np.ndarray, list[np.ndarray]], room: dict
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """log p(k | x), log p(k, y | x) and an empty row for the evidence, in buffers."""
        buffer, log_joint, evidence = self._room(tile.weight.size, room)
        gate, experts = theta
        log_gate = self.tiles.xp.asarray(self.gate.log_prob(tile, gate, buffer))
        log_joint[:] = log_gate
        for expert, part in zip(self.experts, experts, strict=True):
            expert.log_prob(tile, part, log_joint)
        return log_gate, log_joint, evidence

    def evaluate(self, theta: np.ndarray) -> Step:
        """One pass: the mean objective at theta and its EM update (theory 6.2)."""
        parts = self.split(theta)
        total = self._pass_at_once(parts)
        if total is None:
            total = self._pass_by_tiles(parts)
        objective = total.log_likelihood[0] - self.gate.penalty(parts[0])
        return Step(
            float(objective) / self.tiles.coordinates.weight,
            self._m_step(parts, total),
            self._effective_rows(total),
        )

    def _pass_at_once(self, theta: tuple[np.ndarray, list[np.ndarray]]) -> _Sums | None:
        """The pass in one call a thread, where a kernel does all that this gate and expert need.

        Threads that meet in Python between two tiles wait for each other.
        """
        log_prior_of = getattr(self.gate, "log_prior", None)
        mixture_pass = getattr(self.experts[0], "mixture_pass", None)
        if log_prior_of is None or mixture_pass is None:
            return None
        if len(self.experts) > 1 or self.tiles.kept is None:
            return None
        rows, _, sums = self._lane_sums()
        found = sums.log_likelihood, sums.gate[0], sums.experts[0]
        gate, (expert,) = theta
        log_prior, n_lanes = log_prior_of(gate), len(self.tiles.lanes)
        n_workers = min(n_threads(), n_lanes) if self.parallel and n_lanes > 1 else 1
        taken = np.zeros(n_lanes, dtype=np.int64)
        data = self.tiles.kept, self.tiles.cuts, self.tiles.lane_cuts

        def take_lanes(worker: int) -> None:
            lanes = worker * n_lanes // n_workers, taken
            mixture_pass(data, log_prior, expert, lanes, *found)

        thread_map(take_lanes, range(n_workers))
        return self._total(rows)

    def _pass_by_tiles(self, theta: tuple[np.ndarray, list[np.ndarray]]) -> _Sums:
        def pass_lane(lane: range, sums: _Sums) -> None:
            room = self.room
            for number in lane:
                self._add_tile(self.tiles.load(number, room), theta, room, sums)

        return self._add_lanes(pass_lane)

    def _add_tile(
        self, tile: Tile, theta: tuple[np.ndarray, list[np.ndarray]], room: dict, sums: _Sums
    ) -> None:
        gate, experts = theta
        whole_pass = getattr(self.experts[0], "whole_pass", None)
        if whole_pass is not None and len(self.experts) == 1:
            buffer, resp, _ = self._room(tile.weight.size, room)
            log_gate = self.gate.log_prob(tile, gate, buffer)
            value = whole_pass(tile, experts[0], log_gate, resp, sums.experts[0])
        else:
            log_gate, resp, evidence = self.log_joint(tile, theta, room)
            value = self.kernels.em.posterior(resp, tile.weight, evidence)
            self._add_experts(tile, experts, resp, sums)
        sums.log_likelihood[0] += value
        self.gate.sufficient_stats(tile, gate, log_gate, resp, sums.gate)

    def _add_experts(
        self, tile: Tile, theta: list[np.ndarray], resp: np.ndarray, sums: _Sums
    ) -> None:
        for expert, part, stats in zip(self.experts, theta, sums.experts, strict=True):
            expert.sufficient_stats(tile, part, resp, stats)

    def start(self, labels: Callable[[int], np.ndarray]) -> np.ndarray:
        """Parameters from given responsibilities, labels(tile number) -> (n_experts, n_rows).

        The M-step of the common fit of all rows: labels that mean nothing move little.
        """
        mean = self.tiles.coordinates.y_mean
        gate, experts = parts = self.gate.start(), [e.start(mean) for e in self.experts]

        def pass_lane(lane: range, sums: _Sums) -> None:
            room = self.room
            for number in lane:
                tile = self.tiles.load(number, room)
                buffer, _, _ = self._room(tile.weight.size, room)
                log_gate = self.gate.log_prob(tile, gate, buffer)
                resp = labels(number) * tile.weight
                self._add_experts(tile, experts, resp, sums)
                self.gate.sufficient_stats(tile, gate, log_gate, resp, sums.gate)

        return self.project(self._m_step(parts, self._add_lanes(pass_lane)))

    def _add_lanes(self, pass_lane: Callable[[range, _Sums], None]) -> _Sums:
        rows, lanes, _ = self._lane_sums()
        self.tiles.map_lanes(pass_lane, lanes, parallel=self.parallel)
        return self._total(rows)

    def _lane_sums(self) -> tuple[np.ndarray, list[_Sums], _Sums]:
        """Zeros, a row for each lane; as sums of a lane each, and as rows of all lanes."""
        room = self.room
        if "sums" not in room:
            shapes = self.gate.stats_shapes, *(e.stats_shapes for e in self.experts)
            size = 1 + sum(math.prod(shape) for part in shapes for shape in part)
            # Two rows at least: views of one look contiguous, and Numba compiles each layout anew.
            n_lanes = len(self.tiles.lanes)
            rows = self.tiles.xp.empty((max(2, n_lanes), size))
            lanes = [self._views(row) for row in rows[:n_lanes]]
            room["sums"] = rows, lanes, self._views(rows)
            total = np.empty(size)
            room["total"] = total, self._views(total)
        room["sums"][0][:] = 0.0
        return room["sums"]

    def _total(self, rows: np.ndarray) -> _Sums:
        """The lanes' sums, added in the order of the lanes: the pass's one copy from a GPU."""
        total, views = self.room["total"]
        total[:] = to_host(rows.sum(axis=0))
        return views

    def _views(self, sums: np.ndarray) -> _Sums:
        start, lead = 1, sums.shape[:-1]

        def cut(shapes: tuple[tuple[int, ...], ...]) -> list[np.ndarray]:
            nonlocal start
            out = []
            for shape in shapes:
                stop = start + math.prod(shape)
                out.append(sums[..., start:stop].reshape(*lead, *shape))
                start = stop
            return out

        gate = cut(self.gate.stats_shapes)
        log_likelihood = sums[..., 0] if lead else sums[:1]
        return _Sums(log_likelihood, gate, [cut(expert.stats_shapes) for expert in self.experts])

    def _m_step(self, theta: tuple[np.ndarray, list[np.ndarray]], total: _Sums) -> np.ndarray:
        gate, experts = theta
        moved = [
            expert.m_step(part, stats)
            for expert, part, stats in zip(self.experts, experts, total.experts, strict=True)
        ]
        return np.concatenate([self.gate.m_step(gate, total.gate), *moved])

    def _effective_rows(self, total: _Sums) -> np.ndarray:
        """Per expert, the least number of rows that one of its outputs has."""
        counts = [e.effective_rows(s) for e, s in zip(self.experts, total.experts, strict=True)]
        return reduce(np.minimum, counts) * self.tiles.coordinates.rows_per_weight

    def degenerate(self, theta: np.ndarray, effective_rows: np.ndarray) -> np.ndarray:
        """Experts with no more rows than coefficients, or with a variance at the floor."""
        _, parts = self.split(theta)
        bad = np.zeros(self.gate.n_experts, dtype=bool)
        for expert, part in zip(self.experts, parts, strict=True):
            bad |= (effective_rows <= expert.n_features) | expert.at_floor(part)
        return bad

    def separated(self, theta: np.ndarray) -> bool:
        """Whether a log-odds or log-rate moves by more than any data determine.

        Features have unit variance: a slope of 30 takes a probability from 1e-13 to its opposite.
        """
        gate, parts = self.split(theta)
        coef = [e.unbounded(part) for e, part in zip(self.experts, parts, strict=True)]
        coef.append(self.gate.unbounded(gate))
        return any(np.abs(c).max(initial=0.0) > _STEEPEST for c in coef)

    def information(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Observed information of the free parameters by Louis' identity, and the score's products.

        I = sum_i w_i { E[-H_i] - E[s_i s_i'] + E[s_i] E[s_i]' }, expectations over the posterior of
        the expert, s_i and H_i the complete-data score and Hessian of row i (theory 6.2). The free
        parameters of the gate come first, then each block of experts, expert by expert.
        """
        parts = self.split(theta)
        positions = self.positions()
        size, xp = self.n_parameters, self.tiles.xp

        def pass_lane(lane: range) -> tuple[np.ndarray, np.ndarray]:
            room = self.room
            information, products = xp.zeros((size, size)), xp.zeros((size, size))
            for number in lane:
                tile = self.tiles.load(number, room)
                for rows in self.tiles.strips(tile, size):
                    self._add_information(rows, parts, positions, information, products)
            return to_host(information), to_host(products)

        results = self.tiles.map_lanes(pass_lane, parallel=self.parallel)
        information = sum(r[0] for r in results)
        n_gate = self.gate.n_parameters
        information[:n_gate, :n_gate] += self.gate.penalty_curvature()
        return information, sum(r[1] for r in results)

    def positions(self) -> list[np.ndarray]:
        """Where the parameters of each expert stand: for each block, (n_experts, P)."""
        out, start = [], self.gate.n_parameters
        for expert in self.experts:
            cells = np.arange(start, start + expert.n_parameters)
            parts = np.split(cells, np.cumsum([int(np.prod(s)) for s in expert.shapes])[:-1])
            out.append(np.concatenate([c.reshape(expert.n_experts, -1) for c in parts], axis=1))
            start += expert.n_parameters
        return out

    def _add_information(
        self,
        tile: Tile,
        theta: tuple[np.ndarray, list[np.ndarray]],
        positions: list[np.ndarray],
        information: np.ndarray,
        products: np.ndarray,
    ) -> None:
        xp = self.tiles.xp
        log_gate, resp, evidence = self.log_joint(tile, theta, self.room)
        self.kernels.em.posterior(resp, np.ones_like(tile.weight), evidence)
        weighted = resp * tile.weight
        proba = np.broadcast_to(np.exp(log_gate), resp.shape)
        n_gate = self.gate.n_parameters
        scores = gate_score(self.gate, tile, proba)
        information[:n_gate, :n_gate] += gate_curvature(self.gate, tile, proba)
        score = xp.zeros((len(information), tile.weight.size))
        score[:n_gate] = np.einsum("kpt,kt->pt", scores, resp)
        own = [scores]
        for expert, part, where in zip(self.experts, theta[1], positions, strict=True):
            part = xp.asarray(part)
            own.append(expert.score(tile, part))
            curvature = expert.curvature(tile, part, weighted)
            for k, cells in enumerate(where):
                information[np.ix_(cells, cells)] += curvature[k]
                score[cells] = own[-1][k] * resp[k]
        for k in range(self.gate.n_experts):
            cells = np.concatenate([np.arange(n_gate), *(w[k] for w in positions)])
            s = np.concatenate([block[k] for block in own])
            information[np.ix_(cells, cells)] -= (s * weighted[k]) @ s.T
        information += (score * tile.weight) @ score.T
        products += (score * tile.weight**2) @ score.T
