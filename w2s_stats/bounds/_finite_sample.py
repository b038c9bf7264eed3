"""The finite-sample misfit-gain inequality as printed, with every term (theory 2.4)."""

from __future__ import annotations

from math import sqrt

from w2s_stats._intervals import Interval
from w2s_stats.bounds._base import Assumption, Quantity
from w2s_stats.bounds._gain import GainBound, divergence_rows
from w2s_stats.bounds._inputs import Predictions
from w2s_stats.divergences import Squared

SQUARED = Squared()


def epsilon_of(bound: GainBound, data: Predictions) -> Interval:
    """d(F_s, F*) in squared error, which is not negative, though sums with guesses may be.

    Where few rows have a truth, the student stands in for those of the others.
    """
    ceiling = data.ceiling
    assert ceiling is not None
    miss = data.labelled_values(
        lambda truth, rows: divergence_rows(SQUARED, "y_true", truth, "y_ceiling", ceiling[rows])
    )
    guess = divergence_rows(SQUARED, "y_ceiling", ceiling, "y_student", data.student)
    value, low, high, method = bound._labelled_mean(miss, guess, data)
    return Interval(max(value, 0.0), max(low, 0.0), max(high, 0.0), method)


def finite_sample_terms(
    bound: GainBound,
    data: Predictions,
    *,
    weak_error: Interval,
    student_error: Interval,
    misfit: Interval,
    width: float,
) -> list[Quantity]:
    """Terms of [C24] Theorem 2 for squared error, and the least gain they allow.

    G <= F - I + 2 D + 2 sqrt(D F) + 2 sqrt(A D) + H + 2 sqrt(E H) + u. The population's student
    F_sw is not among the arguments; its distance H from the student at hand is at most `width`, so
    that A, B and E are at most (sqrt(A') + sqrt(H))^2, I + u and (sqrt(G) + sqrt(H))^2, A' and G
    measured at the student at hand. u, by which the misfit of F_sw exceeds the student's, is at
    most twice `width`.

    Parameters
    ----------
    bound : GainBound
        Whose intervals they have.
    data : Predictions
        With truth; without a ceiling there are no terms.
    weak_error, student_error, misfit : Interval
        F, G and I.
    width : float
        sup over f in the class of |(E - E_n)<g - f, f - F_w>|, for g = F_s and g = F_sw. 0 where
        the rows are those that the student was projected on.

    Returns
    -------
    list of Quantity
        With `width`, A, B, E, H and u are upper limits, and without intervals.
    """
    if data.ceiling is None:
        return []
    epsilon = epsilon_of(bound, data)
    apart = bound._mean(
        divergence_rows(SQUARED, "y_ceiling", data.ceiling, "y_student", data.student), data.weight
    )
    D, F, G, I = (found.estimate for found in (epsilon, weak_error, student_error, misfit))
    H, u = width, 2.0 * width
    A, E = ((sqrt(max(d, 0.0)) + sqrt(H)) ** 2 for d in (apart.estimate, G))
    terms = {
        "2 D": 2 * D,
        "2 sqrt(D F)": 2 * sqrt(D * max(F, 0.0)),
        "2 sqrt(A D)": 2 * sqrt(A * D),
        "2 sqrt(E H)": 2 * sqrt(E * H),
    }
    limited = {
        "A = d(F_sw, F_s)": (A, apart),
        "B = d(F_sw, F_w)": (I + u, misfit),
        "E = d(F_sw, F*)": (E, student_error),
    }
    return [
        *(
            Quantity(f"{name}, at most", value) if width > 0 else Quantity(name, *found)
            for name, (value, found) in limited.items()
        ),
        Quantity("D = d(F_s, F*)", *epsilon),
        Quantity("F = d(F_w, F*)", *weak_error),
        Quantity("G = d(student, F*)", *student_error),
        Quantity("H = d(student, F_sw), at most", H),
        Quantity("I = d(student, F_w)", *misfit),
        Quantity("u, uniform convergence, at most", u),
        *(Quantity(name, value) for name, value in terms.items()),
        Quantity("lower limit of [C24] Thm 2", I - sum(terms.values()) - H - u),
    ]


def on_width(width: float) -> Assumption:
    """What stands for the terms in the class's capacity C, n and delta, which are not computed."""
    if width == 0:
        where = "These rows are those that the student was projected on, so that H = u = 0"
    else:
        where = f"H and u, of order sqrt(C/n) and sqrt(log(1/delta)/n), are within width={width:g}"
    return Assumption(f"{where} in the terms of [C24] Thm 2", "not checked")
