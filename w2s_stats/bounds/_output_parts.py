"""What every row adds to divergences of outputs as distributions over the sample (theory 5).

Arguments are logarithms of densities, outputs over their mean, and the rows' weights or None. The
rows of each result have the quantity as their mean and its standard error's spread, by the delta
method: they are its influence function, in which the means that outputs are divided by count too.
"""

from __future__ import annotations

import numpy as np


def over_mean(log_f: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Logarithm of outputs over their mean."""
    top = log_f.max()
    return log_f - top - np.log(np.average(np.exp(log_f - top), weights=weight))


def divergence_parts(log_f: np.ndarray, log_g: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """d(f, g) = E f log(f / g)."""
    f, log = np.exp(log_f), log_f - log_g
    mean = np.average(f * log, weights=weight)
    return f * (log - mean) - f + np.exp(log_g) + mean


def misfit_parts(
    weak: np.ndarray, student: np.ndarray, weight: np.ndarray | None
) -> dict[str, np.ndarray]:
    """d(F_w, F_sw), forward, and d(F_sw, F_w), reverse."""
    return {
        "forward": divergence_parts(weak, student, weight),
        "reverse": divergence_parts(student, weak, weight),
    }


def gain_parts(
    weak: np.ndarray, student: np.ndarray, truth: np.ndarray, weight: np.ndarray | None
) -> dict[str, np.ndarray]:
    """d(F_w, F*) - d(F_sw, F*), forward, and d(F*, F_w) - d(F*, F_sw), reverse."""
    return {
        "forward": divergence_parts(weak, truth, weight) - divergence_parts(student, truth, weight),
        "reverse": divergence_parts(truth, weak, weight) - divergence_parts(truth, student, weight),
    }


def bracket_parts(
    weak: np.ndarray, student: np.ndarray, truth: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """1 - E_{F_w} r, r = F* / F_sw."""
    share = np.exp(weak + truth - student)
    mean = np.average(share, weights=weight)
    return 1 - share - mean * (np.exp(student) - np.exp(weak) - np.exp(truth) + 1)


def condition_parts(
    weak: np.ndarray, student: np.ndarray, truth: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """<F_w - F_sw, r - 1 - log r>, r = F* / F_sw."""
    w, s, t, log_r = np.exp(weak), np.exp(student), np.exp(truth), truth - student
    beyond = np.expm1(log_r) - log_r

    def mean(rows: np.ndarray) -> float:
        return float(np.average(rows, weights=weight))

    return (
        (w - s) * beyond
        - mean(w * beyond) * (w - 1)
        + mean(s * beyond) * (s - 1)
        + mean((w - s) * np.expm1(log_r)) * (s - t)
    )
