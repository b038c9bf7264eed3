"""Covariance matrices of the parameters, in the data's units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from w2s_stats.em import Coordinates, Mixture
from w2s_stats.experts import Gaussian, JointGate
from w2s_stats.mixture._model import Model, gate_map
from w2s_stats.mixture._normal_of_x import NormalOfX, x_as_output

# Features count as a linear combination of others when they differ from one by less than this.
_TOLERANCE = 1e-5
_SINGULAR = 1e-10  # of an information whose diagonal is one


def covariances(
    model: Model, mixture: Mixture, theta: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Inverse information, and the sandwich, in the data's units and the order of the names.

    NaN where a parameter is not determined: a singular information, a direction in which X does
    not vary, an expert at its variance floor. Where only the gate's features are collinear (squares
    of columns of zeros and ones are), what its coefficients share out has none, the rest has.
    """
    if isinstance(mixture.gate, JointGate):
        mixture, theta = x_as_output(mixture, mixture.gate, theta)
    information, products = mixture.information(theta)
    jacobian, identified = _jacobian(model, mixture, theta)
    size = np.abs(np.diag(information))  # off a maximum, at a gate's floor, some are negative
    scale = np.sqrt(np.where(size > 0, size, 1.0))
    unit = information / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(np.where(np.isfinite(unit).all(), unit, 0.0))
    known = values > _SINGULAR
    null = vectors[:, ~known]
    if np.abs(null[mixture.gate.n_parameters :]).max(initial=0.0) > _TOLERANCE or not known.any():
        nothing = np.full((len(jacobian), len(jacobian)), np.nan)
        return nothing, nothing.copy()
    scaled = jacobian / scale
    hidden = np.linalg.norm(scaled @ null, axis=1) > _TOLERANCE * np.linalg.norm(scaled, axis=1)
    identified &= ~hidden
    inverse = (vectors[:, known] / values[known]) @ vectors[:, known].T / np.outer(scale, scale)
    covariance = jacobian @ inverse @ jacobian.T
    robust = jacobian @ inverse @ products @ inverse @ jacobian.T
    for matrix in (covariance, robust):
        matrix[~identified] = np.nan
        matrix[:, ~identified] = np.nan
    return covariance, robust


def _jacobian(model: Model, mixture: Mixture, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of the named parameters by the mixture's free ones; which of them X determines."""
    rows = [*_gate_rows(model, mixture, theta), *_expert_rows(model, mixture, theta)]
    jacobian, determined = zip(*rows, strict=True)
    return np.concatenate(jacobian), np.concatenate(determined)


Rows = Iterator[tuple[np.ndarray, np.ndarray]]


def _gate_rows(model: Model, mixture: Mixture, theta: np.ndarray) -> Rows:
    """Of each expert's logits against expert 0's."""
    down, determined = np.ones((1, 1)), np.ones(1, dtype=bool)
    if model.gate != "constant" and model.tied_to is None:
        c = mixture.tiles.coordinates
        down = gate_map(model.gate, c.down())
        determined = _determined(gate_map(model.gate, c.up()), down, _constant(model, c))
    of_x = mixture.experts[0]
    if isinstance(of_x, NormalOfX):
        logits = _joint_logits(of_x, mixture, theta)
        sound = ~of_x.flat(mixture.split(theta)[1][0])
        for k in range(1, model.n_experts):
            yield down.T @ (logits[k] - logits[0]), determined & sound[0] & sound[k]
        return
    for k in range(model.n_experts - 1):
        rows = np.zeros((down.shape[1], mixture.n_parameters))
        rows[:, k * len(down) : (k + 1) * len(down)] = down.T
        yield rows, determined


def _joint_logits(of_x: NormalOfX, mixture: Mixture, theta: np.ndarray) -> np.ndarray:
    """Derivative of log pi_k + eta_k . t(x) - A(eta_k), as coefficients on (1, t(x))."""
    expected = of_x.expected(mixture.split(theta)[1][0])
    where = mixture.positions()[0]
    rows = np.zeros((of_x.n_experts, 1 + where.shape[1], mixture.n_parameters))
    for k, cells in enumerate(where):
        if k > 0:
            rows[k, 0, k - 1] = 1.0  # log pi_k - log pi_0
        rows[k, 0, cells] = -expected[k]
        rows[k, 1:, cells] = np.eye(len(cells))
    return rows


def _expert_rows(model: Model, mixture: Mixture, theta: np.ndarray) -> Rows:
    c = mixture.tiles.coordinates
    down = c.down()
    determined = _determined(c.up(), down, ~_varies(c))
    blocks = list(zip(mixture.experts, mixture.split(theta)[1], mixture.positions(), strict=True))
    for k in range(model.n_experts):
        for expert, part, where in blocks:
            if isinstance(expert, NormalOfX):
                continue  # the gate's
            first, p = expert.first, expert.n_features
            n_columns = expert.outputs.stop - expert.outputs.start
            y_scale = c.y_scale[expert.outputs]
            for m in range(n_columns):
                rows = np.zeros((down.shape[1] - first, mixture.n_parameters))
                rows[:, where[k, m * p : (m + 1) * p]] = y_scale[m] * down[first:, first:].T
                yield rows, determined[first:]
                if isinstance(expert, Gaussian):
                    row = np.zeros((1, mixture.n_parameters))
                    log_scale = expert.unpack(part)[1][k, m]
                    row[0, where[k, n_columns * p + m]] = y_scale[m] * np.exp(log_scale)
                    yield row, ~expert.at_floor(part)[[k]]


def _determined(up: np.ndarray, down: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """Which coefficients on features the data determine: unit vectors in the span of their rows.

    `up` takes whitened features to the features and `down` takes these back, so that up @ down
    projects on that span. A constant column is as good as left out: the intercept has its share.
    """
    size = np.linalg.norm(up, axis=1)
    off = np.abs(up @ down - np.eye(len(up))) * size
    within = (off <= _TOLERANCE * size[:, None]) | constant[:, None]
    return within.all(axis=0) & ~constant


def _varies(c: Coordinates) -> np.ndarray:
    """Which of (1, x) are the intercept or vary."""
    return np.concatenate([[True], c.inverse.any(axis=1)])


def _constant(model: Model, c: Coordinates) -> np.ndarray:
    """Which of the gate's features have a factor that does not vary."""
    varies = _varies(c)
    i, j = np.triu_indices(len(varies) - 1)
    squares = varies[1 + i] & varies[1 + j]
    return ~np.concatenate([varies, squares]) if model.quadratic_gate else ~varies
