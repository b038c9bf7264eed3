"""Which rows to label by hand, and what the labels then certify."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from w2s_stats._intervals import Interval, normal_mean, score_mean
from w2s_stats._validation import (
    check_choice,
    check_confidence_level,
    check_integer,
    is_number,
    shown,
)
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._inputs import Predictions, check_class_predictions
from w2s_stats.bounds._log_ratio import distributions, log_ratio
from w2s_stats.bounds._rows import blocks


class GoldLabelPlan(Bound):
    r"""Gain of a student over its weak model from few gold labels, drawn where they matter.

    Whatever its label, row i adds between a_i and b_i to the gain; let w_i = b_i - a_i, m_i the
    middle. Of n rows drawn (with replacement) with probability w_i / sum w, labels give l_i and

    .. math:: T = \bar m + \frac{\bar w}{n} \sum (l - m) / w, \qquad
        |T - gain| \le \bar w \sqrt{\ln(2 / \delta) / (2 n)}

    with probability 1 - delta at every n (theory 9.3; Hoeffding, as every term lies in
    [-1/2, 1/2]). Rows on which the models agree are never labelled.

    Three steps: `fit` without truth says which rows to label (`to_label_`) and what is known
    without any label (`lower_`, `upper_`); `labels_needed` says how many labels a gain of a given
    size takes; `fit` with the labels of those rows, NaN elsewhere, says what the gain is.

    `fit` takes class probabilities, above zero for the gain in log-likelihood.

    Parameters
    ----------
    n_labels : int, default=100
        Draws. A larger plan with the same seed goes on where a smaller one ended.
    gain : {"log_likelihood", "accuracy"}, default="log_likelihood"
        l = log(student / weak) at the label, in [min_j, max_j] of it (theory 3.3); or
        1[student right] - 1[weak right], in [-1, 1] where the two differ and 0 elsewhere, so that
        only disagreements are labelled.
    confidence_level : float, default=0.95
        1 - delta.
    random_state : int, default=0
        Seed of the draws; an integer, as the second `fit` must draw the same rows.

    Attributes
    ----------
    estimate_, interval_ : float, tuple of two floats
        T and its interval, cut to the limits; NaN without truth.
    lower_, upper_ : float
        The gain without any label: mean a_i and mean b_i.
    rows_ : ndarray of int
        The draws in order, a row as often as it was drawn. Where `n_labels` reaches the number of
        rows that differ at all, each of these once: the gain is then known exactly.
    to_label_ : ndarray of int
        The rows in `rows_`, each once, ascending.
    envelope_ : ndarray of shape (n_samples, 2)
        a_i and b_i times each row's share of the weight and `n_samples`, 0 in rows of weight zero:
        their means are `lower_` and `upper_`, and rows are drawn in proportion to their widths.
    width_ : float
        Mean of w_i.
    n_open_ : int
        Rows that differ at all, w_i > 0: labels of others do not matter.
    holds_, assumptions_, table_
        As in every bound. The table has the rows that matter and are to be labelled, the mean
        width, the reach of the interval and, to compare, its reach if rows were drawn uniformly;
        with labels also the estimate's asymptotic interval, which is shorter; for accuracy it is
        by score, as Wilson's of a rate is: it has a width where all drawn labels agree.

    Raises
    ------
    ValueError
        In `fit`, also if a probability is zero (gain in log-likelihood), a drawn row has no label,
        or a parameter is out of range.

    Notes
    -----
    The gain is that of the rows given (weighted by `sample_weight`); for a population that they
    are a sample of, their own sampling error comes on top. Looking at the interval after every
    label and stopping when it pleases is not covered: choose `n_labels` first.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import GoldLabelPlan
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.dirichlet(np.ones(3), size=2000)
    >>> y = np.array([rng.choice(3, p=p) for p in truth])
    >>> weak = 0.5 * truth + 0.5 * rng.dirichlet(np.ones(3), size=2000)
    >>> student = 0.7 * truth + 0.3 * weak
    >>> plan = GoldLabelPlan(n_labels=200).fit(weak, student)
    >>> y_true = np.full(2000, np.nan)
    >>> y_true[plan.to_label_] = y[plan.to_label_]
    >>> plan = plan.fit(weak, student, y_true)
    >>> low, high = plan.interval_
    >>> round(low, 2), round(plan.estimate_, 2), round(high, 2)
    (0.03, 0.11, 0.19)
    >>> plan.labels_needed(gain=0.1)  # to see a gain of 0.1 with probability 0.8
    368

    The gain in accuracy asks for labels where the two disagree:

    >>> right = GoldLabelPlan(n_labels=200, gain="accuracy").fit(weak, student)
    >>> right.n_open_, right.fit(weak, student, y).interval_[0] > 0
    (572, True)
    """

    def __init__(
        self,
        *,
        n_labels: int = 100,
        gain: str = "log_likelihood",
        confidence_level: float = 0.95,
        random_state: int = 0,
    ) -> None:
        self.n_labels = n_labels
        self.gain = gain
        self.confidence_level = confidence_level
        self.random_state = random_state

    def _fit(
        self, y_weak: Any, y_student: Any, y_true: Any, *, sample_weight: Any, **unused: Any
    ) -> Self:
        check_confidence_level(self.confidence_level)
        check_choice("gain", self.gain, tuple(_GAINS))
        check_integer("n_labels", self.n_labels, 1)
        check_integer("random_state", self.random_state, 0)
        data = check_class_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
        n, weight = len(data.weak), data.weight
        share = np.full(n, 1 / n) if weight is None else weight / weight.sum()

        low, high = _envelope(data, _GAINS[self.gain])
        lower, upper, width = float(share @ low), float(share @ high), float(share @ (high - low))
        mass = share * (high - low)
        rows, exact = self._draw(mass)
        reach = 0.0 if exact else self._reach(width)
        uniform = float(np.ptp(n * share * [low, high]))
        table = [
            Quantity("rows whose label matters", int(np.count_nonzero(mass))),
            Quantity("rows to label", len(np.unique(rows))),
            Quantity("mean width of a row's gain", width),
            Quantity("reach of the interval", reach),
            Quantity("reach if rows were drawn uniformly", self._reach(uniform)),
        ]
        estimate = None
        if data.truth is not None:
            gain = _gain_of(data, _GAINS[self.gain], rows)
            # Each row's gain from the middle of its envelope, in widths: from -1/2 to 1/2.
            term = (gain - 0.5 * (low + high)[rows]) / (high - low)[rows]
            middle = 0.5 * (lower + upper)
            value = middle + (float(mass[rows] @ term) if exact else width * float(term.mean()))
            ends = np.clip([value, value - reach, value + reach], lower, upper).tolist()
            method = "all labels that matter" if exact else "Hoeffding"
            estimate = Interval(ends[0], ends[1], ends[2], method)
            if not exact:
                level = self.confidence_level
                if self.gain == "accuracy":
                    # As for a rate: labels that all agree say little of how few do not.
                    rate = score_mean(term + 0.5, confidence_level=level)
                    ends = [lower + width * end for end in rate[:3]]
                    shorter = Interval(ends[0], ends[1], ends[2], rate.method)
                else:
                    shorter = normal_mean(middle + width * term, confidence_level=level)
                table.append(Quantity("gain, asymptotic", *shorter))
        numbers, n_given = data.numbers(), data.n_given
        self.envelope_ = np.zeros((n_given, 2))
        self.envelope_[numbers] = n_given * share[:, None] * np.column_stack([low, high])
        self.rows_ = numbers[rows]
        self.to_label_, self.width_ = np.unique(self.rows_), width
        self.n_open_ = int(np.count_nonzero(mass))
        return self._conclude(
            estimate,
            lower,
            upper,
            table=table,
            assumptions=[
                Assumption("The rows to label are those drawn here, all of them", "held"),
                Assumption("n_labels was chosen before a label was seen", "not checked"),
            ],
            comparable=exact,
        )

    def labels_needed(self, gain: float, *, power: float = 0.8) -> int:
        """Labels with which a gain of this size is certified to be positive.

        The smallest n with w (sqrt(ln(2/delta)) + sqrt(ln(1/beta))) / sqrt(2 n) <= gain, w the
        mean width and beta = 1 - power: if the gain is at least this large, the interval lies
        above zero with probability `power` or more.

        Parameters
        ----------
        gain : float
            Above 0.
        power : float, default=0.8
            Between 0 and 1.

        Returns
        -------
        int
            At most the number of rows whose label matters; 0 where `lower_` is above zero already.

        Raises
        ------
        ValueError
            If `gain` is not positive or larger than `upper_`, which no labels can reach, or
            `power` is not between 0 and 1.

        Examples
        --------
        >>> import numpy as np
        >>> from w2s_stats.bounds import GoldLabelPlan
        >>> weak = np.tile([[0.6, 0.4], [0.4, 0.6]], (5000, 1))
        >>> student = np.tile([[0.5, 0.5], [0.2, 0.8]], (5000, 1))
        >>> plan = GoldLabelPlan().fit(weak, student)
        >>> plan.labels_needed(0.1), plan.labels_needed(0.05)
        (245, 978)
        """
        check_is_fitted(self, "width_")
        if not is_number(power) or not 0 < power < 1:
            raise ValueError(f"power must lie between 0 and 1; found {shown(power)}.")
        if not is_number(gain) or not 0 < gain <= self.upper_:
            raise ValueError(
                f"gain must lie above 0 and not above {self.upper_:.4g}, the largest gain that "
                f"any labels can show; found {shown(gain)}."
            )
        if self.lower_ > 0:
            return 0
        delta = 1 - self.confidence_level
        roots = np.sqrt(np.log(2 / delta)) + np.sqrt(np.log(1 / (1 - power)))
        needed = int(np.ceil(0.5 * (self.width_ * roots / gain) ** 2))
        return min(needed, self.n_open_)

    def _draw(self, mass: np.ndarray) -> tuple[np.ndarray, bool]:
        """Rows to label in order, and whether they are all that matter."""
        rows = np.flatnonzero(mass)
        if self.n_labels >= len(rows):
            return rows, True
        edges = np.cumsum(mass[rows])
        drawn = np.random.default_rng(self.random_state).random(self.n_labels) * edges[-1]
        return rows[np.searchsorted(edges[:-1], drawn, side="right")], False

    def _reach(self, width: float) -> float:
        return float(width * np.sqrt(np.log(2 / (1 - self.confidence_level)) / (2 * self.n_labels)))


def _log_gains(weak: np.ndarray, student: np.ndarray) -> np.ndarray:
    """log(student / weak): the gain in log-likelihood for each label a row may have."""
    return log_ratio(distributions(weak), distributions(student))


def _accuracy_gains(weak: np.ndarray, student: np.ndarray) -> np.ndarray:
    """1[student right] - 1[weak right] for each label a row may have."""
    gains = np.zeros(weak.shape)
    rows = np.arange(len(weak))
    gains[rows, student.argmax(axis=1)] += 1
    gains[rows, weak.argmax(axis=1)] -= 1
    return gains


_Gains = Callable[[np.ndarray, np.ndarray], np.ndarray]
_GAINS: dict[str, _Gains] = {"log_likelihood": _log_gains, "accuracy": _accuracy_gains}


def _envelope(data: Predictions, gains: _Gains) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest gain of every row, a block of rows at a time."""
    low, high = np.empty((2, len(data.weak)))
    for block in blocks(*data.weak.shape):
        found = gains(data.weak[block], data.student[block])
        low[block], high[block] = found.min(axis=1), found.max(axis=1)
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.all():
        row = int(finite.argmin())
        name = "y_weak" if data.weak[row].min() == 0 else "y_student"
        raise ValueError(
            f"{name} must be above zero for the gain in log-likelihood; found 0 in row "
            f"{data.number(row)}: clip the probabilities at a floor, or ask for the gain in "
            "accuracy."
        )
    return low, high


def _gain_of(data: Predictions, gains: _Gains, rows: np.ndarray) -> np.ndarray:
    """Gain of the drawn rows under their labels."""
    assert data.truth is not None
    drawn = data.truth.of(rows)
    if not drawn.known.all():
        without = np.unique(rows[~drawn.known])
        raise ValueError(
            f"y_true must have a label in each row of to_label_; found none in {len(without)} of "
            f"them, the first in row {data.number(without[0])}."
        )
    return drawn.expect(gains(data.weak[rows], data.student[rows]), slice(None))
