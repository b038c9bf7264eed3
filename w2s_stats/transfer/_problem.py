"""One source, one target, and the gold labels there are: what strategies are compared on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_stats._validation import (
    as_array,
    check_discrete,
    check_labels,
    check_weight,
    count_distinct,
    is_gap,
    plain_labels,
    row_keys,
)
from w2s_stats.transfer._baselines import OracleClassifier, OracleRegressor
from w2s_stats.transfer._class_labels import check_kind, is_probabilities, read_classes
from w2s_stats.transfer._domains import TwoSamples
from w2s_stats.transfer._routing import fit_metadata, last_step
from w2s_stats.transfer._weak_training import WeakTrainingClassifier, WeakTrainingRegressor


@dataclass(frozen=True)
class Problem:
    """Rows of both domains in the form that every strategy takes.

    Attributes
    ----------
    X : ndarray or DataFrame of shape (n_samples, n_features)
    y : ndarray
        Strong labels; in target rows missing, so that no gold label can reach a strategy.
    y_gold : ndarray like y
        Strong labels with the gold ones of target rows, for the oracle and for losses.
    y_weak : ndarray
        Weak labels as they were given.
    domain : ndarray of int of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    gold, weak : ndarray of bool of shape (n_samples,)
        Target rows with a gold label, and with a weak label.
    classes : ndarray or None
    weak_prediction : ndarray like y
        What the weak labels predict: themselves, or the likeliest class.
    """

    X: Any
    y: np.ndarray
    y_gold: np.ndarray
    y_weak: np.ndarray
    domain: np.ndarray
    weight: np.ndarray | None
    gold: np.ndarray
    weak: np.ndarray
    classes: np.ndarray | None
    weak_prediction: np.ndarray

    def take(self, rows: np.ndarray) -> Any:
        """Some rows of X."""
        return self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows]

    def count_distinct(self, rows: np.ndarray, enough: int) -> int:
        """How many distinct pairs of x and label a mixture gets from rows; counts up to `enough`.

        Rows of the source come with their strong labels, those of the target with weak ones.
        """
        if self.weight is not None:
            rows = rows[self.weight[rows] > 0]
        return count_distinct(self._labelled(rows), enough)

    def _labelled(self, rows: np.ndarray) -> Iterator[tuple[bytes, str]]:
        """The bits of x and the label of each row that has one."""
        for start in range(0, len(rows), 1000):
            some = rows[start : start + 1000]
            X = np.asarray(self.take(some), dtype=np.float64)
            for x, row in zip(row_keys(X), some, strict=True):
                labels = self.y if self.domain[row] >= 0 else self.y_weak
                label = np.asarray(labels[row]).tolist()
                if not _is_missing(label):
                    yield x, str(label)

    def fit(self, strategy: Any, rows: np.ndarray) -> Any:
        """Fit a strategy to some rows; the oracle alone sees gold labels."""
        y = self.y_gold if is_oracle(strategy) else self.y
        metadata = fit_metadata(
            strategy,
            y_weak=self.y_weak[rows],
            sample_domain=self.domain[rows],
            sample_weight=None if self.weight is None else self.weight[rows],
        )
        return strategy.fit(self.take(rows), y[rows], **metadata)

    def loss(self, prediction: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Squared error (mean over outputs), or 1 where the class is wrong, for rows with gold."""
        truth = self.y_gold[rows]
        if self.classes is not None:
            return np.not_equal(prediction, truth).astype(np.float64)
        squared = (np.reshape(prediction, truth.shape) - truth) ** 2
        return squared if squared.ndim == 1 else squared.mean(axis=1)


def is_oracle(strategy: Any) -> bool:
    """Whether a strategy learns from gold labels, which one does not have."""
    return isinstance(last_step(strategy), OracleRegressor | OracleClassifier)


def read_problem(
    X: Any,
    y: Any,
    *,
    y_weak: Any,
    sample_domain: Any,
    sample_weight: Any,
    y_gold: Any,
    task: str,
) -> Problem:
    """Check what `compare_strategies` was given, and lay the gold labels aside.

    Parameters
    ----------
    X, y, y_weak, sample_domain, sample_weight, y_gold
        As given.
    task : {"regression", "classification"}

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        In one sentence that names the argument.
    """
    if y_weak is None:
        raise ValueError("y_weak must be given: strategies are compared on weakly labelled rows.")
    read = (WeakTrainingRegressor() if task == "regression" else WeakTrainingClassifier())._read
    data = read(X, y, y_weak=y_weak, sample_domain=sample_domain, use_gold=True)
    domain = np.where(data.source, 1, -1)
    if y_gold is not None:
        if data.classes is None:
            check_labels(y_gold, len(data.X), name="y_gold")
        else:
            gold, absent = read_classes(y_gold, len(data.X), "y_gold", minus_one_is_missing=True)
            known = plain_labels(gold[~absent])
            check_discrete(known, name="y_gold")
            check_kind(known, data.classes, "y_gold")
        y = _with_gold(y, y_gold, data.target)
        data = read(X, y, y_weak=y_weak, sample_domain=domain, use_gold=True)
    assert data.y_weak is not None
    labels, weak_prediction = _as_labels(data)
    hidden = labels.copy()
    hidden[data.target] = _missing(labels)
    return Problem(
        X=X if hasattr(X, "iloc") else data.X,
        y=hidden,
        y_gold=labels,
        y_weak=data.y_weak if data.classes is None or is_probabilities(y_weak) else weak_prediction,
        domain=domain,
        weight=check_weight(sample_weight, data.X),
        gold=data.target & data.strong,
        weak=data.target & data.weak,
        classes=data.classes,
        weak_prediction=weak_prediction,
    )


def _with_gold(y: Any, y_gold: Any, target: np.ndarray) -> np.ndarray:
    """Strong labels, in target rows from y_gold."""
    y, y_gold = as_array(y, "y"), as_array(y_gold, "y_gold")
    if y_gold.shape != y.shape:
        raise ValueError(f"y_gold must have the shape of y, {y.shape}; found {y_gold.shape}.")
    same = y.dtype.kind == y_gold.dtype.kind and y.dtype.kind in "fi"
    merged = y.astype(np.result_type(y, y_gold) if same else object)
    merged[target] = y_gold[target]
    return merged


def _as_labels(data: TwoSamples) -> tuple[np.ndarray, np.ndarray]:
    """Strong labels and what the weak ones predict; classes by their names, with gaps marked."""
    assert data.y_weak is not None
    if data.classes is None:
        return data.y, data.y_weak
    weak = np.where(data.weak, np.nan_to_num(data.y_weak).argmax(axis=1), -1)
    return _decode(data.y, data.classes), _decode(weak, data.classes)


def _decode(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    whole = classes.dtype.kind == "i" and -1 not in classes
    labels = classes[codes] if whole else classes.astype(object)[codes]
    labels[codes < 0] = _missing(labels)
    return labels


def _is_missing(label: Any) -> bool:
    """Whether a label is None or NaN, in every output."""
    if isinstance(label, list):
        return all(_is_missing(part) for part in label)
    return is_gap(label)


def _missing(labels: np.ndarray) -> Any:
    return {"f": np.nan, "i": -1}.get(labels.dtype.kind)
