"""Covariance matrices of the parameters, in the data's units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from w2s_stats.em import Mixture
from w2s_stats.experts import Gaussian
from w2s_stats.mixture._model import Model, gate_map


def covariances(
    model: Model, mixture: Mixture, theta: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Inverse information, and the sandwich, in the data's units and the order of the names.

    NaN where a parameter is not determined: a singular information, a direction in which X does
    not vary, an expert at its variance floor.
    """
    information, products = mixture.information(theta)
    jacobian, identified = _jacobian(model, mixture, theta)
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    finite = bool(np.isfinite(information).all())
    values, vectors = np.linalg.eigh(np.where(finite, information / np.outer(scale, scale), 0.0))
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
    """Derivative of the named parameters by the mixture's free ones; which of them X determines."""
    rows = [*_gate_rows(model, mixture), *_expert_rows(model, mixture, theta)]
    jacobian, determined = zip(*rows, strict=True)
    return np.concatenate(jacobian), np.concatenate(determined)


Rows = Iterator[tuple[np.ndarray, np.ndarray]]


def _determined_features(mixture: Mixture) -> np.ndarray:
    """Which of (1, x) have coefficients of their own: not collinear ones, nor their intercept."""
    c = mixture.tiles.coordinates
    share = np.diag(c.inverse @ c.matrix) > 1 - 1e-6
    return np.concatenate([[share.all()], share])


def _gate_rows(model: Model, mixture: Mixture) -> Rows:
    down = mixture.tiles.coordinates.down()
    only_prior = model.gate == "constant" or model.tied_to is not None
    terms = down[:1, :1] if only_prior else gate_map(model.gate, down)
    determined = _determined_features(mixture)
    if only_prior:
        determined = np.ones(1, dtype=bool)
    elif model.quadratic_gate:
        i, j = np.triu_indices(len(determined) - 1)
        determined = np.concatenate([determined, determined[1 + i] & determined[1 + j]])
    for k in range(model.n_experts - 1):
        rows = np.zeros((terms.shape[1], mixture.n_parameters))
        rows[:, k * len(terms) : (k + 1) * len(terms)] = terms.T
        yield rows, determined


def _expert_rows(model: Model, mixture: Mixture, theta: np.ndarray) -> Rows:
    c = mixture.tiles.coordinates
    down, determined = c.down(), _determined_features(mixture)
    blocks = list(zip(mixture.experts, mixture.split(theta)[1], mixture.positions(), strict=True))
    for k in range(model.n_experts):
        for expert, part, where in blocks:
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
