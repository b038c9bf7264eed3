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
        kept = self.n_features + Y.shape[1] + 1 + self.n_gate_features * quadratic_gate
        numbers = kept + 3 * n_experts
        if self.xp is np:
            longest = min(max(_TILE_BYTES // (8 * numbers), _SHORTEST), _LONGEST)
            n_lanes, keep_bytes = _LANES, _KEEP_BYTES
        else:
            longest = max(_GPU_TILE_BYTES // (8 * numbers), _SHORTEST)
            n_lanes, keep_bytes = 1, _GPU_KEEP_BYTES
        self.bounds = _cut(len(X), longest, n_lanes)
        cuts = np.linspace(0, len(self.bounds), min(n_lanes, len(self.bounds)) + 1).astype(int)
        self.lanes = [range(a, b) for a, b in pairwise(cuts)]
        self._keep = len(X) * kept * 8 <= keep_bytes
        self._kept: dict[int, Tile] = {}

    def map_lanes(self, function: Callable, *more: Sequence, parallel: bool) -> list:
        """Apply a function to every lane, and to its share of `more`; results in lanes' order."""
        if parallel:
            return thread_map(lambda lane: function(*lane), zip(self.lanes, *more, strict=True))
        return list(map(function, self.lanes, *more))

    def load(self, number: int, room: dict) -> Tile:
        """Tile `number`, from memory or written into `room`, the caller's buffers by tile size."""
        if number in self._kept:
            return self._kept[number]
        start, stop = self.bounds[number]
        size = stop - start
        if self._keep:
            tile = self._kept[number] = self._fill(start, stop, self._empty(size))
            return tile
        if size not in room:
            room[size] = self._empty(size)
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

    def _empty(self, size: int) -> Tile:
        X = self.empty(self.n_features, size)
        X[0] = 1.0
        gate_X = self.empty(self.n_gate_features, size) if self.quadratic_gate else X
        weight = self.empty(size)
        weight[:] = 1.0
        return Tile(X, gate_X, self.empty(self.Y.shape[1], size), weight)

    def _fill(self, start: int, stop: int, tile: Tile) -> Tile:
        c, whiten, xp = self.coordinates, self.kernels.em.whiten, self.xp
        whiten(xp.ascontiguousarray(self.X[start:stop]), c.shift, c.matrix, tile.X[1:])
        if self.quadratic_gate:
            self.kernels.gates.quadratic_features(tile.X, tile.gate_X)
        labels = xp.ascontiguousarray(self.Y[start:stop], dtype=np.float64)
        whiten(labels, c.y_shift, np.diag(1.0 / c.y_scale), tile.Y)
        if self.weight is not None:
            tile.weight[:] = self.weight[start:stop]
        return tile


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """An empty array that begins at a cache line: no vector of its rows then straddles two."""
    size = math.prod(shape)
    room = np.empty(size + _LINE)
    start = -room.ctypes.data // room.itemsize % _LINE
    return room[start : start + size].reshape(shape)


def _cut(n_rows: int, longest: int, n_lanes: int) -> list[tuple[int, int]]:
    """Bounds of tiles of nearly equal length, one or a multiple of the lanes, in whole lines."""
    n_tiles = -(-n_rows // longest)
    if n_tiles > 1:
        n_tiles = -(-n_tiles // n_lanes) * n_lanes
    cuts = np.linspace(0, n_rows, n_tiles + 1).astype(int) // _LINE * _LINE
    cuts[-1] = n_rows
    return [(int(a), int(b)) for a, b in pairwise(cuts) if b > a]
