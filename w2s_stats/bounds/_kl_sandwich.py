"""The gain between its sharpest label-free limits, and the looser ones around them, theory 3."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._validation import check_confidence_level
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._inputs import check_class_predictions, warn_of_hard_labels
from w2s_stats.bounds._log_ratio import RowFacts, row_facts
from w2s_stats.bounds._parameters import check_floor_of
from w2s_stats.bounds._ranges import log_range
from w2s_stats.bounds._row_means import (
    FRESH_ROWS,
    intervals_of_end,
    mean_of_known_rows,
    mean_of_rows,
    through,
)


def sharp_constant(gamma: float) -> float:
    """sqrt(2 (1 - gamma) / gamma), theory 3.2; infinite at gamma = 0.

    Examples
    --------
    >>> from w2s_stats.bounds._kl_sandwich import sharp_constant
    >>> round(sharp_constant(1e-3), 1), sharp_constant(0.0)
    (44.7, inf)
    """
    return float(np.sqrt(2 * (1 - gamma)) / np.sqrt(gamma)) if gamma > 0 else np.inf


def printed_constant(gamma: float) -> float:
    """((1 / gamma) log(1 / gamma) + 1 / e) / sqrt(2), as [Y25] print it; infinite at gamma = 0.

    Examples
    --------
    >>> from w2s_stats.bounds._kl_sandwich import printed_constant
    >>> round(printed_constant(1e-3)), round(printed_constant(0.48), 3)
    (4885, 1.341)
    """
    if gamma == 0:
        return np.inf
    with np.errstate(over="ignore"):
        return float((-np.log(gamma) / np.float64(gamma) + np.exp(-1)) / np.sqrt(2))


class KLSandwich(Bound):
    r"""The gain in KL, or in cross-entropy, between limits that need no labels (theory 3).

    gain = d(F*, F_w) - d(F*, F_sw) = E_x sum_j F*_j log(F_sw,j / F_w,j), d = E_x KL. As F* is a
    distribution, the gain lies in the *envelope*

    .. math:: [E_x \min_j \log(F_{sw,j}/F_{w,j}),\; E_x \max_j \log(F_{sw,j}/F_{w,j})],

    whatever the truth, and every point of it is some truth's gain (theory 3.3). Around it lie, for
    probabilities of at least gamma, +- C E sqrt(KL_x(F_w || F_sw)) and +- C sqrt(d(F_w, F_sw)),
    C = sqrt(2 (1 - gamma) / gamma), the sharp constant (theory 3.2); and the printed
    +- C_1 sqrt(d(F_w, F_sw)) of Yao et al., C_1 = ((1 / gamma) log(1 / gamma) + 1 / e) / sqrt(2),
    which is true for gamma <= 0.43542 only (theory 3.1: with two classes, F_w = (.48, .52),
    F_sw = (.4801, .5199) and the first class certain, it fails). `fit` takes class probabilities.

    Parameters
    ----------
    gamma : float, default=None
        In [0, 1 / n_classes]: a floor on both models' probabilities, known because they were
        clipped there. None: the smallest probability in the sample, which makes the constants true
        of the sample, not of a population. At 0 the constants are infinite; the envelope answers
        as ever.
    confidence_level : float, default=0.95
    random_state : int, RandomState or None, default=None
        Of the bootstrap of the envelope's ends; above 20,000 rows they get normal intervals.

    Attributes
    ----------
    estimate_ : float
        The gain; NaN without truth. With a part of the rows labelled prediction-powered: the
        student's own belief, KL(F_sw || F_w), stands in for the labels.
    lower_, upper_ : float
        Ends of the envelope on this sample. For a population take the intervals in `table_`: by
        bootstrap (normal above 20,000 rows), and by empirical Bernstein, valid at every n, whose
        range needs a known gamma and rows without weights.
    gamma_ : float
        The floor: as given, or the smallest probability found.
    table_ : list of Quantity
        "envelope, low end" and "high end" with their intervals (", any n": by empirical
        Bernstein); the three limits around the envelope as half widths, from the tightest,
        "sharp, C mean sqrt KL: +-", "sharp, C sqrt mean KL: +-", "printed, C1 sqrt mean KL: +-",
        and the first of the other direction, "sharp, C mean sqrt KL(student || weak): +-", with
        intervals that take gamma as given; and what they are made of.
    interval_, method_, holds_, assumptions_
        As in every bound.

    Raises
    ------
    ValueError
        In `fit`, also if gamma lies outside [0, 1 / n_classes] or above a probability that was
        found, or the gain is infinity minus infinity.

    References
    ----------
    Yao et al. (2025), The capabilities and limitations of weak-to-strong generalization, Theorem 1.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import KLSandwich
    >>> weak = np.array([[0.6, 0.4], [0.5, 0.5]])
    >>> student = np.array([[0.8, 0.2], [0.3, 0.7]])
    >>> bound = KLSandwich(random_state=0).fit(weak, student, [0, 1])
    >>> round(bound.lower_, 3), round(bound.estimate_, 3), round(bound.upper_, 3), bound.holds_
    (-0.602, 0.312, 0.312, True)
    """

    def __init__(
        self,
        *,
        gamma: float | None = None,
        confidence_level: float = 0.95,
        random_state: Any = None,
    ) -> None:
        self.gamma = gamma
        self.confidence_level = confidence_level
        self.random_state = random_state

    def _fit(
        self, y_weak: Any, y_student: Any, y_true: Any, *, sample_weight: Any, **unused: Any
    ) -> Self:
        level = check_confidence_level(self.confidence_level)
        data = check_class_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
        warn_of_hard_labels(data)
        facts = row_facts(data.weak, data.student, data.truth)
        n_classes, smallest = data.weak.shape[1], float(facts.floor.min())
        if self.gamma is not None:
            check_floor_of(self.gamma, n_classes, smallest)
        self.gamma_ = smallest if self.gamma is None else float(self.gamma)
        # The range of log(s / w) under a floor that was known beforehand.
        reach = log_range(0.0 if self.gamma is None else self.gamma_, n_classes)
        # For each end, by each method.
        ends = [
            [
                Quantity(f"envelope, {name} end{kind}", *interval)
                for kind, interval in intervals_of_end(
                    values,
                    data.weight,
                    level,
                    low=low,
                    high=high,
                    random_state=self.random_state,
                )
            ]
            for name, values, low, high in (
                ("low", facts.low, -reach, 0.0),
                ("high", facts.high, 0.0, reach),
            )
        ]
        # The student's own belief, sum_j s_j log(s_j / w_j), stands in for truths not known.
        gain, sampling = mean_of_known_rows(facts.gain, facts.reverse, data.weight, level)
        return self._conclude(
            gain,
            ends[0][0].value,
            ends[1][0].value,
            table=[*ends[0], *ends[1], *self._tiers(facts, data.weight, level)],
            assumptions=[FRESH_ROWS, *self._on_gamma(), *sampling],
            comparable=not sampling,
        )

    def _tiers(self, facts: RowFacts, weight: np.ndarray | None, level: float) -> list[Quantity]:
        """The limits around the envelope, as half widths, and what they are made of."""
        sharp, printed = sharp_constant(self.gamma_), printed_constant(self.gamma_)
        forward = mean_of_rows(facts.forward, weight, level)
        reverse = mean_of_rows(facts.reverse, weight, level)
        root = mean_of_rows(np.sqrt(facts.forward), weight, level)
        other_root = mean_of_rows(np.sqrt(facts.reverse), weight, level)
        return [
            through("sharp, C mean sqrt KL: +-", root, lambda r: _times(sharp, r)),
            through("sharp, C sqrt mean KL: +-", forward, lambda d: _times(sharp, np.sqrt(d))),
            through("printed, C1 sqrt mean KL: +-", forward, lambda d: _times(printed, np.sqrt(d))),
            through(
                "sharp, C mean sqrt KL(student || weak): +-",
                other_root,
                lambda r: _times(sharp, r),
            ),
            Quantity("gamma", self.gamma_),
            Quantity("C, sharp constant", sharp),
            Quantity("C1, printed constant", printed),
            Quantity("KL(weak || student)", *forward),
            Quantity("KL(student || weak)", *reverse),
        ]

    def _on_gamma(self) -> list[Assumption]:
        # C <= C1 says the same as gamma <= 0.43542, where the two are equal.
        true = sharp_constant(self.gamma_) <= printed_constant(self.gamma_)
        floor = [
            Assumption("No probability here is below gamma", "held"),
            Assumption("gamma was known beforehand", "not checked"),
        ]
        if self.gamma is None:
            name = "gamma, the smallest probability here, is the population's floor"
            floor = [Assumption(name, "not checked")]
        return [
            *floor,
            Assumption(
                "gamma is at most 0.43542, above which the printed limit is false",
                "held" if true else "violated",
            ),
        ]


def _times(constant: float, root: float) -> float:
    """Equal models have gain 0, also where the constant is infinite."""
    return constant * root if root > 0 else 0.0
