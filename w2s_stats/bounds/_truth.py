"""What is known of the truth: class labels or class probabilities, of some rows or of all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_stats.divergences._probabilities import as_float, check_probabilities, check_rows


class Truth(NamedTuple):
    """Class labels, or distributions over the classes, where they are known.

    Attributes
    ----------
    known : ndarray of bool of shape (n_samples,)
    labels : ndarray of int of shape (n_samples,) or None
        0 where not known; None where the truth is given by probabilities.
    rows : ndarray of shape (n_samples, n_classes) or None
        NaN where not known; None where the truth is given by labels.
    """

    known: np.ndarray
    labels: np.ndarray | None
    rows: np.ndarray | None

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
    ValueError: y_true must hold class labels from 0 to 1, found 2 at row 1.
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
    check_probabilities(array if known.all() else array[known], name=name)
    return Truth(known, None, array)


def _truth_of_labels(array: np.ndarray, n_classes: int, name: str) -> Truth | None:
    known = ~np.isnan(array)
    if not known.any():
        return None
    values = np.where(known, array, 0.0)
    if n_classes == 2 and ((values >= 0) & (values <= 1)).all() and (values % 1).any():
        return Truth(known, None, np.column_stack([1 - array, array]))
    wrong = ~((values >= 0) & (values < n_classes) & (values % 1 == 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{name} must hold class labels from 0 to {n_classes - 1}, found {array[row]:g} at "
            f"row {row}."
        )
    return Truth(known, values.astype(np.intp), None)
