"""The finite-sample misfit-gain inequality as printed, with every term (theory 2.4)."""

from __future__ import annotations

from math import sqrt

import numpy as np

from w2s_stats.bounds._base import Quantity
from w2s_stats.bounds._gain import inner, mean, rows_of
from w2s_stats.bounds._inputs import Predictions


def finite_sample_terms(data: Predictions, *, width: float) -> list[Quantity]:
    """Terms of [C24] Theorem 2 for squared error, and the least gain they allow.

    G <= F - I + 2 D + 2 sqrt(D F) + 2 sqrt(A D) + H + 2 sqrt(E H) + u. The population's student
    F_sw is not among the arguments; its distance H from the student at hand is at most `width`, and
    A and E are at most (sqrt(A') + sqrt(H))^2 and (sqrt(G) + sqrt(H))^2, A' and G measured at the
    student at hand. u, by which its misfit exceeds F_sw's, is at most twice `width`.

    Parameters
    ----------
    data : Predictions
        With truth and ceiling; rows without truth are left out.
    width : float
        sup over f in the class of |(E - E_n)<g - f, f - F_w>|, for g = F_s and g = F_sw. 0 where
        the rows are those that the student was projected on.

    Returns
    -------
    list of Quantity
    """
    assert data.truth is not None and data.ceiling is not None
    models = (values[data.labelled] for values in (data.weak, data.student, data.ceiling))
    weight = rows_of(data.weight, data.labelled)
    truth, (weak, student, ceiling) = data.truth, models

    def distance(p: np.ndarray, q: np.ndarray) -> float:
        return mean(inner(p - q, p - q), weight)

    D, F, G = distance(ceiling, truth), distance(weak, truth), distance(student, truth)
    H, u, I = width, 2.0 * width, distance(student, weak)
    A = (sqrt(distance(student, ceiling)) + sqrt(H)) ** 2
    E = (sqrt(G) + sqrt(H)) ** 2
    slack = 2 * D + 2 * sqrt(D * F) + 2 * sqrt(A * D) + H + 2 * sqrt(E * H) + u
    return [
        Quantity("A = d(F_sw, F_s)", A),
        Quantity("D = d(F_s, F*)", D),
        Quantity("E = d(F_sw, F*)", E),
        Quantity("F = d(F_w, F*)", F),
        Quantity("G = d(student, F*)", G),
        Quantity("H = d(student, F_sw)", H),
        Quantity("I = misfit", I),
        Quantity("u, uniform convergence", u),
        Quantity("lower limit of [C24] Thm 2", I - slack),
    ]
