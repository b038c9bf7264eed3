"""Weighted sums of squares and cross products."""

from __future__ import annotations

from typing import Any

from w2s_kernels.gpu._sums import weighted_sums


def add_weighted_gram(X: Any, weight: Any, gram: Any) -> None:
    """Add sum_t weight[t] X[i, t] X[j, t] to gram[i, j]; callers read the lower triangle."""
    second, _, _ = weighted_sums(X, 0, second=weight[None])
    gram += second[0]
