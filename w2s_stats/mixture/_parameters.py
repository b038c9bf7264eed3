"""Parameters of a mixture of experts in the data's units, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Block:
    """Outputs that one family models together: consecutive columns of the label array."""

    family: str  # "gaussian", "poisson" or "multinomial"
    start: int
    stop: int

    @property
    def outputs(self) -> slice:
        return slice(self.start, self.stop)


@dataclass(frozen=True)
class Parameters:
    """Experts and gate on (1, x).

    Attributes
    ----------
    coef : ndarray of shape (n_experts, n_columns, n_features)
        A column for every column of the label array: an output, or a class but the first.
    intercept : ndarray of shape (n_experts, n_columns)
    scale : ndarray of shape (n_experts, n_columns)
        Standard deviations; NaN for a family without one.
    gate_coef : ndarray of shape (n_experts, n_gate_features)
        Row 0 is the reference, zeros. No columns for a constant gate; x, then x_i x_j for i <= j,
        for a Gaussian one.
    gate_intercept : ndarray of shape (n_experts,)
    gate_prior, gate_mean, gate_covariance : ndarray or None
        Of the joint-density gate only.
    """

    coef: np.ndarray
    intercept: np.ndarray
    scale: np.ndarray
    gate_coef: np.ndarray
    gate_intercept: np.ndarray
    gate_prior: np.ndarray | None = None
    gate_mean: np.ndarray | None = None
    gate_covariance: np.ndarray | None = None

    @property
    def n_experts(self) -> int:
        return len(self.coef)

    def columns(self, columns: slice) -> Parameters:
        """The same mixture, looked at through some of its outputs."""
        return replace(
            self,
            coef=self.coef[:, columns],
            intercept=self.intercept[:, columns],
            scale=self.scale[:, columns],
        )

    @property
    def gate_affine(self) -> np.ndarray:
        """Gate coefficients on (1, features), (n_experts, 1 + n_gate_features)."""
        return np.concatenate([self.gate_intercept[:, None], self.gate_coef], axis=1)


def gate_feature_names(feature_names: Sequence[str], gate: str) -> list[str]:
    """Names of what the gate's coefficients multiply."""
    if gate == "constant":
        return []
    names = list(feature_names)
    if gate == "softmax":
        return names
    i, j = np.triu_indices(len(names))
    squares = [
        f"{names[a]}^2" if a == b else f"{names[a]} {names[b]}" for a, b in zip(i, j, strict=True)
    ]
    return names + squares


def parameter_names(
    n_experts: int,
    blocks: Sequence[Block],
    feature_names: Sequence[str],
    column_names: Sequence[str],
    gate_names: Sequence[str],
    *,
    fit_intercept: bool,
) -> list[str]:
    """Names in the order of the covariance matrix: the gate, then expert by expert."""
    terms = ["intercept", *feature_names] if fit_intercept else list(feature_names)
    names = [f"gate[{k}].{t}" for k in range(1, n_experts) for t in ("intercept", *gate_names)]
    for k in range(n_experts):
        for block in blocks:
            for column in range(block.start, block.stop):
                prefix = f"expert[{k}].{column_names[column]}."
                names += [prefix + term for term in terms]
                if block.family == "gaussian":
                    names.append(prefix + "scale")
    return names
