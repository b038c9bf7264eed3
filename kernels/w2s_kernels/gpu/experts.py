"""Experts: log phi(y; x, theta_k) of a tile, and the sums that move their parameters.

As on the CPU: X is (n_features, n_rows), Y (n_outputs, n_rows) with NaN where a label is missing,
out and resp (n_experts, n_rows). Parameters may come from either side; sums lie on the device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels.gpu._compile import empty, run
from w2s_kernels.gpu._sums import on_device, on_host, row_grid, strips, weighted_sums


def gaussian_log_prob(X: Any, Y: Any, coef: Any, log_scale: Any, out: Any) -> None:
    """Add log N(y_m; coef[k, m] @ x, exp(2 log_scale[k, m])), summed over the observed outputs."""
    n_rows = X.shape[1]
    run(
        "experts.gaussian_log_prob", X, Y, on_device(coef), on_device(log_scale),
        n_rows, *_sizes(coef), out, **row_grid(n_rows),
    )  # fmt: skip


def gaussian_stats(
    X: Any, Y: Any, coef: Any, resp: Any, gram: Any, cross: Any, square: Any, count: Any
) -> None:
    """Add sum r, sum r x x', and of the residuals e at coef: sum r x e, sum r e^2."""
    n_rows, sizes, coef = X.shape[1], _sizes(coef), on_device(coef)
    n_experts, n_outputs, _ = sizes
    for start, size, room in strips(n_rows, n_experts * (2 * n_outputs + 1)):
        run(
            "experts.gaussian_weights", X, Y, coef, resp, n_rows, start, size, *sizes, room,
            **row_grid(size),
        )  # fmt: skip
        _add_gaussian_sums(X, start, room, gram, cross, square, count)


def gaussian_pass(
    X: Any,
    Y: Any,
    weight: Any,
    log_gate: Any,
    coef: Any,
    log_scale: Any,
    resp: Any,
    gram: Any,
    cross: Any,
    square: Any,
    count: Any,
) -> Any:
    """gaussian_log_prob, em.posterior and gaussian_stats while a thread has its row.

    log_gate has a column for every row, or one for all. Returns the weighted sum of the log
    evidences, on the device.
    """
    n_rows, sizes = X.shape[1], _sizes(coef)
    n_experts, n_outputs, _ = sizes
    log_gate, coef, log_scale = on_device(log_gate), on_device(coef), on_device(log_scale)
    log_likelihood: Any = 0.0
    for start, size, room in strips(n_rows, n_experts * (2 * n_outputs + 1) + 1):
        run(
            "experts.gaussian_pass", X, Y, weight, log_gate, log_gate.shape[1] == 1, coef,
            log_scale, n_rows, start, size, *sizes, resp, room, **row_grid(size),
        )  # fmt: skip
        rest = _add_gaussian_sums(X, start, room, gram, cross, square, count)
        log_likelihood = log_likelihood + rest[0]
    return log_likelihood


def gaussian_mixture_pass(
    rows: Any,
    cuts: Any,
    lanes: Any,
    log_prior: Any,
    coef: Any,
    log_scale: Any,
    begin: int,
    taken: Any,
    log_likelihood: Any,
    mass: Any,
    gram: Any,
    cross: Any,
    square: Any,
    count: Any,
) -> None:
    """gaussian_pass of the tiles of each lane that is not taken yet, under a constant gate."""
    n_experts, n_outputs, n_features = _sizes(coef)
    cuts, lanes, free = (on_host(a) for a in (cuts, lanes, taken == 0))
    height = rows.size // int(cuts[-1])
    last = height - n_outputs - 1
    log_gate = on_device(log_prior).reshape(-1, 1)
    coef, log_scale = on_device(coef), on_device(log_scale)
    room = empty(n_experts * int(np.diff(cuts).max()))
    for lane in np.flatnonzero(free):
        sums = gram[lane], cross[lane], square[lane], count[lane]
        for t in range(lanes[lane], lanes[lane + 1]):
            tile = rows[cuts[t] * height : cuts[t + 1] * height].reshape(height, -1)
            X, Y, weight = tile[last - n_features : last], tile[last : height - 1], tile[height - 1]
            resp = room[: n_experts * len(weight)].reshape(n_experts, -1)
            log_likelihood[lane] += gaussian_pass(
                X, Y, weight, log_gate, coef, log_scale, resp, *sums
            )
            mass[lane] += resp.sum(axis=1)
    taken[:] = 1


def _add_gaussian_sums(
    X: Any, start: int, room: Any, gram: Any, cross: Any, square: Any, count: Any
) -> Any:
    """Add up the rows r e, r and r e^2 of `room`; returns the sums of what rows are left."""
    n_experts, n_outputs, _ = cross.shape
    n_pairs = n_experts * n_outputs
    residuals, rest = room[:n_pairs], room[n_pairs:]
    second, first, zeroth = weighted_sums(
        X, start, second=rest[:n_experts], first=residuals, zeroth=rest
    )
    gram += second
    cross += first.reshape(cross.shape)
    count += zeroth[:n_experts]
    square += zeroth[n_experts : n_experts + n_pairs].reshape(square.shape)
    return zeroth[n_experts + n_pairs :]


def poisson_log_prob(X: Any, Y: Any, coef: Any, out: Any) -> None:
    """Add y_m eta - exp(eta), eta = coef[k, m] @ x (without the constant -log y!)."""
    n_rows = X.shape[1]
    run(
        "experts.poisson_log_prob", X, Y, on_device(coef), n_rows, *_sizes(coef), out,
        **row_grid(n_rows),
    )  # fmt: skip


def poisson_stats(
    X: Any, Y: Any, coef: Any, resp: Any, score: Any, curvature: Any, count: Any
) -> None:
    """Add sum r x (y - mu), sum r mu x x' and sum r, for each output."""
    n_rows, sizes, coef = X.shape[1], _sizes(coef), on_device(coef)
    n = sizes[0] * sizes[1]
    for start, size, room in strips(n_rows, 3 * n):
        run(
            "experts.poisson_weights", X, Y, coef, resp, n_rows, start, size, *sizes, room,
            **row_grid(size),
        )  # fmt: skip
        second, first, zeroth = weighted_sums(
            X, start, second=room[n : 2 * n], first=room[:n], zeroth=room[2 * n :]
        )
        score += first.reshape(score.shape)
        curvature += second.reshape(curvature.shape)
        count += zeroth.reshape(count.shape)


def multinomial_log_prob(X: Any, Y: Any, coef: Any, out: Any) -> None:
    """Add sum_c y_c log softmax_c(0, coef[k] @ x); Y: probabilities of classes 1, 2, ..."""
    n_rows = X.shape[1]
    run(
        "experts.multinomial_log_prob", X, Y, on_device(coef), n_rows, *_sizes(coef), out,
        **row_grid(n_rows),
    )  # fmt: skip


def multinomial_stats(
    X: Any, Y: Any, coef: Any, resp: Any, score: Any, curvature: Any, count: Any
) -> None:
    """Add sum r x (y_c - p_c), for b <= c sum r p_c (1[b=c] - p_b) x x', and sum r."""
    n_rows, sizes, coef = X.shape[1], _sizes(coef), on_device(coef)
    n_experts, n_free, n_features = sizes
    c, b = np.tril_indices(n_free)
    n_first, n_second = n_experts * n_free, n_experts * len(c)
    for start, size, room in strips(n_rows, n_first + n_second + n_experts):
        run(
            "experts.multinomial_weights", X, Y, coef, resp, n_rows, start, size, *sizes, room,
            **row_grid(size),
        )  # fmt: skip
        second, first, zeroth = weighted_sums(
            X,
            start,
            second=room[n_first : n_first + n_second],
            first=room[:n_first],
            zeroth=room[n_first + n_second :],
        )
        score += first.reshape(score.shape)
        curvature[:, c, b] += second.reshape(n_experts, len(c), n_features, n_features)
        count += zeroth


def _sizes(coef: Any) -> tuple[int, int, int]:
    n_experts, n_outputs, n_features = coef.shape
    return n_experts, n_outputs, n_features
