"""Source and target in one `fit`: what is a source row, what is missing, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

from w2s_stats.transfer._domains import (
    check_domain,
    split_domains_classification,
    split_domains_regression,
)

X = np.arange(12.0).reshape(6, 2)
NAN = np.nan
OBJECTS = np.array(["a", "b", "a", None, None, NAN], dtype=object)


class Estimator(BaseEstimator):
    """Something that gets n_features_in_."""


def regression(y, **given):
    return split_domains_regression(Estimator(), X, y, **given)


def classification(y, **given):
    return split_domains_classification(Estimator(), X, y, **given)


# --- which rows are which -------------------------------------------------------------------------


def test_without_domains_rows_with_a_label_are_the_source():
    data = regression([1, 2, 3, NAN, NAN, 6], y_weak=np.arange(6.0))
    assert data.source.tolist() == [True, True, True, False, False, True]
    assert data.target.tolist() == (~data.source).tolist()
    assert data.weak.all() and data.weight is None


def test_domains_go_before_labels_and_gold_is_hidden():
    y = np.arange(6.0)
    domain = [0, 2, 1, -1, -3, -1]
    data = regression(y, y_weak=y, sample_domain=domain)
    np.testing.assert_array_equal(data.y, [0, 1, 2, NAN, NAN, NAN])
    seen = regression(y, y_weak=y, sample_domain=domain, use_gold=True)
    np.testing.assert_array_equal(seen.y, y)
    np.testing.assert_array_equal(y, np.arange(6.0))


def test_the_callers_arrays_are_left_alone():
    y, weak = np.array([0, 1, 0, 1, 1, 0]), np.array([0.0, 1, 0, 1, 1, NAN])
    kept = y.copy(), weak.copy()
    data = classification(y, y_weak=weak, sample_domain=[1, 1, 1, -1, -1, -1])
    data.y[:] = 7
    data.y_weak[:] = 7
    np.testing.assert_array_equal(y, kept[0])
    np.testing.assert_array_equal(weak, kept[1])


def test_plain_data_are_all_source():
    data = regression(np.arange(6.0))
    assert data.source.all() and data.y_weak is None and not data.weak.any()
    codes = classification([-1, 1, -1, 1, 1, 1])
    assert codes.source.all() and codes.classes.tolist() == [-1, 1]


def test_minus_one_is_missing_beside_weak_labels_only():
    data = classification([0, 1, -1, -1, 2, -1], y_weak=[0, 1, 1, 2, -1, 0])
    assert data.classes.tolist() == [0, 1, 2]
    assert data.y.tolist() == [0, 1, -1, -1, 2, -1]
    assert data.source.tolist() == [True, True, False, False, True, False]
    assert data.weak.tolist() == [True, True, True, True, False, True]
    np.testing.assert_array_equal(data.y_weak[3], [0, 0, 1])


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (OBJECTS, ["a", "b"]),
        (np.array([1.0, 2.0, 1.0, NAN, NAN, NAN]), [1, 2]),
        (np.array([3, 4, 3, None, -1, NAN], dtype=object), [3, 4]),
    ],
)
def test_missing_class_labels_of_every_type(y, classes):
    data = classification(y, y_weak=np.array([classes[0]] * 6))
    assert data.classes.tolist() == classes
    assert data.y.tolist() == [0, 1, 0, -1, -1, -1]


def test_weak_labels_may_bring_classes_and_may_be_probabilities():
    with pytest.warns(UserWarning, match=r"labels that y never has, .* classes: 3 \(2 rows\)"):
        hard = classification([0, 1, 0, -1, -1, -1], y_weak=[0, 1, 3, 3, 0, 1])
    assert hard.classes.tolist() == [0, 1, 3]
    proba = np.full((6, 2), 0.5, dtype=np.float32)
    proba[0] = [0.3, 0.70001]
    proba[4] = NAN
    soft = classification(OBJECTS, y_weak=proba)
    assert soft.weak.tolist() == [True] * 4 + [False, True]
    np.testing.assert_allclose(soft.y_weak[soft.weak].sum(axis=1), 1.0, rtol=1e-12)


def test_gold_classes_are_not_seen():
    y = [0, 1, 0, 5, 5, 5]
    given = {"y_weak": [0, 1, 0, 1, 0, 1], "sample_domain": [1, 1, 1, -1, -1, -1]}
    assert classification(y, **given).classes.tolist() == [0, 1]
    assert classification(y, use_gold=True, **given).classes.tolist() == [0, 1, 5]


def test_rows_of_weight_zero_are_not_there():
    y = np.array([1.0, 2, 3, NAN, NAN, NAN])
    data = regression(y, y_weak=np.arange(6.0), sample_weight=[1, 0, 2, 1, 0, 3])
    np.testing.assert_array_equal(data.X, X[[0, 2, 3, 5]])
    assert data.weight.tolist() == [1, 2, 1, 3]
    assert data.weight_of(data.source).tolist() == [1, 2]


@given(st.integers(0, 2**16), st.integers(1, 4))
def test_rows_keep_their_own_entries(seed, n_outputs):
    """Whatever is missing where, a row's X, y and y' stay together."""
    random = np.random.default_rng(seed)
    n = 12
    rows = np.arange(n, dtype=float)
    y = np.where(random.random((n, n_outputs)) < 0.4, NAN, rows[:, None])
    y[0], weak = 0.0, np.where(random.random((n, n_outputs)) < 0.4, NAN, rows[:, None])
    y[1:3], weak[1:3] = NAN, rows[1:3, None]
    weight = random.integers(0, 2, n)
    weight[:3] = 1
    data = split_domains_regression(
        Estimator(), rows[:, None] + [0, 100], y, y_weak=weak, sample_weight=weight
    )
    own = data.X[:, :1]
    assert np.all(np.isnan(data.y) | (data.y == own))
    assert np.all(np.isnan(data.y_weak) | (data.y_weak == own))
    assert data.source.tolist() == (~np.isnan(data.y).all(axis=1)).tolist()
    assert set(data.X[:, 0]) == set(rows[weight > 0])


# --- what is refused ------------------------------------------------------------------------------

SHIFT = [1.0, 2, 3, NAN, NAN, NAN]
WEAK = np.arange(6.0)
HALF = [1, 1, 1, -1, -1, -1]


@pytest.mark.parametrize(
    ("y", "given", "sentence"),
    [
        (SHIFT, {"y_weak": WEAK[:5]}, "y_weak must have a row for each of the 6 rows of X"),
        (SHIFT, {"y_weak": np.ones((6, 2))}, "y_weak must have the shape of y"),
        (
            SHIFT,
            {"y_weak": ["a"] * 6},
            "y_weak must hold finite numbers, or NaN where missing; found 'a' in row 0",
        ),
        (SHIFT, {"y_weak": np.full(6, np.inf)}, "y_weak must hold .*; found infinity in row 0"),
        (SHIFT, {"y_weak": np.full(6, NAN)}, "y_weak must be observed in at least one target row"),
        (SHIFT, {}, "y_weak must be given: there are target rows"),
        (WEAK, {"sample_domain": HALF}, "y_weak must be given: there are target rows"),
        (WEAK, {"y_weak": WEAK}, "y_weak was given but every row is a source row"),
        (
            WEAK,
            {"y_weak": WEAK, "sample_domain": [0] * 6},
            "sample_domain must mark at least one target row",
        ),
        (
            WEAK,
            {"y_weak": WEAK, "sample_domain": [-1] * 6},
            "sample_domain must mark at least one source row",
        ),
        (np.full(6, NAN), {"y_weak": WEAK}, "y must be observed in at least one source row"),
        (
            [NAN, NAN, NAN, 1, 1, 1],
            {"y_weak": WEAK, "sample_domain": HALF},
            "y must be observed in at least one source row",
        ),
        (SHIFT, {"y_weak": WEAK, "sample_domain": HALF[:4]}, "one integer for each of the 6 rows"),
        (SHIFT, {"y_weak": WEAK, "sample_domain": [True] * 6}, "sample_domain must hold integers"),
        (SHIFT, {"y_weak": WEAK, "sample_domain": [0.5] * 6}, "sample_domain must hold integers"),
        (SHIFT, {"y_weak": WEAK, "sample_domain": ["s"] * 6}, "sample_domain must hold integers"),
        (
            SHIFT,
            {"y_weak": WEAK, "sample_weight": [-1] * 6},
            "sample_weight must be zero or positive",
        ),
        (
            SHIFT,
            {"y_weak": WEAK, "sample_weight": [1, 1, 1, 0, 0, 0]},
            "y_weak was given but every row is a source row",
        ),
    ],
)
def test_bad_regression_input_gets_one_sentence(y, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        regression(y, **given)


CODES = [0, 1, 0, -1, -1, -1]


@pytest.mark.parametrize(
    ("y", "given", "sentence"),
    [
        ([1, 1, 1, -1, -1, -1], {"y_weak": CODES}, r"at least two classes; found one class: \[1\]"),
        ([-1] * 6, {"y_weak": [0, 1] * 3}, "y must be observed in at least one source row"),
        (CODES, {"y_weak": [-1] * 6}, "y_weak must be observed in at least one target row"),
        (CODES, {"y_weak": ["a"] * 6}, "labels of the kind that y has"),
        (CODES, {"y_weak": [0.0, 1, 0, 1, 0, 0.3]}, "found the number 0.3"),
        (CODES, {"y_weak": np.full((6, 3), 1 / 3)}, "a probability for each of the 2 classes"),
        (CODES, {"y_weak": np.full((5, 2), 0.5)}, "y_weak must have a row for each of the 6"),
        (CODES, {"y_weak": np.full((6, 2), 0.4)}, "y_weak must sum to 1 .* found a sum of 0.8"),
        (CODES, {"y_weak": np.full((6, 2), 0.500005)}, "sum to 1 within 1e-06; found a sum of"),
        (CODES, {"y_weak": np.tile([1.5, -0.5], (6, 1))}, "probabilities, none negative; found -0"),
        (np.ones((6, 2), dtype=int), {"y_weak": CODES}, "y must have one column of labels"),
        ([0.5, 0.25, 0.1, NAN, NAN, NAN], {"y_weak": CODES}, "Unknown label type"),
    ],
)
def test_bad_classification_input_gets_one_sentence(y, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        classification(y, **given)


def test_domains_may_be_whole_floats_and_unsigned():
    assert check_domain([1.0, -2.0], 2).tolist() == [1, -2]
    assert check_domain(np.array([1, 2], dtype=np.uint8), 2).tolist() == [1, 2]
    with pytest.raises(ValueError, match="found nan"):
        check_domain([1.0, NAN], 2)


def test_strategies_that_need_no_weak_labels():
    assert regression(SHIFT, needs_weak=False).target.sum() == 3
    # Given and empty, they are a mistake all the same.
    with pytest.raises(ValueError, match="y_weak must be observed in at least one target row"):
        regression(SHIFT, y_weak=np.full(6, NAN), needs_weak=False)
    assert regression(WEAK, sample_domain=HALF, needs_weak=False, use_gold=True).strong.all()
