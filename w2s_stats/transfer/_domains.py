"""Source and target rows of one `fit`, checked and told apart (theory 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_stats._validation import (
    as_array,
    check_features,
    check_labels,
    check_sizes,
    check_weight,
    plain_labels,
)
from w2s_stats.exceptions import warn
from w2s_stats.transfer._class_labels import (
    check_probabilities,
    encode_classes,
    find_classes,
    is_probabilities,
    one_hot,
    read_classes,
)


@dataclass(frozen=True)
class TwoSamples:
    """Rows of source and target, stacked. Rows of weight zero are left out.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features), float64 or float32
    y : ndarray
        Strong labels. Regression: (n_samples,) or (n_samples, n_outputs), NaN where missing.
        Classification: codes 0, 1, ... into `classes`, -1 where missing. Gold labels of target rows
        are taken out, unless the strategy asked for them.
    y_weak : ndarray or None
        Weak labels. Regression: as `y`. Classification: (n_samples, n_classes) probabilities, 0 or
        1 for a hard label, a row of NaN where missing.
    source : ndarray of bool of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
        None where all rows weigh one.
    classes : ndarray of shape (n_classes,) or None
        The sorted labels of a classification.
    """

    X: np.ndarray
    y: np.ndarray
    y_weak: np.ndarray | None
    source: np.ndarray
    weight: np.ndarray | None
    classes: np.ndarray | None = None

    @property
    def target(self) -> np.ndarray:
        """Which rows are target rows."""
        return ~self.source

    @property
    def strong(self) -> np.ndarray:
        """Which rows have a strong label, in every output."""
        return _complete(self.y) if self.classes is None else self.y >= 0

    @property
    def weak(self) -> np.ndarray:
        """Which rows have a weak label, in every output."""
        if self.y_weak is None:
            return np.zeros(len(self.X), dtype=bool)
        return _complete(self.y_weak)

    def weight_of(self, rows: np.ndarray) -> np.ndarray | None:
        """Weights of some rows, None where all rows weigh one."""
        return None if self.weight is None else self.weight[rows]


def split_domains_regression(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    y_weak: Any = None,
    sample_domain: Any = None,
    sample_weight: Any = None,
    needs_weak: bool = True,
    use_gold: bool = False,
) -> TwoSamples:
    """Check what a regressor's `fit` was given, and tell source from target.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_``.
    X, y, y_weak, sample_domain, sample_weight
        As given to `fit`.
    needs_weak : bool, default=True
        Whether the strategy learns from weak labels of the target.
    use_gold : bool, default=False
        Whether it may see strong labels of target rows.

    Returns
    -------
    TwoSamples

    Raises
    ------
    ValueError
        In one sentence that names the argument: an empty source or target, weak labels missing
        altogether, lengths that do not agree, values that are not accepted.
    """
    X = check_features(estimator, X)
    y = check_labels(y, len(X))
    if y_weak is not None:
        y_weak = check_labels(y_weak, len(X), name="y_weak")
        if y_weak.size != y.size:
            raise ValueError(f"y_weak must have the shape of y, {y.shape}; found {y_weak.shape}.")
        y_weak = y_weak.reshape(y.shape)
    source = _source_rows(sample_domain, _any_observed(y))
    if not use_gold:
        y = y.copy()
        y[~source] = np.nan
    check_sizes(X, "X", apart=source)
    check_sizes(y, "y", apart=source)
    if y_weak is not None:
        check_sizes(y_weak, "y_weak", apart=source)
    data = _weighted(TwoSamples(X, y, y_weak, source, None), sample_weight)
    _check_domains(data, _any_observed(data.y), sample_domain is not None, needs_weak)
    return data


def split_domains_classification(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    y_weak: Any = None,
    sample_domain: Any = None,
    sample_weight: Any = None,
    needs_weak: bool = True,
    use_gold: bool = False,
) -> TwoSamples:
    """Check what a classifier's `fit` was given, and tell source from target.

    As :func:`split_domains_regression`, with labels encoded. The integer -1 is a missing label only
    where `y_weak` or `sample_domain` is given; None and NaN always are. `y_weak` holds labels, or
    probabilities (n_samples, n_classes) in the order of the sorted classes of y. Labels that y does
    not have become classes too, with a warning.
    """
    X = check_features(estimator, X)
    two_samples = y_weak is not None or sample_domain is not None
    y, missing = read_classes(y, len(X), "y", minus_one_is_missing=two_samples)
    source = _source_rows(sample_domain, ~missing)
    seen = ~missing if use_gold else ~missing & source
    if y_weak is None:
        classes, proba = find_classes(y[seen]), None
    elif is_probabilities(y_weak):
        classes = find_classes(y[seen])
        proba = check_probabilities(y_weak, len(X), classes)
    else:
        weak, absent = read_classes(y_weak, len(X), "y_weak", minus_one_is_missing=True)
        classes = find_classes(y[seen], weak[~absent])
        _warn_of_strangers(plain_labels(weak[~absent]), plain_labels(y[seen]))
        proba = one_hot(encode_classes(weak, absent, classes), len(classes))
    codes = encode_classes(y, ~seen, classes)
    check_sizes(X, "X", apart=source)
    data = _weighted(TwoSamples(X, codes, proba, source, None, classes), sample_weight)
    _check_domains(data, data.strong, sample_domain is not None, needs_weak)
    return data


def check_domain(sample_domain: Any, n_samples: int) -> np.ndarray:
    """Domains as an integer array: >= 0 in source rows, < 0 in target rows."""
    domain = as_array(sample_domain, "sample_domain")
    if domain.shape != (n_samples,):
        raise ValueError(
            f"sample_domain must have one integer for each of the {n_samples} rows of X; found an "
            f"array of shape {domain.shape}."
        )
    accepted = "integers, >= 0 in source rows and < 0 in target rows"
    if domain.dtype.kind not in "iuf":
        raise ValueError(
            f"sample_domain must hold {accepted}; found values of type {domain.dtype}."
        )
    wrong = domain[~np.isfinite(domain) | (domain != np.floor(domain))]
    if wrong.size:
        raise ValueError(f"sample_domain must hold {accepted}; found {wrong[0]}.")
    return domain.astype(np.int64)


def find_source(sample_domain: Any, n_samples: int) -> np.ndarray:
    """Which rows are source rows; raise if none is."""
    source = check_domain(sample_domain, n_samples) >= 0
    if not source.any():
        raise ValueError(
            "sample_domain must mark at least one source row (>= 0); found target rows only."
        )
    return source


def _warn_of_strangers(weak: np.ndarray, strong: np.ndarray) -> None:
    """A class of weak labels alone may be one that the source lacks, or a slip of the pen."""
    strangers, counts = np.unique(weak[~np.isin(weak, strong)], return_counts=True)
    if strangers.size:
        words = [f"{s!r} ({n} rows)" for s, n in zip(strangers.tolist(), counts, strict=True)]
        warn(
            f"y_weak holds labels that y never has, and they become classes: {', '.join(words)}. "
            "Correct them if that is not meant, or mark them as missing.",
            UserWarning,
        )


def _source_rows(sample_domain: Any, observed: np.ndarray) -> np.ndarray:
    """Left out, the domains follow from y: rows in which it is observed are source rows."""
    return observed if sample_domain is None else find_source(sample_domain, len(observed))


def _weighted(data: TwoSamples, sample_weight: Any) -> TwoSamples:
    weight = check_weight(sample_weight, data.X)
    if weight is not None:
        check_sizes(weight, "sample_weight")
    if weight is None or weight.min() > 0:
        return TwoSamples(data.X, data.y, data.y_weak, data.source, weight, data.classes)
    keep = weight > 0
    weak = None if data.y_weak is None else data.y_weak[keep]
    return TwoSamples(
        data.X[keep], data.y[keep], weak, data.source[keep], weight[keep], data.classes
    )


def _check_domains(
    data: TwoSamples, observed: np.ndarray, domains_given: bool, needs_weak: bool
) -> None:
    """Raise if the source or the target has no rows to learn from; no shift at all is fine."""
    if not (observed & data.source).any():
        raise ValueError(
            "y must be observed in at least one source row; found missing labels only."
        )
    if not data.target.any():
        if domains_given:
            raise ValueError(
                "sample_domain must mark at least one target row (< 0); found source rows only "
                "(leave out sample_domain and y_weak to fit to the source alone)."
            )
        if data.y_weak is not None:
            raise ValueError(
                "y_weak was given but every row is a source row: mark target rows by "
                "sample_domain < 0, or by a missing y (NaN; -1 or None for classes)."
            )
    elif (needs_weak or data.y_weak is not None) and not (data.weak & data.target).any():
        if data.y_weak is None:
            raise ValueError(
                "y_weak must be given: there are target rows (sample_domain < 0, or y missing)."
            )
        raise ValueError(
            "y_weak must be observed in at least one target row; found missing labels only."
        )


def _complete(labels: np.ndarray) -> np.ndarray:
    return ~np.isnan(labels.reshape(len(labels), -1)).any(axis=1)


def _any_observed(labels: np.ndarray) -> np.ndarray:
    return ~np.isnan(labels.reshape(len(labels), -1)).all(axis=1)
