"""Maximum likelihood for a mixture of experts: from arrays to parameters in the data's units."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
from scipy.special import gammaln, softmax

from w2s_kernels import cpu
from w2s_stats.em import (
    Coordinates,
    Mixture,
    Runs,
    Tiles,
    best_of,
    candidates_per_run,
    hashed_labels,
    hashed_rows,
    kmeans_labels,
    measure,
    quadratic,
    race,
)
from w2s_stats.exceptions import DegenerateFitWarning
from w2s_stats.experts import ConstantGate, Expert, Gate, Gaussian, JointGate
from w2s_stats.experts import Multinomial, Poisson, SoftmaxGate, TiedGate
from w2s_stats.mixture._parameters import Block, Parameters

_FAMILIES = {"poisson": Poisson, "multinomial": Multinomial}
# Beyond this many parameters the information matrix costs more than the fit; it is left out.
_MOST_PARAMETERS = 1500


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


@dataclass(frozen=True)
class Fit:
    """A fitted mixture: parameters in canonical order, how the run went, and the information."""

    parameters: Parameters
    weights: np.ndarray  # mean gate probabilities
    lower_bounds: np.ndarray  # mean log-likelihood after every step
    n_iter: int
    converged: bool
    start_bounds: np.ndarray
    degenerate: np.ndarray
    degenerate_starts: np.ndarray
    covariance: np.ndarray | None
    covariance_robust: np.ndarray | None


def build(
    model: Model,
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray | None,
    coordinates: Coordinates,
    *,
    kernels: ModuleType = cpu,
    parallel: bool = True,
) -> Mixture:
    """The EM's view of a model and its data in the given coordinates."""
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
        gate = TiedGate(kernels.gates, coef @ _gate_map(model.gate, coordinates.up()))
    elif model.gate == "constant":
        gate = ConstantGate(model.n_experts)
    elif joint:
        gate = JointGate(kernels.gram, model.n_experts, tiles.n_features - 1)
    else:
        gate = SoftmaxGate(
            kernels.gates, model.n_experts, tiles.n_gate_features, model.gate_penalty
        )
    return Mixture(gate, tuple(experts), tiles, kernels, parallel)


def _gate_map(gate: str, affine: np.ndarray) -> np.ndarray:
    if gate == "constant":
        return affine[:1]
    return affine if gate == "softmax" else quadratic(affine)


def to_parameters(model: Model, mixture: Mixture, theta: np.ndarray) -> Parameters:
    """Parameters in the data's units of a vector in the mixture's coordinates."""
    c = mixture.tiles.coordinates
    down = c.down()
    gate, parts = mixture.split(theta)
    n_columns = len(c.y_scale)
    coef = np.zeros((model.n_experts, n_columns, down.shape[1]))
    scale = np.full((model.n_experts, n_columns), np.nan)
    for expert, part in zip(mixture.experts, parts, strict=True):
        first = expert.first
        local = expert.unpack(part)
        coef[:, expert.outputs, first:] = local[0] @ down[first:, first:]
        if len(local) == 2:
            scale[:, expert.outputs] = np.exp(local[1]) * c.y_scale[expert.outputs]
    coef *= c.y_scale[:, None]
    if model.fit_intercept:
        coef[:, :, 0] += c.y_shift
    if isinstance(mixture.gate, SoftmaxGate):
        logits = mixture.gate.unpack(gate) @ _gate_map(model.gate, down)
    elif isinstance(mixture.gate, JointGate):
        logits = mixture.gate.logits(gate) @ quadratic(down)
    elif model.tied_to is not None:
        logits = model.tied_to.gate_affine.copy()
        logits[:, 0] += gate
    else:
        logits = gate[:, None]
    logits = logits - logits[0]
    joint = ()
    if isinstance(mixture.gate, JointGate):
        log_prior, mean, factor = mixture.gate.unpack(gate)
        spread = c.inverse @ factor
        joint = (
            np.exp(log_prior),
            c.shift + mean @ c.inverse.T,
            spread @ np.swapaxes(spread, 1, 2),
        )
    return Parameters(coef[:, :, 1:], coef[:, :, 0], scale, logits[:, 1:], logits[:, 0], *joint)


def to_theta(model: Model, mixture: Mixture, parameters: Parameters) -> np.ndarray:
    """The vector in the mixture's coordinates of parameters in the data's units."""
    c = mixture.tiles.coordinates
    up = c.up()
    coef = np.concatenate([parameters.intercept[:, :, None], parameters.coef], axis=2)
    coef[:, :, 0] -= c.y_shift
    coef = coef / c.y_scale[:, None]
    if isinstance(mixture.gate, SoftmaxGate):
        theta = [(parameters.gate_affine @ _gate_map(model.gate, up)).ravel()]
    elif model.tied_to is not None:
        theta = [parameters.gate_intercept - model.tied_to.gate_intercept]
    else:
        theta = [parameters.gate_intercept - np.logaddexp.reduce(parameters.gate_intercept)]
    for expert in mixture.experts:
        first = expert.first
        theta.append((coef[:, expert.outputs, first:] @ up[first:, first:]).ravel())
        if isinstance(expert, Gaussian):
            scale = parameters.scale[:, expert.outputs] / c.y_scale[expert.outputs]
            theta.append(np.log(scale).ravel())
    return mixture.project(np.concatenate(theta))


def constant_of(model: Model, mixture: Mixture) -> float:
    """What the kernels leave out of the mean log-likelihood: units of y (and x), and log y!."""
    c, tiles = mixture.tiles.coordinates, mixture.tiles
    total = -float(np.log(c.y_scale) @ c.y_weight)
    if isinstance(mixture.gate, JointGate):
        # The density of x: its volume shrinks with the whitening (in the space where x varies).
        total += c.weight * float(np.log(np.linalg.svd(c.matrix, compute_uv=False)).sum())
    for block in model.blocks:
        if block.family == "poisson":
            for start, stop in tiles.bounds:
                y = np.asarray(tiles.Y[start:stop, block.outputs], dtype=np.float64)
                log_factorial = np.nansum(gammaln(y + 1.0), axis=1)
                w = 1.0 if tiles.weight is None else tiles.weight[start:stop]
                total -= float((w * log_factorial).sum())
    return total / c.weight


def mean_gate(mixture: Mixture, theta: np.ndarray) -> np.ndarray:
    """Weighted mean over rows of p(k | x)."""
    gate, _ = mixture.split(theta)

    def pass_lane(lane: range) -> np.ndarray:
        room = mixture.room
        total = np.zeros(mixture.gate.n_experts)
        for number in lane:
            tile = mixture.tiles.load(number, room)
            log_prob = np.empty((mixture.gate.n_experts, tile.weight.size))
            mixture.gate.log_prob(tile, gate, log_prob)
            total += softmax(log_prob, axis=0) @ tile.weight
        return total

    lanes = mixture.tiles.map_lanes(pass_lane, parallel=mixture.parallel)
    return np.sum(lanes, axis=0) / mixture.tiles.coordinates.weight


def fit_mixture(
    model: Model,
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray | None,
    *,
    tol: float,
    max_iter: int,
    n_init: int,
    init: str,
    random_state: np.random.RandomState,
    n_jobs: int | None = None,
    verbose: int = 0,
    guesses: Sequence[Parameters] = (),
) -> Fit:
    """Fit by EM from the guesses and n_init random starts; experts end in canonical order.

    The order is by falling mean gate probability; a tied gate keeps the order of the gate that it
    is tied to.
    """
    standardise = np.zeros(Y.shape[1], dtype=bool)
    for block in model.blocks:
        standardise[block.outputs] = block.family == "gaussian"
    coordinates = measure(X, Y, weight, center=model.fit_intercept, standardise=standardise)
    mixture = build(model, X, Y, weight, coordinates, parallel=n_jobs in (None, 1))
    starts = [lambda guess=guess: to_theta(model, mixture, guess) for guess in guesses]
    starts += _random_starts(mixture, n_init, init, random_state, n_jobs)
    constant = constant_of(model, mixture)

    def report(number: int, trace) -> None:  # type: ignore[no-untyped-def]
        if verbose:
            state = "converged" if trace.converged else "not converged"
            bound = trace.step.objective + constant
            print(
                f"start {number + 1} of {len(starts)}: {bound:.6f}, {trace.n_iter} passes, {state}"
            )

    runs = best_of(mixture, starts, tol=tol, max_iter=max_iter, n_jobs=n_jobs, report=report)
    return _finish(model, replace(mixture, parallel=True), runs, constant)


def _random_starts(
    mixture: Mixture,
    n_init: int,
    init: str,
    random_state: np.random.RandomState,
    n_jobs: int | None,
) -> list:
    """n_init starts; where passes are cheap, the winners of a race among many."""
    if init == "kmeans":
        seeds = random_state.randint(2**31 - 1, size=n_init)
        return [lambda seed=seed: kmeans_labels(mixture, int(seed)) for seed in seeds]
    n_candidates = n_init * candidates_per_run(mixture)
    seeds = random_state.randint(2**31 - 1, size=n_candidates)
    kinds = [hashed_labels, hashed_rows] if n_candidates > n_init else [hashed_labels]
    starts = [
        lambda seed=seed, kind=kinds[number % len(kinds)]: kind(mixture, int(seed))
        for number, seed in enumerate(seeds)
    ]
    if n_candidates == n_init:
        return starts
    winners = race(mixture, starts, n_init, n_jobs)
    return [lambda theta=theta: theta for theta in winners]


def _finish(model: Model, mixture: Mixture, runs: Runs, constant: float) -> Fit:
    theta, degenerate = runs.best.theta, runs.degenerate
    weights = mean_gate(mixture, theta)
    parameters = to_parameters(model, mixture, theta)
    if model.tied_to is None:
        order = np.argsort(-weights, kind="stable")
        parameters, weights, degenerate = (
            parameters.ordered(order),
            weights[order],
            degenerate[order],
        )
    if degenerate.any():
        names = ", ".join(str(k) for k in np.flatnonzero(degenerate))
        warnings.warn(
            f"Expert {names} explains no more rows than it has coefficients, or its variance is at "
            "the floor, and no start found anything better: use fewer experts, more rows or a larger "
            "var_floor.",
            DegenerateFitWarning,
            stacklevel=4,
        )
    covariance, robust = None, None
    # The information of a joint density would need that of x's means and covariances too.
    if mixture.n_parameters <= _MOST_PARAMETERS and not isinstance(mixture.gate, JointGate):
        theta = to_theta(model, mixture, parameters)
        covariance, robust = _covariances(model, mixture, theta)
    return Fit(
        parameters,
        weights,
        runs.best.objectives + constant,
        runs.best.n_iter,
        runs.best.converged,
        runs.objectives + constant,
        degenerate,
        runs.degenerate_starts,
        covariance,
        robust,
    )


def _covariances(
    model: Model, mixture: Mixture, theta: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Inverse information, and the sandwich, in the data's units and the order of the names.

    NaN where a parameter is not determined: a singular information, a direction in which X does
    not vary, an expert at its variance floor.
    """
    information, products = mixture.information(theta)
    jacobian, identified = _jacobian(model, mixture, theta)
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] <= 1e-10:
        nothing = np.full((len(jacobian), len(jacobian)), np.nan)
        return nothing, nothing.copy()
    inverse = (vectors / values) @ vectors.T / np.outer(scale, scale)
    covariance = jacobian @ inverse @ jacobian.T
    robust = jacobian @ inverse @ products @ inverse @ jacobian.T
    for matrix in (covariance, robust):
        matrix[~identified] = np.nan
        matrix[:, ~identified] = np.nan
    return covariance, robust


def _jacobian(model: Model, mixture: Mixture, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of the named parameters with respect to the mixture's free ones, and which of
    the named ones the data can determine."""
    c = mixture.tiles.coordinates
    down = c.down()
    share = np.diag(c.inverse @ c.matrix)
    seen = np.concatenate([[bool(np.all(share > 1 - 1e-6))], share > 1 - 1e-6])
    gate_map = down[:1, :1] if model.tied_to is not None else _gate_map(model.gate, down)
    gate_map = gate_map[:1, :1] if model.gate == "constant" else gate_map
    gate_seen = np.ones(gate_map.shape[1], dtype=bool)
    if gate_map.shape[1] > 1:
        i, j = np.triu_indices(len(share))
        pairs = seen[1:][i] & seen[1:][j] if model.gate == "gaussian" else np.empty(0, dtype=bool)
        gate_seen = np.concatenate([seen, pairs])
    size = mixture.n_parameters
    rows, identified = [], []
    row = np.zeros((gate_map.shape[1], size))
    n_gate_terms = gate_map.shape[0]
    for k in range(model.n_experts - 1):
        own = row.copy()
        own[:, k * n_gate_terms : (k + 1) * n_gate_terms] = gate_map.T
        rows.append(own)
        identified.append(gate_seen)
    _, parts = mixture.split(theta)
    positions = mixture.positions()
    for k in range(model.n_experts):
        for expert, part, where in zip(mixture.experts, parts, positions, strict=True):
            first, p = expert.first, expert.n_features
            cells = where[k]
            n_columns = expert.outputs.stop - expert.outputs.start
            for m in range(n_columns):
                y_scale = c.y_scale[expert.outputs.start + m]
                own = np.zeros((down.shape[1] - first, size))
                own[:, cells[m * p : (m + 1) * p]] = y_scale * down[first:, first:].T
                rows.append(own)
                identified.append(seen[first:])
                if isinstance(expert, Gaussian):
                    own = np.zeros((1, size))
                    log_scale = expert.unpack(part)[1][k, m]
                    own[0, cells[n_columns * p + m]] = y_scale * np.exp(log_scale)
                    rows.append(own)
                    identified.append(~expert.at_floor(part)[[k]])
    return np.concatenate(rows), np.concatenate(identified)
