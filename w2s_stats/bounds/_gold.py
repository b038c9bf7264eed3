"""Which rows to label by hand, and what the labels then certify."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from w2s_stats._validation import check_choice, check_weight, whole_or_nothing
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._intervals import Interval, check_confidence_level, normal_mean
from w2s_stats.bounds._log_ratio import check_pair, distributions, log_ratio, row_blocks
from w2s_stats.bounds._parameters import check_integer, is_number
from w2s_stats.bounds._truth import Truth, check_truth


class GoldLabelPlan(Bound):
    r"""Gain of a student over its weak model from few gold labels, drawn where they matter.

    Whatever its label, row i adds between a_i and b_i to the gain; let w_i = b_i - a_i, m_i the
    middle. Of n rows drawn (with replacement) with probability w_i / sum w, labels give l_i and

    .. math:: T = \bar m + \frac{\bar w}{n} \sum (l - m) / w, \qquad
        |T - gain| \le \bar w \sqrt{\ln(2 / \delta) / (2 n)}

    with probability 1 - delta at every n (theory 9.3; Hoeffding, as every term lies in
    [-1/2, 1/2]). Rows on which the models agree are never labelled. The first `fit`, without
    truth, says which rows to label; the second, with their labels, what the gain is.

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
    width_ : float
        Mean of w_i.
    n_open_ : int
        Rows that differ at all, w_i > 0: labels of others do not matter.
    holds_, assumptions_, table_ : see `Bound`

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
    >>> plan.labels_needed(gain=0.1)
    368
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
        """Draw the rows to label, and estimate the gain from them where `y_true` is given.

        Parameters
        ----------
        y_weak, y_student : array-like of shape (n_samples, n_classes) or (n_samples,)
            Probabilities of the classes, or of the positive class; above zero for the gain in
            log-likelihood.
        y_true : array-like of shape (n_samples,) or (n_samples, n_classes), or None
            Classes 0, 1, ..., or probabilities of them; NaN where not known. Needed in the rows
            `to_label_`, and used nowhere else.
        y_ceiling, neighbors : None
            Not used.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the arrays are no probabilities or differ in shape, a probability is zero (gain in
            log-likelihood), a drawn row has no label, or a parameter is out of range.
        """
        check_confidence_level(self.confidence_level)
        check_choice("gain", self.gain, tuple(_GAINS))
        check_integer("n_labels", self.n_labels, 1)
        check_integer("random_state", self.random_state, 0)
        weak, student = check_pair(y_weak, y_student)
        truth = check_truth(y_true, *weak.shape)
        weight = check_weight(sample_weight, weak)
        share = np.full(len(weak), 1 / len(weak)) if weight is None else weight / weight.sum()

        low, high = _envelope(weak, student, _GAINS[self.gain])
        lower, upper, width = float(share @ low), float(share @ high), float(share @ (high - low))
        mass = share * (high - low)
        rows, exact = self._draw(mass)
        self.rows_, self.to_label_, self.width_ = rows, np.unique(rows), width
        self.n_open_ = int(np.count_nonzero(mass))
        reach = 0.0 if exact else self._reach(width)
        table = [
            Quantity("rows whose label matters", self.n_open_),
            Quantity("rows to label", len(self.to_label_)),
            Quantity("mean width of a row's gain", width),
            Quantity("reach of the interval", reach),
            Quantity("reach if rows were drawn uniformly", self._reach(np.ptp([low, high]))),
        ]
        estimate = None
        if truth is not None:
            gain = _gain_of(weak[rows], student[rows], _GAINS[self.gain], truth, rows)
            # Each row's gain from the middle of its envelope, in widths: from -1/2 to 1/2.
            term = (gain - 0.5 * (low + high)[rows]) / (high - low)[rows]
            middle = 0.5 * (lower + upper)
            value = middle + (float(mass[rows] @ term) if exact else width * float(term.mean()))
            ends = np.clip([value, value - reach, value + reach], lower, upper).tolist()
            method = "all labels that matter" if exact else "Hoeffding"
            estimate = Interval(ends[0], ends[1], ends[2], method)
            if not exact:
                normal = normal_mean(middle + width * term, confidence_level=self.confidence_level)
                table.append(Quantity("gain, asymptotic", *normal))
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
            raise ValueError(f"power must lie between 0 and 1, found {power!r}.")
        if not is_number(gain) or not 0 < gain <= self.upper_:
            raise ValueError(
                f"gain must lie above 0 and not above {self.upper_:.4g}, the largest gain that "
                f"any labels can show; found {gain!r}."
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
    for name, values in (("y_weak", weak), ("y_student", student)):
        if values.min() <= 0:
            raise ValueError(
                f"{name} must be above zero for the gain in log-likelihood, found a 0: clip the "
                "probabilities at a floor, or ask for the gain in accuracy."
            )
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


def _envelope(
    weak: np.ndarray, student: np.ndarray, gains: _Gains
) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest gain of every row, a block of rows at a time."""
    low, high = np.empty((2, len(weak)))
    for block in row_blocks(*weak.shape):
        found = gains(weak[block], student[block])
        low[block], high[block] = found.min(axis=1), found.max(axis=1)
    return low, high


def _gain_of(
    weak: np.ndarray, student: np.ndarray, gains: _Gains, truth: Truth, rows: np.ndarray
) -> np.ndarray:
    """Gain of the drawn rows under their labels."""
    labels = None if truth.labels is None else truth.labels[rows]
    drawn = Truth(truth.known[rows], labels, None if truth.rows is None else truth.rows[rows])
    if not drawn.known.all():
        without = np.unique(rows[~drawn.known])
        raise ValueError(
            f"y_true must have a label in each row of to_label_, found none in {len(without)} of "
            f"them, the first at row {without[0]}."
        )
    return drawn.expect(gains(weak, student), slice(None)) if len(rows) else np.zeros(0)
