"""Two samples become one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from w2s_stats.transfer import WeakTrainingClassifier, WeakTrainingRegressor, stack_domains
from w2s_stats.transfer._task import infer_task

X_SOURCE, X_TARGET = np.arange(6.0).reshape(3, 2), np.arange(4.0).reshape(2, 2)


def test_regression_fills_gaps_with_nan():
    X, y, y_weak, domain = stack_domains(
        source=(X_SOURCE, [1.0, 2.0, 3.0], [1.5, np.nan, 3.5]), target=(X_TARGET, [0.5, 0.7])
    )
    np.testing.assert_array_equal(X, np.concatenate([X_SOURCE, X_TARGET]))
    np.testing.assert_array_equal(y, [1, 2, 3, np.nan, np.nan])
    np.testing.assert_array_equal(y_weak, [1.5, np.nan, 3.5, 0.5, 0.7])
    np.testing.assert_array_equal(domain, [1, 1, 1, -1, -1])
    assert domain.dtype.kind == "i"
    assert np.isfinite(WeakTrainingRegressor().fit(X, y, y_weak=y_weak).predict(X)).all()


def test_gold_labels_of_the_target():
    _, y, y_weak, _ = stack_domains(
        source=(X_SOURCE, [1.0, 2.0, 3.0]), target=(X_TARGET, [0.5, 0.7], [0.4, np.nan])
    )
    np.testing.assert_array_equal(y, [1, 2, 3, 0.4, np.nan])
    np.testing.assert_array_equal(y_weak, [np.nan, np.nan, np.nan, 0.5, 0.7])


def test_several_outputs():
    _, y, y_weak, _ = stack_domains(source=(X_SOURCE, X_SOURCE), target=(X_TARGET, X_TARGET))
    assert y.shape == y_weak.shape == (5, 2)
    assert np.isnan(y[3:]).all() and np.isnan(y_weak[:3]).all()


@pytest.mark.parametrize(
    ("labels", "missing", "dtype"),
    [
        ([0, 1, 2], -1, np.int64),
        (["a", "b", "a"], None, object),
        ([True, False, True], None, object),
    ],
)
def test_classes_get_the_marker_of_their_kind(labels, missing, dtype):
    _, y, y_weak, _ = stack_domains(source=(X_SOURCE, labels), target=(X_TARGET, labels[:2]))
    assert y.dtype == y_weak.dtype == dtype
    assert list(y) == [*labels, missing, missing]
    assert list(y_weak) == [missing] * 3 + labels[:2]


def test_nan_among_classes_is_missing_too():
    gold = np.array(["a", np.nan], dtype=object)
    _, y, _, _ = stack_domains(
        source=(X_SOURCE, ["a", "b", "a"]), target=(X_TARGET, ["b", "b"], gold)
    )
    assert list(y) == ["a", "b", "a", "a", None]


def test_probabilities_as_weak_labels():
    proba = np.array([[0.2, 0.8], [0.5, 0.5]])
    X, y, y_weak, domain = stack_domains(source=(X_SOURCE, [0, 1, 1]), target=(X_TARGET, proba))
    assert np.isnan(y_weak[:3]).all() and y_weak.dtype == np.float64
    np.testing.assert_array_equal(y_weak[3:], proba)
    single = np.array([[0.2, 0.80001], [0.5, 0.5]], dtype=np.float32)
    X, y, rounded, domain = stack_domains((X_SOURCE, [0, 1, 1]), (X_TARGET, single))
    assert WeakTrainingClassifier().fit(X, y, y_weak=rounded, sample_domain=domain)
    assert list(y) == [0, 1, 1, -1, -1]
    model = WeakTrainingClassifier().fit(X, y, y_weak=y_weak, sample_domain=domain)
    assert list(model.classes_) == [0, 1]


def test_counts_are_named_or_floats():
    counts = ([0, 3, 1], [2, 2])
    for source, target, task in [
        (*counts, "regression"),
        (np.array(counts[0], dtype=float), np.array(counts[1], dtype=float), None),
    ]:
        _, y, _, _ = stack_domains((X_SOURCE, source), (X_TARGET, target), task=task)
        np.testing.assert_array_equal(y, [0, 3, 1, np.nan, np.nan])


def test_data_frames_stay_data_frames():
    names = ["a", "b"]
    X, *_ = stack_domains(
        (pd.DataFrame(X_SOURCE, columns=names), pd.Series([1.0, 2.0, 3.0])),
        (pd.DataFrame(X_TARGET, columns=names), pd.Series([1.0, 2.0])),
    )
    assert list(X.columns) == names and list(X.index) == list(range(5))
    with pytest.raises(ValueError, match="source and target must have the same columns in X"):
        stack_domains(
            (pd.DataFrame(X_SOURCE, columns=names), [1.0, 2.0, 3.0]),
            (pd.DataFrame(X_TARGET, columns=names[::-1]), [1.0, 2.0]),
        )


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ((X_SOURCE,), (X_TARGET, [1.0, 2.0]), r"source must be a tuple \(X, y\).*found 1 entries"),
        (X_SOURCE, (X_TARGET, [1.0, 2.0]), r"source must be a tuple.*ndarray"),
        ((X_SOURCE, [1.0] * 3), (X_TARGET, None), r"target must be a tuple.*None as its second"),
        ((X_SOURCE, [1.0] * 3), (X_TARGET[:, :1], [1.0] * 2), r"number of columns.*\(3, 2\)"),
        ((X_SOURCE, [1.0] * 2), (X_TARGET, [1.0] * 2), r"y must have a label for each of the 3"),
        (
            (X_SOURCE, [1.0] * 3),
            (X_TARGET, [1.0] * 3),
            r"y_weak must have a label for each of the 2",
        ),
        (
            (X_SOURCE, [1.0] * 3, np.ones((3, 2))),
            (X_TARGET, [1.0] * 2),
            r"y_weak must have the same number of columns",
        ),
        ((X_SOURCE, [-1, 1, 1]), (X_TARGET, [1, -1]), r"y must not have -1 for a class"),
    ],
)
def test_one_sentence_says_what_is_wrong(source, target, said):
    with pytest.raises(ValueError, match=said) as caught:
        stack_domains(source, target)
    assert "\n" not in str(caught.value)


def test_unknown_task():
    with pytest.raises(ValueError, match="task must be one of regression, classification"):
        stack_domains((X_SOURCE, [1.0] * 3), (X_TARGET, [1.0] * 2), task="ranking")


@pytest.mark.parametrize(
    ("y", "y_weak", "task"),
    [
        ([0.5, np.nan], None, "regression"),
        ([1.0, 2.0], None, "regression"),
        ([1, 2], None, "classification"),
        ([1, 2], [1.0, 2.0], "classification"),
        ([1, 2], [0.9, 2.2], "regression"),
        ([1, 2], [[0.4, 0.6], [0.1, 0.9]], "classification"),
        ([[1, 2], [3, 4]], None, "regression"),
        (["a", None], None, "classification"),
        (np.array([1, None], dtype=object), None, "classification"),
        (np.array([1.5, None], dtype=object), None, "regression"),
        ([True, False], None, "classification"),
    ],
)
def test_the_task_is_told_from_the_labels(y, y_weak, task):
    assert infer_task(y, y_weak) == task
