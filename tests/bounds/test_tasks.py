"""misfit_gain_tasks: what MisfitGain says of each task, in one pass."""

import numpy as np
import pytest

from w2s_kernels import cpu
from w2s_stats.bounds import MisfitGain, misfit_gain_tasks


def tasks(n_tasks=5, n=200, seed=0):
    return np.random.default_rng(seed).normal(size=(3, n_tasks, n))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_those_of_misfit_gain(dtype, weighted):
    weak, student, truth = tasks().astype(dtype)
    weight = np.random.default_rng(1).integers(0, 3, size=200) if weighted else None
    found = misfit_gain_tasks(weak, student, truth, sample_weight=weight)
    bound = MisfitGain(n_resamples=2)
    for i, rows in enumerate(zip(weak, student, truth, strict=True)):
        bound.fit(*rows, sample_weight=weight)
        table = {row.name: row.value for row in bound.table_}
        expected = [
            bound.estimate_,
            table["misfit"],
            table["gain - misfit"],
            table["error of the weak model"],
            table["error of the student"],
        ]
        atol = 1e-6 if dtype == np.float32 else 1e-13
        np.testing.assert_allclose([column[i] for column in found], expected, atol=atol)


def test_tasks_with_truth_in_part_and_without():
    weak, student, truth = tasks()
    truth[0] = np.nan
    truth[1, 50:] = np.nan
    found = misfit_gain_tasks(weak, student, truth)
    whole = misfit_gain_tasks(weak, student)
    np.testing.assert_array_equal(found.misfit, whole.misfit)
    for column in found._asdict() | {"misfit": whole.gain}:
        assert np.isnan(getattr(whole, column)).all() == (column != "misfit")
        assert np.isnan(getattr(found, column)[0]) == (column != "misfit")
    part = misfit_gain_tasks(weak[:, :50], student[:, :50], truth[:, :50])
    assert found.difference[1] == pytest.approx(part.gain[1] - part.misfit[1])
    assert found.gain[1] == pytest.approx(part.gain[1])
    assert found.misfit[1] != pytest.approx(part.misfit[1])


def test_arrays_of_other_types_and_layouts():
    weak, student, truth = tasks()
    truth = np.round(truth).astype(int)
    expected = misfit_gain_tasks(weak, student, truth.astype(float))
    transposed = (np.ascontiguousarray(a.T).T for a in (weak, student, truth))
    np.testing.assert_array_equal(misfit_gain_tasks(*transposed), expected)
    weak.flags.writeable = False
    np.testing.assert_array_equal(misfit_gain_tasks(weak, student.tolist(), truth), expected)
    mixed = misfit_gain_tasks(weak.astype(np.float32), student, truth)
    np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-5)


def spoiled(which, value):
    arrays = tasks(2, 3)
    arrays[which, 1, 2] = value
    return tuple(arrays)


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        (([1.0], [1.0]), {}, r"y_weak must have two dimensions, a row a task; found shape \(1,\)"),
        (([[1.0]], [[1.0, 2.0]]), {}, "y_weak and y_student must have the same shape"),
        (([[1.0]], [[1.0]], [[1.0], [2.0]]), {}, "y_weak and y_true must have the same shape"),
        (spoiled(0, np.nan), {}, "y_weak must be finite; found NaN in task 1, row 2"),
        (spoiled(1, np.inf), {}, "y_student must be finite; found infinity in task 1, row 2"),
        (spoiled(2, -np.inf), {}, "y_true must be finite; found -infinity in task 1, row 2"),
        (tasks(2, 3), {"sample_weight": [1.0, 2.0]}, "sample_weight must have one weight"),
        (tasks(2, 3), {"sample_weight": [1.0, -2.0, 0.0]}, "sample_weight must be zero or pos"),
        (([["a"]], [[1.0]]), {}, "y_weak must hold real numbers; found 'a' in row 0"),
        (([[]], [[]]), {}, "y_weak must not be empty"),
    ],
)
def test_bad_input(arrays, options, message):
    with pytest.raises(ValueError, match=message):
        misfit_gain_tasks(*arrays, **options)


def test_what_has_no_weight_does_not_count():
    weak, student, truth = spoiled(0, np.inf)
    found = misfit_gain_tasks(weak, student, truth, sample_weight=[1, 1, 0])
    np.testing.assert_allclose(found, misfit_gain_tasks(*tasks(2, 3)[:, :, :2]))


@pytest.mark.parametrize(
    ("arrays", "task_number"),
    [
        (([[1e200, 1.0]], [[0.0, 1.0]], [[0.0, 1.0]]), 0),
        (([[0.0], [1e200]], [[0.0], [-1e200]]), 1),
        (([[0.0]], [[1.3e154]], [[0.0]]), 0),  # only the sum of two is too large
    ],
)
def test_numbers_too_large_to_be_squared_are_refused(arrays, task_number):
    message = f"squared error must be finite; found infinity in task {task_number}"
    with pytest.raises(ValueError, match=message):
        misfit_gain_tasks(*arrays)


def test_single_precision_stays_without_truth(monkeypatch):
    seen, sums = [], cpu.misfit.squared_errors

    def recorded(*arrays):
        seen.extend(array.dtype for array in arrays[:3])
        return sums(*arrays)

    monkeypatch.setattr(cpu.misfit, "squared_errors", recorded)
    misfit_gain_tasks(*tasks().astype(np.float32)[:2])
    assert set(seen) == {np.dtype(np.float32)}
