"""Gain of a student over its weak model, and the misfit that it is worth (theory 2.1-2.4)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import empirical_bernstein_mean
from w2s_stats._validation import check_choice, check_confidence_level, shown
from w2s_stats.bounds._base import Assumption, Quantity
from w2s_stats.bounds._finite_sample import (
    epsilon_of,
    finite_sample_terms,
    on_few_labels,
    on_width,
)
from w2s_stats.bounds._gain import (
    STUDENT_CLASSES,
    GainBound,
    divergence_rows,
    errors,
)
from w2s_stats.bounds._heads_correction import heads_correction
from w2s_stats.bounds._inputs import Predictions, check_predictions
from w2s_stats.bounds._misfit_assumptions import on_student_and_truth
from w2s_stats.bounds._parameters import check_divergence, check_not_negative
from w2s_stats.bounds._ranges import probability_ranges, value_ranges
from w2s_stats.divergences import KL, Squared

# Of the misfit: what a member of the class may be ahead of a projection, on the projection's side.
_OPTIMAL = 1e-3


class MisfitGain(GainBound):
    r"""Gain of a student, at least its misfit (theory 2.1-2.3), and what they differ by.

    .. math::
        \underbrace{E D(F^*, F_w) - E D(F^*, F_{sw})}_{\text{gain}}
        \ge \underbrace{E D(F_{sw}, F_w)}_{\text{misfit}},

    for a Bregman divergence D, if the student minimises the misfit, without penalty and over the
    first argument, on a class that is convex in mean (probability) space and holds the truth.
    Always, exactly and on any sample,

    .. math::
        \text{gain} - \text{misfit}
        = E\langle F^* - F_{sw}, \nabla\phi(F_{sw}) - \nabla\phi(F_w)\rangle,

    which is in the table; with `y_ceiling` in two parts, inside the class (not negative for a
    projection) and outside it. For KL that is reverse-KL training, student first, on probabilities:
    softmax-linear heads are no convex class, and cross-entropy training is no such projection; the
    inequality fails there, as it does for a ridge penalty. `GainCertificate` is for any student.

    Noisy labels may stand for the truth they are drawn from: gain and misfit - gain are linear in
    it, though both errors then hold the noise. `fit` takes any numbers, in one column or several,
    and as `y_ceiling` a member of the student's class, the nearer the truth the better.

    Parameters
    ----------
    divergence : Bregman divergence of `w2s_stats.divergences`, default=None
        None: squared error.
    student_class : {"convex", "affine"}, default="convex"
        "affine": a linear or affine space of predictions, in whose interior the student lies. The
        gain is then exactly the misfit, and `upper_` equals `lower_`.
    n_heads : int, default=None
        For KL: the class holds mixtures of this many softmax heads, with the truth in the closed
        convex hull of all heads; `lower_` is reduced by `heads_correction` (theory 2.3). Such a
        class is not affine.
    gamma : float, default=None
        For KL: a floor of the heads', weak and student probabilities, known because they were
        clipped there. Needed by `n_heads`; gives finite-sample intervals for rows without weights.
    output_range : tuple of two floats, default=None
        For other divergences: the range in which every prediction and truth is known to lie; gives
        finite-sample intervals for rows without weights. Truths may lie beyond an end up to a
        closed end of the divergence's domain, as hard labels 0 and 1 do for `BinaryKL`: whether
        any do here or not, those intervals allow for it.
    width : float, default=0.0
        For the finite-sample inequality, whose terms are in the table (squared error, with truth
        and `y_ceiling`; theory 2.4): how far means over these rows may be from means over the rows
        the student learned from.
    confidence_level : float, default=0.95
    n_resamples : int, default=2000
        Of the bootstrap; above 20,000 rows Wald's intervals are as good, and taken.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    estimate_ : float
        The gain, NaN without truth. Where some rows have no truth, misfits predict gains there
        (prediction-powered inference), and in the table errors too.
    lower_ : float
        The misfit, less the heads' correction.
    upper_ : float
        Infinite for a convex class.
    interval_, method_, holds_, assumptions_, table_
        As for every bound.

    Raises
    ------
    ValueError
        In `fit`, also if predictions lie outside the divergence's domain, or a parameter does not
        go with the divergence.

    References
    ----------
    Charikar, Pabbaraju and Shiragur (2024), Quantifying the Gain in Weak-to-Strong Generalization,
    Theorems 1 and 2; Mulgund and Pabbaraju (2025), Relating Misfit to Gain in Weak-to-Strong
    Generalization Beyond the Squared Loss.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import MisfitGain, project_least_squares
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(500, 4))
    >>> y_true = h.sum(axis=1)
    >>> y_weak = y_true + 2.0 * rng.normal(size=500)
    >>> y_student = project_least_squares(h, y_weak).fitted
    >>> bound = MisfitGain(student_class="affine", random_state=0).fit(y_weak, y_student, y_true)
    >>> round(bound.estimate_, 6) == round(bound.lower_, 6)
    True
    >>> bound.holds_
    True
    """

    def __init__(
        self,
        divergence: Any = None,
        *,
        student_class: str = "convex",
        n_heads: int | None = None,
        gamma: float | None = None,
        output_range: tuple[float, float] | None = None,
        width: float = 0.0,
        confidence_level: float = 0.95,
        n_resamples: int = 2000,
        random_state: Any = None,
    ) -> None:
        self.divergence = divergence
        self.student_class = student_class
        self.n_heads = n_heads
        self.gamma = gamma
        self.output_range = output_range
        self.width = width
        self.confidence_level = confidence_level
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any,
        *,
        y_ceiling: Any,
        sample_weight: Any,
        **unused: Any,
    ) -> Self:
        check_confidence_level(self.confidence_level)
        check_not_negative("width", self.width)
        check_choice("student_class", self.student_class, STUDENT_CLASSES)
        if self.n_heads is not None and self.student_class == "affine":
            raise ValueError(
                'n_heads must be None with student_class="affine": mixtures of k heads are no '
                f"affine space; found {shown(self.n_heads)}."
            )
        data = check_predictions(
            y_weak, y_student, y_true, y_ceiling=y_ceiling, sample_weight=sample_weight
        )
        divergence = check_divergence(self.divergence)
        misfit = divergence_rows(divergence, "y_student", data.student, "y_weak", data.weak, data)
        ranges = self._ranges(divergence, data)
        ranges = ranges if data.weight is None else None

        total = self._mean(misfit, data.weight)
        table = [Quantity("misfit", *total), *self._any_n(ranges, "misfit", misfit)]
        correction = 0.0
        if self.n_heads is not None:
            correction = self._correction(self.n_heads, divergence, data)
            table.append(Quantity("correction for k heads", correction))
        lower = total.estimate - correction

        inside, within = self._inside(divergence, data, misfit), None
        if inside is not None:
            within = self._mean(inside, data.weight)
            table.append(Quantity("gain - misfit, inside the class", *within))

        known, printed, excess = errors(divergence, data), [], None
        if known is not None:
            rows, gain = data.labelled, known[0] - known[1]
            difference = gain - misfit[rows]
            if inside is not None:
                outside = self._labelled_mean(difference - inside[rows], misfit, data)
                table.append(Quantity("gain - misfit, outside the class", *outside))
            of_weak, of_student = (self._labelled_mean(error, misfit, data) for error in known)
            ahead = Quantity("gain - misfit", *self._labelled_mean(difference, misfit, data))
            name = ahead.name if self.n_heads is None else "gain - misfit + correction"
            low, high = ahead.low + correction, ahead.high + correction
            excess = Quantity(name, ahead.value + correction, low, high)
            table += [
                ahead,
                *self._any_n(ranges, "gain - misfit", difference),
                *self._any_n(ranges, "gain", gain),
                Quantity("error of the weak model", *of_weak),
                Quantity("error of the student", *of_student),
            ]
            if isinstance(divergence, Squared) and data.ceiling is not None:
                epsilon = epsilon_of(self, data)
                printed = [
                    Quantity("epsilon = d(F_s, F*)", *epsilon),
                    *finite_sample_terms(
                        self,
                        data,
                        epsilon=epsilon,
                        weak_error=of_weak,
                        student_error=of_student,
                        misfit=total,
                        width=self.width,
                    ),
                ]
        return self._conclude_gain(
            known,
            misfit,
            data,
            lower,
            lower if self.student_class == "affine" else np.inf,
            table=[*table, *printed],
            excess=excess,
            assumptions=[
                *on_student_and_truth(
                    data,
                    within,
                    slack=_OPTIMAL * total.estimate + correction,
                    student_class=self.student_class,
                    n_heads=self.n_heads,
                ),
                *self._on_what_was_known(),
                *([on_width(self.width), *on_few_labels(data)] if printed else []),
            ],
        )

    def _ranges(self, divergence: Any, data: Predictions) -> dict[str, tuple[float, float]] | None:
        """Ranges of the rows' terms, if a floor or a range of the predictions is known."""
        name = type(divergence).__name__
        if isinstance(divergence, KL):
            if self.output_range is not None:
                raise ValueError(
                    "output_range must be None with KL, whose rows have gamma, a floor; found "
                    f"{shown(self.output_range)}."
                )
            return None if self.gamma is None else probability_ranges(self.gamma, data)
        if self.gamma is not None:
            raise ValueError(
                f"gamma must be None with {name}, whose rows have output_range; found "
                f"{shown(self.gamma)}."
            )
        if self.output_range is None:
            return None
        return value_ranges(divergence, self.output_range, data)

    def _any_n(
        self, ranges: dict[str, tuple[float, float]] | None, name: str, rows: np.ndarray
    ) -> list[Quantity]:
        """Interval by empirical Bernstein, for rows without weights whose range is known."""
        if ranges is None:
            return []
        # A floor is met up to rounding only.
        inside = np.clip(rows, *ranges[name])
        found = empirical_bernstein_mean(
            inside, *ranges[name], confidence_level=self.confidence_level
        )
        return [Quantity(f"{name}, any n", *found)]

    def _correction(self, n_heads: int, divergence: Any, data: Predictions) -> float:
        if not isinstance(divergence, KL) or self.gamma is None:
            raise ValueError(
                "n_heads needs divergence=KL() and gamma, a floor of the probabilities; found "
                f"{type(divergence).__name__} and gamma={self.gamma!r}."
            )
        return heads_correction(n_heads, self.gamma, n_classes=data.weak.shape[1])

    def _inside(self, divergence: Any, data: Predictions, misfit: np.ndarray) -> np.ndarray | None:
        """<F_s - F_sw, grad phi(F_sw) - grad phi(F_w)>: what gain - misfit is if F_s is the truth.

        By the identity it is a difference of divergences, which store no gradients.
        """
        if data.ceiling is None:
            return None
        weak_error, student_error = (
            divergence_rows(divergence, "y_ceiling", data.ceiling, name, model, data)
            for name, model in (("y_weak", data.weak), ("y_student", data.student))
        )
        return weak_error - student_error - misfit

    def _on_what_was_known(self) -> list[Assumption]:
        """A floor or a range that was read off this sample makes no interval at every n."""
        given = [name for name in ("gamma", "output_range") if getattr(self, name) is not None]
        return [Assumption(f"{name} was known beforehand", "not checked") for name in given]
