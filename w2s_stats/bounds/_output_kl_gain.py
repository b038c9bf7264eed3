"""Gain and misfit of outputs taken as distributions over the sample, theory 5."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._validation import check_choice, whole_or_nothing
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._inputs import check_predictions
from w2s_stats.bounds._intervals import Interval, check_confidence_level, normal_mean


class OutputKLGain(Bound):
    r"""Whether the misfit bounds the gain of positive outputs, theory 5 ([Y25] Theorem 3).

    Outputs in the sample are divided by their mean (theory 1.3), d(f, g) = mean f log(f / g). A
    student of *forward* training, F_sw = argmin d(F_w, .), is said to have

    .. math:: d(F_w, F^*) - d(F_{sw}, F^*) \ge d(F_w, F_{sw})
              \quad\text{if}\quad \langle F_w - F_{sw},\, r - 1 - \log r\rangle \ge 0,
              \quad r = F^*/F_{sw}.

    The condition is needed, and not sharp: gain - misfit = (1 - E_{F_w} r) + <F_w - F_sw, r - 1 -
    log r> exactly (theory 5.1), the first bracket >= 0 for a minimiser over a convex class that
    holds the truth, so that the bound holds if and only if the condition's value is at least minus
    the bracket (theory 5.2). Without the condition it often fails. A student of *reverse* training,
    F_sw = argmin d(., F_w) over a convex class that holds the truth, has d(F*, F_w) - d(F*, F_sw)
    >= d(F_sw, F_w) without any condition (theory 5.3).

    Parameters
    ----------
    training : {"forward", "reverse"}, default="forward"
        Which of the two `estimate_` and `lower_` are; the table has both.
    normalize : {"sum", "softmax"}, default="sum"
        How outputs become a distribution over the sample: themselves (which must be positive), or
        their exponentials.
    confidence_level : float, default=0.95

    Attributes
    ----------
    estimate_ : float
        The gain, in the labelled rows alone where some are not; NaN without truth.
    lower_, upper_ : float
        The misfit, in the same rows as the gain, and infinity.
    condition_, bracket_ : float
        <F_w - F_sw, r - 1 - log r> and 1 - E_{F_w} r; NaN without truth.
    condition_holds_ : bool or None
        Whether `condition_` >= 0.
    holds_ : bool or None
        Whether gain >= misfit: forward, this is `condition_` >= -`bracket_`.
    interval_, method_, assumptions_, table_
        As in every bound; intervals are normal, by the delta method.

    References
    ----------
    Yao et al. (2025), The capabilities and limitations of weak-to-strong generalization, Theorem 3.

    Examples
    --------
    >>> from w2s_stats.bounds import OutputKLGain
    >>> bound = OutputKLGain().fit([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], [1.0, 2.0, 2.5])
    >>> round(bound.estimate_, 4), round(bound.lower_, 4), bound.condition_holds_, bound.holds_
    (0.0233, 0.0102, True, True)
    """

    def __init__(
        self,
        *,
        training: str = "forward",
        normalize: str = "sum",
        confidence_level: float = 0.95,
    ) -> None:
        self.training = training
        self.normalize = normalize
        self.confidence_level = confidence_level

    @whole_or_nothing
    def fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any = None,
        *,
        y_ceiling: Any = None,
        neighbors: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Compute the misfit, and gain and condition where there is truth.

        Parameters
        ----------
        y_weak, y_student : array-like of shape (n_samples,)
            Outputs; > 0 under `normalize="sum"`.
        y_true : array-like of shape (n_samples,), default=None
            NaN where a row has no label; these rows are then left out of all sums.
        y_ceiling, neighbors : ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If arrays are not finite or not one-dimensional, shapes differ, outputs are not positive
            where they must be, or `training` or `normalize` is none of its choices.
        """
        level = check_confidence_level(self.confidence_level)
        check_choice("training", self.training, ("forward", "reverse"))
        check_choice("normalize", self.normalize, ("sum", "softmax"))
        data = check_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
        if data.weak.ndim != 1:
            raise ValueError(f"y_weak must have one dimension, found shape {data.weak.shape}.")
        rows, weight = data.labelled, data.weight
        if weight is not None:
            weight = weight[rows]
            if not weight.any():
                raise ValueError("sample_weight must be positive in a labelled row, found none.")
        weak = self._log_density(data.weak[rows], weight, "y_weak")
        student = self._log_density(data.student[rows], weight, "y_student")
        forward = _divergence(weak, student, weight)
        reverse = _divergence(student, weak, weight)
        misfit = forward if self.training == "forward" else reverse
        table = [
            Quantity("forward misfit, KL(weak || student)", *_interval(forward, weight, level)),
            Quantity("reverse misfit, KL(student || weak)", *_interval(reverse, weight, level)),
        ]
        estimate = None
        self.condition_ = self.bracket_ = np.nan
        self.condition_holds_: bool | None = None
        if data.truth is not None:
            truth = self._log_density(data.truth, weight, "y_true")
            gains = {
                "forward": _divergence(weak, truth, weight) - _divergence(student, truth, weight),
                "reverse": _divergence(truth, weak, weight) - _divergence(truth, student, weight),
            }
            estimate = _interval(gains[self.training], weight, level)
            log_r = truth - student
            bracket = 1 - np.exp(weak + log_r)
            condition = (np.exp(weak) - np.exp(student)) * (np.expm1(log_r) - log_r)
            self.bracket_ = float(np.average(bracket, weights=weight))
            self.condition_ = float(np.average(condition, weights=weight))
            self.condition_holds_ = self.condition_ >= 0
            slack = {"forward": gains["forward"] - forward, "reverse": gains["reverse"] - reverse}
            table += [Quantity(f"{k} gain", *_interval(g, weight, level)) for k, g in gains.items()]
            table += [
                Quantity(f"{k} gain - misfit", *_interval(v, weight, level))
                for k, v in slack.items()
            ]
            table += [
                Quantity("condition, forward", self.condition_),
                Quantity("1 - E_weak r, forward", self.bracket_),
            ]
        return self._conclude(
            estimate,
            misfit.mean() if weight is None else np.average(misfit, weights=weight),
            np.inf,
            table=table,
            assumptions=self._assumptions(),
        )

    def _log_density(self, values: np.ndarray, weight: np.ndarray | None, name: str) -> np.ndarray:
        """Logarithms of outputs over their mean: densities with respect to the sample."""
        values = values.astype(np.float64)
        if self.normalize == "sum":
            if values.min() <= 0:
                row = int(values.argmin())
                raise ValueError(
                    f'{name} must be positive for normalize="sum", found {values[row]:g}; '
                    'normalize="softmax" takes any output.'
                )
            values = np.log(values)
        top = values.max()
        return values - top - np.log(np.average(np.exp(values - top), weights=weight))

    def _assumptions(self) -> list[Assumption]:
        first, second = {"forward": ("weak", "."), "reverse": (".", "weak")}[self.training]
        trained = f"The student minimises d({first}, {second}) over a convex class with the truth"
        found = [Assumption(trained, "not checked")]
        if self.training == "forward":
            status = {None: "not checked", True: "held", False: "violated"}[self.condition_holds_]
            found.append(Assumption("<F_w - F_sw, r - 1 - log r> >= 0", status))
        return found


def _divergence(log_f: np.ndarray, log_g: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Rows whose mean is d(f, g) and whose spread is its standard error's, by the delta method.

    f log(f / g) alone has that mean; the rest is what the two means in the denominators add to the
    influence function.
    """
    f, log = np.exp(log_f), log_f - log_g
    mean = np.average(f * log, weights=weight)
    return f * (log - mean) - f + np.exp(log_g) + mean


def _interval(rows: np.ndarray, weight: np.ndarray | None, confidence_level: float) -> Interval:
    found = normal_mean(rows, weight, confidence_level=confidence_level)
    return found._replace(method="delta")
