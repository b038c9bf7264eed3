"""Between the whitened coordinates of the EM and the data's units."""

from __future__ import annotations

import numpy as np

from w2s_stats._arrays import log_factorial
from w2s_stats.em import Mixture, quadratic
from w2s_stats.experts import Gaussian, JointGate, SoftmaxGate
from w2s_stats.mixture._model import Model, gate_map
from w2s_stats.mixture._parameters import Parameters


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
        logits = mixture.gate.unpack(gate) @ gate_map(model.gate, down)
    elif isinstance(mixture.gate, JointGate):
        logits = mixture.gate.logits(gate) @ quadratic(down)
    elif model.tied_to is not None:
        logits = model.tied_to.gate_affine.copy()
        logits[:, 0] += gate
    else:
        logits = gate[:, None]
    logits = logits - logits[0]
    joint: tuple[np.ndarray, ...] = ()
    if isinstance(mixture.gate, JointGate):
        log_prior, mean, factor = mixture.gate.unpack(gate)
        spread = c.inverse @ factor
        joint = (
            np.exp(log_prior),
            c.shift + mean @ c.inverse.T,
            spread @ np.swapaxes(spread, 1, 2),
        )
    return Parameters(coef[:, :, 1:], coef[:, :, 0], scale, logits[:, 1:], logits[:, 0], *joint)


def in_order(mixture: Mixture, theta: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The same mixture with its experts in another order, in the mixture's coordinates.

    What has been fitted there stays there: on nearly collinear columns the way to the data's units
    and back loses more digits than a covariance matrix can spare.
    """
    gate, parts = mixture.split(theta)
    k, cuts = mixture.gate.n_experts, []
    if isinstance(mixture.gate, JointGate):
        cuts = [k, k * (1 + mixture.gate.n_features)]
    arrays = np.split(gate, cuts)
    for expert, part in zip(mixture.experts, parts, strict=True):
        arrays += expert.unpack(part)
    moved = [array.reshape(k, -1)[order] for array in arrays]
    if isinstance(mixture.gate, SoftmaxGate):
        moved[0] = moved[0] - moved[0][0]
    return np.concatenate([array.ravel() for array in moved])


def to_theta(model: Model, mixture: Mixture, parameters: Parameters) -> np.ndarray:
    """The vector in the mixture's coordinates of parameters in the data's units.

    For every gate but the joint density, which is fitted and never taken over.
    """
    c = mixture.tiles.coordinates
    up = c.up()
    coef = np.concatenate([parameters.intercept[:, :, None], parameters.coef], axis=2)
    coef[:, :, 0] -= c.y_shift
    coef = coef / c.y_scale[:, None]
    if isinstance(mixture.gate, SoftmaxGate):
        theta = [(parameters.gate_affine @ gate_map(model.gate, up)).ravel()]
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
                y = tiles.xp.asarray(tiles.Y[start:stop, block.outputs], dtype=np.float64)
                w = 1.0 if tiles.weight is None else tiles.weight[start:stop]
                total -= float((w * np.nansum(log_factorial(y), axis=1)).sum())
    return total / c.weight
