import numpy as np
import pytest

from w2s_stats.bounds._labels import check_classes, predicted_labels, true_labels


def test_labels_of_probabilities_are_the_most_probable_classes():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=50).astype(np.float32)
    np.testing.assert_array_equal(predicted_labels(p, name="y_weak"), p.argmax(axis=1))
    np.testing.assert_array_equal(predicted_labels([2.0, 0.0], name="y_weak"), [2, 0])
    np.testing.assert_array_equal(true_labels(None, 2), [-1, -1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predicted_labels([0.3], name="y_weak"), "y_weak must hold class labels .* 0.3 in"),
        (lambda: predicted_labels([1, np.nan], name="y_s"), "y_s must have a label in every row; "),
        (lambda: predicted_labels([1, 0], 3, name="y_s"), "y_s must have 3 rows. found 2"),
        (lambda: predicted_labels([[0.5, 0.6]], name="y_s"), "The rows of y_s must sum to 1"),
        (lambda: predicted_labels([], name="y_s"), "y_s must not be empty"),
        (lambda: predicted_labels(["a"], name="y_s"), "y_s must hold real numbers"),
        (lambda: true_labels([-1], 1), "y_true must hold class labels .* found -1 in row 0"),
        (
            lambda: true_labels([np.inf], 1),
            "y_true must hold .* found infinity in row 0",
        ),
        (lambda: true_labels([[1]], 1), r"y_true must hold one class label a row; found shape \(1"),
        (
            lambda: check_classes(y_weak=[[0.5, 0.5]], y_student=[1], y_true=[2]),
            "y_true must hold labels of the 2 classes of y_weak, 0 to 1; found 2",
        ),
        (
            lambda: check_classes(y_weak=[2], y_student=[[0.5, 0.5]], y_true=None),
            "y_weak must hold labels of the 2 classes of y_student, 0 to 1; found 2",
        ),
        (
            lambda: check_classes(y_weak=[[0.5, 0.5]], y_student=[[0.5, 0.25, 0.25]]),
            "y_student must have a column for each of the 2 classes of y_weak; found 3",
        ),
    ],
)
def test_bad_labels_are_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_labels_without_columns_are_of_any_class():
    unknown, rows = [np.nan], [[0.5, 0.5]]
    check_classes(y_weak=[5], y_student=[0], y_true=unknown)
    check_classes(y_weak=rows, y_student=[1], y_true=unknown)
    # What is accepted above is so for want of columns, and of a label.
    for given in ({"y_weak": [5], "y_student": rows}, {"y_weak": rows, "y_true": [5]}):
        with pytest.raises(ValueError, match=r"must hold labels of the 2 classes .* found 5"):
            check_classes(**given)
