"""The check of rows of probabilities that other packages share."""

import numpy as np
import pytest

from w2s_stats.divergences._probabilities import check_probabilities


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_not_copied(dtype):
    p = np.full((3, 2), 0.5, dtype=dtype)
    assert check_probabilities(p, name="p") is p


def test_other_numbers_become_float64():
    for given in ([[1, 0], [0, 1]], np.eye(2, dtype=bool), np.float16([[0.75, 0.25]])):
        found = check_probabilities(given, name="p")
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, given)


def test_the_tolerance_is_that_of_the_type():
    p = np.array([[0.5, 0.50005]])
    single = p.astype(np.float32)
    assert check_probabilities(single, name="p") is single
    with pytest.raises(ValueError, match=r"within 0.0001; found a sum of 1.0002"):
        check_probabilities(np.float32([[0.5, 0.50025]]), name="p")
    with pytest.raises(ValueError, match=r"within 1e-06; found a sum of 1.00005 in row 0"):
        check_probabilities(p, name="p")


def test_the_worst_row_is_named():
    p = np.array([[0.5, 0.5], [0.5, 0.51], [0.2, 0.2]])
    with pytest.raises(ValueError, match=r"The rows of proba_weak must .* sum of 0.4 in row 2"):
        check_probabilities(p, name="proba_weak")


def test_rows_that_are_asked_for():
    with pytest.raises(ValueError, match="y_weak must have 3 rows; found 1"):
        check_probabilities([[0.5, 0.5]], name="y_weak", n_rows=3)
    with pytest.raises(ValueError, match="y_weak must have 3 rows; found 2"):
        check_probabilities([0.5, 0.5], name="y_weak", n_rows=3, binary=True)


def test_one_column_for_two_classes_only_where_asked():
    np.testing.assert_array_equal(
        check_probabilities([0.25, 1.0, 0.0], name="p", binary=True),
        [[0.75, 0.25], [0.0, 1.0], [1.0, 0.0]],
    )
    with pytest.raises(ValueError, match="two dimensions"):
        check_probabilities([0.25, 1.0, 0.0], name="p")
    for bad in (1.2, -0.1, np.nan, np.inf):
        with pytest.raises(
            ValueError, match=r"p must hold probabilities from 0 to 1; found .* row 1"
        ):
            check_probabilities([0.5, bad], name="p", binary=True)
