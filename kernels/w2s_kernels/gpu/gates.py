"""Gates: log p(k | x) of a tile, and the sums that move their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels.gpu._compile import run
from w2s_kernels.gpu._sums import on_device, row_grid, strips, weighted_sums


def softmax_log_prob(X: Any, coef: Any, out: Any) -> None:
    """Write log softmax_k(coef[k] @ x) of each row; X is (n_features, n_rows)."""
    n_features, n_rows = X.shape
    run(
        "gates.softmax_log_prob", X, on_device(coef), n_rows, n_features, len(out), out,
        **row_grid(n_rows),
    )  # fmt: skip


def softmax_stats(X: Any, log_prob: Any, resp: Any, score: Any, curvature: Any) -> None:
    """Add the gate's score and Hessian of one tile (reference: class 0)."""
    n_experts, n_rows = resp.shape
    if n_experts == 1:
        return
    n_free = n_experts - 1
    k, j = np.tril_indices(n_free)
    for start, size, room in strips(n_rows, n_free + len(k)):
        run(
            "gates.softmax_weights", log_prob, resp, n_rows, start, size, n_experts, room,
            **row_grid(size),
        )  # fmt: skip
        second, first, _ = weighted_sums(X, start, second=room[n_free:], first=room[:n_free])
        score[1:] += first
        curvature[k + 1, j + 1] += second


def quadratic_features(X: Any, out: Any) -> None:
    """Write (1, z, z_i z_j for i <= j) for tiles whose rows are (1, z)."""
    n_features, n_rows = X.shape
    run("gates.quadratic_features", X, n_rows, n_features, out, **row_grid(n_rows))
