"""What is known of the truth: class labels or values, of some rows or of all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_stats._validation import check_class_numbers
from w2s_stats.divergences._probabilities import as_float, check_row_facts, check_rows


class Truth(NamedTuple):
    """Class labels, or distributions over the classes, or outputs, where they are known.

    Attributes
    ----------
    known : ndarray of bool of shape (n_samples,)
    labels : ndarray of int of shape (n_samples,) or None
        0 where not known; None where the truth is given by rows.
    rows : ndarray of shape (n_samples,) or (n_samples, n_columns), or None
        NaN where not known; None where the truth is given by labels.
    """

    known: np.ndarray
    labels: np.ndarray | None
    rows: np.ndarray | None

    @classmethod
    def nowhere(cls, n_samples: int) -> Truth:
        """The truth of rows none of which is labelled."""
        return cls(np.zeros(n_samples, dtype=bool), np.zeros(n_samples, dtype=np.intp), None)

    def of(self, rows: Any) -> Truth:
        """What is known of some of the rows."""
        labels, values = (None if part is None else part[rows] for part in self[1:])
        return Truth(self.known[rows], labels, values)

    def values(self, rows: Any, *, like: np.ndarray) -> np.ndarray:
        """The truth in rows where it is known, with columns and precision like the predictions'.

        Class labels become distributions with all their mass on one class.
        """
        if self.rows is not None:
            return self.rows[rows]
        assert self.labels is not None
        labels = self.labels[rows]
        values = np.zeros((len(labels), like.shape[1]), dtype=like.dtype)
        values[np.arange(len(labels)), labels] = 1
        return values

    def ends(self) -> tuple[float, float]:
        """Smallest and largest value where it is known."""
        if self.rows is None:
            return 0.0, 1.0
        least, largest = (end.reduce(self.rows, axis=None) for end in (np.fmin, np.fmax))
        return float(least), float(largest)

    def expect(self, score: np.ndarray, block: slice) -> np.ndarray:
        """Mean of each row's scores under the truth, sum_j F*_j score_j; NaN where not known.

        Classes that the truth excludes do not count, whatever their score.

        Parameters
        ----------
        score : ndarray of shape (n_block, n_classes)
        block : slice
            The rows that `score` is for.

        Returns
        -------
        ndarray of shape (n_block,)
        """
        if self.labels is not None:
            mean = np.take_along_axis(score, self.labels[block, None], axis=1)[:, 0]
        else:
            assert self.rows is not None
            p = self.rows[block]
            with np.errstate(invalid="ignore"):
                mean = np.multiply(p, score, where=p > 0, out=np.zeros_like(score)).sum(axis=1)
                mean /= p.sum(axis=1, dtype=np.float64)
        return np.where(self.known[block], mean, np.nan)


def check_truth(y_true: Any, n_rows: int, n_classes: int, *, name: str = "y_true") -> Truth | None:
    """Class labels 0, 1, ... or rows of class probabilities, NaN where a row has no label.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes), or None
        With two classes, one dimension may also hold the positive class's probability.
    n_rows, n_classes : int

    Returns
    -------
    Truth or None
        None where no row is labelled.

    Raises
    ------
    ValueError
        If the shape is another, a label is no class, or a labelled row no distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._truth import check_truth
    >>> truth = check_truth([1, np.nan, 0], 3, 2)
    >>> truth.known, truth.labels
    (array([ True, False,  True]), array([1, 0, 0]))
    >>> check_truth([0, 2], 2, 2)
    Traceback (most recent call last):
    ValueError: y_true must hold class labels from 0 to 1; found 2 in row 1.
    """
    if y_true is None:
        return None
    array = as_float(y_true, name=name)
    check_rows(array, n_rows, name=name)
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != n_classes):
        raise ValueError(
            f"{name} must have shape ({n_rows},), class labels, or ({n_rows}, {n_classes}), class "
            f"probabilities; found shape {array.shape}."
        )
    if array.ndim == 1:
        return _truth_of_labels(array, n_classes, name)
    known = ~np.isnan(array).all(axis=1)
    if not known.any():
        return None
    total = np.where(known, array.sum(axis=1, dtype=np.float64), 1.0)
    check_row_facts(total, np.where(known, array.min(axis=1), 0.0), array.dtype, name=name)
    return Truth(known, None, array)


def _truth_of_labels(array: np.ndarray, n_classes: int, name: str) -> Truth | None:
    known = ~np.isnan(array)
    if not known.any():
        return None
    values = np.where(known, array, 0.0)
    if n_classes == 2 and ((values >= 0) & (values <= 1)).all() and (values % 1).any():
        return Truth(known, None, np.column_stack([1 - array, array]))
    check_class_numbers(array, n_classes, name=name, gaps=True)
    return Truth(known, values.astype(np.intp), None)
