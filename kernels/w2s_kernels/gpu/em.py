"""What every EM pass does with a tile, whatever the experts and gates are."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels.gpu._compile import run
from w2s_kernels.gpu._sums import on_device, row_grid


def whiten(rows: Any, shift: Any, matrix: Any, out: Any) -> None:
    """Write matrix @ (row - shift) of each row of a C-ordered (n_rows, n_features) array to out.

    Where the matrix is zero, a missing value does not count.
    """
    n_rows, n_features = rows.shape
    run(
        "em.whiten", rows, on_device(shift), on_device(matrix), n_rows, n_features, len(out), out,
        **row_grid(n_rows),
    )  # fmt: skip


def posterior(log_joint: Any, weight: Any, log_evidence: Any) -> Any:
    """Turn log joint probabilities (n_experts, n_rows) into weighted responsibilities, in place.

    Returns the weighted sum of the log evidences, on the device.
    """
    n_experts, n_rows = log_joint.shape
    run("em.posterior", log_joint, weight, n_rows, n_experts, log_evidence, **row_grid(n_rows))
    return weight @ log_evidence


def hash_rows(X: Any, Y: Any, seed: int, out: Any) -> None:
    """Write a 64-bit hash of (seed, bits of the row's x and y) for each row, the CPU's to the bit.

    X and Y are C-ordered (n_rows, n_features) and (n_rows, n_outputs).
    """
    n_rows, n_features = X.shape
    Y = on_device(Y)
    run(
        "em.hash_rows", X, Y, n_rows, n_features, Y.shape[1], np.uint64(seed), out,
        **row_grid(n_rows),
    )  # fmt: skip
