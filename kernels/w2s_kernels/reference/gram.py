"""Weighted sums of squares and cross products."""

from __future__ import annotations

import numpy as np


def add_weighted_gram(X: np.ndarray, weight: np.ndarray, gram: np.ndarray) -> None:
    """Add sum_t weight[t] X[i, t] X[j, t] to gram[i, j]; callers read the lower triangle."""
    gram += (X * weight) @ X.T
