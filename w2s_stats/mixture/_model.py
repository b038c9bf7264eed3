"""What is fitted, and its build as gate, experts and tiles."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from w2s_kernels import gpu
from w2s_kernels._backend import kernels_for, on_gpu
from w2s_stats._arrays import softmax, to_host
from w2s_stats.em import Coordinates, Mixture, Tiles, quadratic
from w2s_stats.experts import (
    ConstantGate,
    Expert,
    Gate,
    Gaussian,
    JointGate,
    Multinomial,
    Poisson,
    SoftmaxGate,
    TiedGate,
)
from w2s_stats.mixture._parameters import Block, Parameters

_FAMILIES: dict[str, type[Poisson] | type[Multinomial]] = {
    "poisson": Poisson,
    "multinomial": Multinomial,
}


@dataclass(frozen=True)
class Model:
    """What is fitted: families, gate, and the settings that define the objective.

    `tied_to` holds a gate's parameters of which only the prior may move (theory 6.2, target).
    """

    n_experts: int
    blocks: tuple[Block, ...]
    gate: str
    fit_intercept: bool = True
    var_floor: float = 1e-6
    gate_penalty: float = 0.0
    tied_to: Parameters | None = None

    @property
    def quadratic_gate(self) -> bool:
        """Whether the gate's logits are of degree two in x."""
        return self.gate in ("gaussian", "gaussian-joint")


def build(
    model: Model,
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray | None,
    coordinates: Coordinates,
    *,
    kernels: ModuleType | None = None,
    parallel: bool = True,
    keep: bool = True,
) -> Mixture:
    """The EM's view of a model and its data in the given coordinates.

    The kernels are, unless given, those for the processor that holds the data. `keep` is for data
    that are read more than once; `parallel` tells whether threads may be used.
    """
    kernels = kernels_for(X) if kernels is None else kernels
    joint = model.gate == "gaussian-joint" and model.tied_to is None
    tiles = Tiles(
        X,
        Y,
        weight,
        coordinates,
        quadratic_gate=model.quadratic_gate and not joint,
        n_experts=model.n_experts,
        kernels=kernels,
    )
    # One of them is the intercept.
    if on_gpu(X) and tiles.n_gate_features > gpu.MOST_FEATURES:
        raise ValueError(
            f"X must have at most {gpu.MOST_FEATURES - 1} features on a GPU, those of degree two "
            f"that a gate makes of them included; found {tiles.n_gate_features - 1}."
        )
    if keep:
        tiles.keep(parallel=parallel)
    first = 0 if model.fit_intercept else 1
    experts: list[Expert] = []
    for block in model.blocks:
        shape = (kernels.experts, model.n_experts, tiles.n_features - first, block.outputs, first)
        if block.family == "gaussian":
            experts.append(Gaussian(*shape, model.var_floor))
        else:
            experts.append(_FAMILIES[block.family](*shape))
    gate: Gate
    if model.tied_to is not None:
        coef = model.tied_to.gate_affine
        gate = TiedGate(kernels.gates, coef @ gate_map(model.gate, coordinates.up()))
    elif model.gate == "constant":
        gate = ConstantGate(model.n_experts)
    elif joint:
        gate = JointGate(kernels.gram, model.n_experts, tiles.n_features - 1)
    else:
        gate = SoftmaxGate(
            kernels.gates, model.n_experts, tiles.n_gate_features, model.gate_penalty
        )
    return Mixture(gate, tuple(experts), tiles, kernels, parallel)


def gate_map(gate: str, affine: np.ndarray) -> np.ndarray:
    """The same affine map on what the gate sees: nothing but 1, (1, x), or degree two."""
    if gate == "constant":
        return affine[:1]
    return affine if gate == "softmax" else quadratic(affine)


def mean_gate(mixture: Mixture, theta: np.ndarray) -> np.ndarray:
    """Weighted mean over rows of p(k | x)."""
    gate, _ = mixture.split(theta)

    def pass_lane(lane: range) -> np.ndarray:
        room = mixture.room
        total = np.zeros(mixture.gate.n_experts)
        for number in lane:
            tile = mixture.tiles.load(number, room)
            buffer = mixture.tiles.empty(mixture.gate.n_experts, tile.weight.size)
            log_gate = mixture.tiles.xp.asarray(mixture.gate.log_prob(tile, gate, buffer))
            # Of a joint density it is log p(k, x).
            total += to_host((softmax(log_gate, axis=0) * tile.weight).sum(axis=1))
        return total

    lanes = mixture.tiles.map_lanes(pass_lane, parallel=mixture.parallel)
    return np.sum(lanes, axis=0) / mixture.tiles.coordinates.weight
