"""The finite-sample misfit-gain inequality as printed, with every term (theory 2.4)."""

from __future__ import annotations

from math import isnan, sqrt

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


def at_most(found: Interval, data: Predictions) -> float:
    """What a limit takes for a mean that needs the truth, and is not negative.

    Its value on these rows where all have a truth; where few have, the upper end of its interval,
    since a limit made of an estimate would be as often false as true. What was given stays.
    """
    known = data.complete or isnan(found.high)
    return max(found.estimate if known else found.high, 0.0)


def root_of(a: float, b: float) -> float:
    """sqrt(a b), which is 0 where one is 0, though the other be infinite."""
    return sqrt(a * b) if a > 0 and b > 0 else 0.0


def finite_sample_terms(
    bound: GainBound,
    data: Predictions,
    *,
    epsilon: Interval,
    weak_error: Interval,
    student_error: Interval,
    misfit: Interval,
    width: float,
) -> list[Quantity]:
    """Terms of [C24] Theorem 2 for squared error, and the least gain they allow.

    G <= F - I + 2 D + 2 sqrt(D F) + 2 sqrt(A D) + H + 2 sqrt(E H) + u, where D is epsilon, F and G
    are the errors of the weak model and of the student, and I is the misfit. The population's
    student F_sw is not among the arguments; its distance H from the student at hand is at most
    `width`, so that A and E are at most (sqrt(A') + sqrt(H))^2 and (sqrt(G) + sqrt(H))^2, A' and G
    measured at the student at hand. B = d(F_sw, F_w) is the least misfit there is, so that B <= I,
    and u, by which I exceeds B, is at most twice `width`.

    Parameters
    ----------
    bound : GainBound
        Whose intervals they have.
    data : Predictions
        With truth and ceiling.
    epsilon, weak_error, student_error, misfit : Interval
        D, F, G and I, which are in the bound's table under names of their own. Where few rows have
        a truth, the terms are of the upper ends of D, F and G.
    width : float
        sup over f in the class of |(E - E_n)<g - f, f - F_w>|, for g = F_s and g = F_sw. 0 where
        the rows are those that the student was projected on: then H = u = 0 and E = G.

    Returns
    -------
    list of Quantity
        With `width`, A, E, H and u are upper limits, and without intervals.
    """
    assert data.ceiling is not None
    apart = bound._mean(
        divergence_rows(SQUARED, "y_ceiling", data.ceiling, "y_student", data.student), data.weight
    )
    D, F, G = (at_most(found, data) for found in (epsilon, weak_error, student_error))
    A, H, u = apart.estimate, width, 2.0 * width
    terms = {
        "2 epsilon": 2 * D,
        "2 sqrt(epsilon F), F the weak model's error": 2 * root_of(D, F),
    }
    if width == 0:
        distances = [Quantity("A = d(F_sw, F_s)", *apart)]
        terms["2 sqrt(A epsilon)"] = 2 * root_of(A, D)
    else:
        A, E = ((sqrt(d) + sqrt(H)) ** 2 for d in (A, G))
        terms["2 sqrt(A epsilon)"] = 2 * root_of(A, D)
        terms["2 sqrt(E H)"] = 2 * root_of(E, H)
        distances = [
            Quantity("A = d(F_sw, F_s), at most", A),
            Quantity("E = d(F_sw, F*), at most", E),
            Quantity("H = d(student, F_sw), at most", H),
            Quantity("u = misfit - d(F_sw, F_w), at most", u),
        ]
    return [
        *distances,
        *(Quantity(name, value) for name, value in terms.items()),
        Quantity("lower limit of [C24] Thm 2", misfit.estimate - sum(terms.values()) - H - u),
    ]


def on_width(width: float) -> Assumption:
    """What stands for the terms in the class's capacity C, n and delta, which are not computed."""
    if width == 0:
        where = "These rows are those that the student was projected on, so that H = u = 0"
    else:
        where = f"H and u, of order sqrt(C/n) and sqrt(log(1/delta)/n), are within width={width:g}"
    return Assumption(f"{where} in the terms of [C24] Thm 2", "not checked")


def on_few_labels(data: Predictions) -> list[Assumption]:
    """That upper limits stand for what few rows with a truth tell of epsilon and the errors."""
    if data.complete:
        return []
    return [
        Assumption(
            "epsilon and both errors are at most the upper confidence limits that stand for them "
            "in the terms of [C24] Thm 2",
            "not checked",
        )
    ]
