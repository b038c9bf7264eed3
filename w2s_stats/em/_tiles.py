"""The data as the EM sees them: strips of whitened rows, in memory or made when they are needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from types import ModuleType

import numpy as np

from w2s_kernels._dispatch import thread_map
from w2s_stats._arrays import array_module
from w2s_stats.em._coordinates import Coordinates
from w2s_stats.experts import Tile

_TILE_BYTES = 1 << 20  # half of a core's second-level cache
_LONGEST, _SHORTEST = 8192, 512
_LINE = 8  # numbers of a cache line
# Rows are summed in this many lanes, whatever the number of threads: results do not depend on it.
_LANES = 8
_KEEP_BYTES = 1 << 27  # whitened data up to this size are kept between passes
# A GPU adds in parallel by itself: few tiles in one lane, as large as its memory bears.
_GPU_TILE_BYTES, _GPU_KEEP_BYTES = 1 << 30, 1 << 32
_STRIP, _GPU_STRIP = 1 << 18, 1 << 24  # numbers of an array that an expression makes of a tile


class Tiles:
    """Rows of (X, Y) with weights, cut into tiles, tiles into lanes that threads can take.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64, np.memmap too
        Of NumPy or CuPy, and Y and the weights as X.
    Y : ndarray of shape (n_samples, n_outputs), NaN where missing
    weight : ndarray of shape (n_samples,) or None
    coordinates : Coordinates
    quadratic_gate : bool
        Whether the gate sees features of degree two.
    n_experts : int
        For the size of a tile: a pass keeps three numbers per row and expert.
    kernels : module
        A backend with `em` and `gates`.
    """

    def __init__(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray | None,
        coordinates: Coordinates,
        *,
        quadratic_gate: bool,
        n_experts: int,
        kernels: ModuleType,
    ) -> None:
        self.X, self.Y, self.weight = X, Y, weight
        self.xp = array_module(X)
        self.coordinates, self.kernels = coordinates, kernels
        self.n_features = coordinates.rank + 1
        rank = coordinates.rank
        self.n_gate_features = self.n_features + (rank * (rank + 1) // 2) * quadratic_gate
        self.quadratic_gate = quadratic_gate
        # Of a tile: X, Y, the weights, and what only the gate sees.
        self._height = self.n_features + Y.shape[1] + 1 + self.n_gate_features * quadratic_gate
        numbers = self._height + 3 * n_experts
        if self.xp is np:
            longest = min(max(_TILE_BYTES // (8 * numbers), _SHORTEST), _LONGEST)
            n_lanes, keep_bytes = _LANES, _KEEP_BYTES
        else:
            longest = max(_GPU_TILE_BYTES // (8 * numbers), _SHORTEST)
            n_lanes, keep_bytes = 1, _GPU_KEEP_BYTES
        self.cuts = _cut(len(X), longest, n_lanes)
        self.bounds = [(int(a), int(b)) for a, b in pairwise(self.cuts)]
        self.lane_cuts = np.linspace(0, len(self.bounds), min(n_lanes, len(self.bounds)) + 1)
        self.lane_cuts = self.lane_cuts.astype(np.int64)
        self.lanes = [range(a, b) for a, b in pairwise(self.lane_cuts)]
        self.kept: np.ndarray | None = None
        self._fits = len(X) * self._height * 8 <= keep_bytes

    def map_lanes(self, function: Callable, *more: Sequence, parallel: bool) -> list:
        """Apply a function to every lane, and to its share of `more`; results in lanes' order."""
        if parallel:
            return thread_map(lambda lane: function(*lane), zip(self.lanes, *more, strict=True))
        return list(map(function, self.lanes, *more))

    def keep(self, *, parallel: bool) -> None:
        """Fill every tile once, one after the other in one vector, `kept`, if memory bears it.

        For data that are read many times.
        """
        if not self._fits:
            return
        self.kept = self.empty(int(self.cuts[-1]) * self._height)
        parts = (self.kept[a * self._height : b * self._height] for a, b in self.bounds)
        self._tiles = [self._view(part) for part in parts]

        def fill_lane(lane: range) -> None:
            for number in lane:
                self._fill(*self.bounds[number], self._tiles[number])

        self.map_lanes(fill_lane, parallel=parallel)

    def load(self, number: int, room: dict) -> Tile:
        """Tile `number`, from memory or written into `room`, the caller's buffers by tile size."""
        if self.kept is not None:
            return self._tiles[number]
        start, stop = self.bounds[number]
        size = stop - start
        if size not in room:
            room[size] = self._view(self.empty(size * self._height))
        return self._fill(start, stop, room[size])

    def empty(self, *shape: int) -> np.ndarray:
        """An array where the data lie."""
        return aligned(shape) if self.xp is np else self.xp.empty(shape)

    def strips(self, tile: Tile, n_numbers: int) -> Iterator[Tile]:
        """Cut a tile so that arrays with so many numbers a row stay within a few megabytes.

        On a GPU, within some hundred.
        """
        length = max(64, (_STRIP if self.xp is np else _GPU_STRIP) // max(n_numbers, 1))
        if tile.weight.size <= length:
            yield tile
            return
        for s in range(0, tile.weight.size, length):
            yield Tile(*(self.xp.ascontiguousarray(a[..., s : s + length]) for a in tile))

    def _view(self, numbers: np.ndarray) -> Tile:
        """The parts of a tile that lies in these numbers."""
        rows, p, m = numbers.reshape(self._height, -1), self.n_features, self.Y.shape[1]
        gate_X = rows[p + m + 1 :] if self.quadratic_gate else rows[:p]
        return Tile(rows[:p], gate_X, rows[p : p + m], rows[p + m])

    def _fill(self, start: int, stop: int, tile: Tile) -> Tile:
        c, whiten, xp = self.coordinates, self.kernels.em.whiten, self.xp
        tile.X[0] = 1.0
        whiten(xp.ascontiguousarray(self.X[start:stop]), c.shift, c.matrix, tile.X[1:])
        if self.quadratic_gate:
            self.kernels.gates.quadratic_features(tile.X, tile.gate_X)
        labels = xp.ascontiguousarray(self.Y[start:stop], dtype=np.float64)
        whiten(labels, c.y_shift, np.diag(1.0 / c.y_scale), tile.Y)
        tile.weight[:] = 1.0 if self.weight is None else self.weight[start:stop]
        return tile


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """An empty array that begins at a cache line: no vector of its rows then straddles two."""
    size = math.prod(shape)
    room = np.empty(size + _LINE)
    start = -room.ctypes.data // room.itemsize % _LINE
    return room[start : start + size].reshape(shape)


def _cut(n_rows: int, longest: int, n_lanes: int) -> np.ndarray:
    """Where tiles of nearly equal length end, one or a multiple of the lanes, in whole lines."""
    n_tiles = -(-n_rows // longest)
    if n_tiles > 1:
        n_tiles = -(-n_tiles // n_lanes) * n_lanes
    cuts = np.linspace(0, n_rows, n_tiles + 1).astype(np.int64) // _LINE * _LINE
    cuts[-1] = n_rows
    return np.unique(cuts)
