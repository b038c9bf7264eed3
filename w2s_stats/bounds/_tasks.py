"""Gain and misfit of many tasks at once, squared error (theory 2.1)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_kernels import cpu
from w2s_kernels._backend import from_tensor, on_gpu
from w2s_kernels._dispatch import thread_map
from w2s_stats._arrays import array_module, device_of, read_only, to_host
from w2s_stats._validation import check_alignment, check_weight, shown
from w2s_stats.divergences import _device
from w2s_stats.divergences._probabilities import as_float_anywhere, check_same_shape


class TaskGains(NamedTuple):
    """Gain and misfit of every task, NumPy arrays (n_tasks,); NaN for tasks without truth.

    Made by `misfit_gain_tasks`, where there is an example.

    Attributes
    ----------
    gain : ndarray
        Error of the weak model minus error of the student.
    misfit : ndarray
        Of all rows, those without truth too.
    difference : ndarray
        gain - misfit over the rows that have a truth.
    weak_error, student_error : ndarray
        Mean squared errors.
    """

    gain: np.ndarray
    misfit: np.ndarray
    difference: np.ndarray
    weak_error: np.ndarray
    student_error: np.ndarray


def misfit_gain_tasks(
    y_weak: Any, y_student: Any, y_true: Any = None, *, sample_weight: Any = None
) -> TaskGains:
    """Gain and misfit, in squared error, of a batch of tasks in one pass over the arrays.

    What [C24] plot against each other, a point a task: for students that are projections onto a
    convex class that holds the truth no point lies below the diagonal, and for linear heads without
    penalty all lie on it (theory 2.1). These are numbers of the sample. `MisfitGain` has, for one
    task, intervals, other divergences and what the inequality rests on.

    Parameters
    ----------
    y_weak, y_student : array-like of shape (n_tasks, n_samples)
        Predictions, a row a task. Arrays of CuPy, and torch tensors in either memory, are read
        where they lie.
    y_true : array-like of shape (n_tasks, n_samples), default=None
        NaN where a prediction has no truth. None: there is none, only misfits.
    sample_weight : array-like of shape (n_samples,), default=None
        The same for every task; predictions of weight zero do not count, whatever they are.

    Returns
    -------
    TaskGains

    Raises
    ------
    TypeError
        If some of the predictions and truths lie on a GPU and others do not.
    ValueError
        If arrays are not of two dimensions, differ in shape or are not finite where they count, or
        numbers are too large to be squared.

    References
    ----------
    Charikar, Pabbaraju and Shiragur (2024), Quantifying the Gain in Weak-to-Strong Generalization,
    Theorem 1 and Figure 2.

    Examples
    --------
    Twenty linear tasks; the students are projections, then with a ridge penalty, which breaks it:

    >>> import numpy as np
    >>> from w2s_stats.bounds import misfit_gain_tasks, project_least_squares
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(300, 8))
    >>> y_true = rng.normal(size=(20, 8)) @ h.T
    >>> y_weak = y_true + rng.normal(size=(20, 300))
    >>> y_student = project_least_squares(h, y_weak.T).fitted.T
    >>> tasks = misfit_gain_tasks(y_weak, y_student, y_true)
    >>> bool(np.abs(tasks.difference).max() < 1e-12), round(float(tasks.gain.mean()), 2)
    (True, 0.98)
    >>> penalised = y_weak @ h @ np.linalg.inv(h.T @ h + 30 * np.eye(8)) @ h.T
    >>> tasks = misfit_gain_tasks(y_weak, penalised, y_true)
    >>> int((tasks.difference < 0).sum())
    20
    """
    check_alignment(y_weak=y_weak, y_student=y_student, y_true=y_true)
    y_weak, y_student = from_tensor(y_weak, name="y_weak"), from_tensor(y_student, name="y_student")
    y_true = from_tensor(y_true, name="y_true")
    sample_weight = from_tensor(sample_weight, name="sample_weight")
    with device_of(y_weak):
        weak = _as_tasks(y_weak, name="y_weak")
        student = _beside(weak, y_student, name="y_student")
        truth = None if y_true is None else _beside(weak, y_true, name="y_true")
        weight = check_weight(sample_weight, weak.T)
        n_bad, sums = (_sums_there if on_gpu(weak) else _sums)(weak, student, truth, weight)
    if n_bad:
        _check_finite(weak, student, truth, weight)
    total, labelled, misfit, there, of_weak, of_student = sums.T
    with np.errstate(invalid="ignore", over="ignore"):
        weak_error, student_error = of_weak / labelled, of_student / labelled
        difference = (of_weak - of_student - there) / labelled
    beyond = ~np.isfinite(sums).all(axis=1) | np.isinf(difference)
    if beyond.any():
        raise ValueError(
            f"squared error must be finite; found infinity in task {int(beyond.argmax())}."
        )
    return TaskGains(
        gain=weak_error - student_error,
        misfit=misfit / total,
        difference=difference,
        weak_error=weak_error,
        student_error=student_error,
    )


def _as_tasks(values: Any, *, name: str) -> Any:
    array = as_float_anywhere(values, name=name)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions, a row a task; found shape {array.shape}."
        )
    return array


def _beside(weak: Any, values: Any, *, name: str) -> Any:
    """Tasks of the shape of y_weak, in its memory."""
    array = _as_tasks(values, name=name)
    if on_gpu(weak) or on_gpu(array):
        _device.check_one_memory(weak, array, ("y_weak", name))
    check_same_shape(weak, array, names=("y_weak", name))
    return array


def _sums(
    weak: np.ndarray, student: np.ndarray, truth: np.ndarray | None, weight: np.ndarray | None
) -> tuple[int, np.ndarray]:
    """What the kernel counts, and adds up of every task, (n_tasks, 6)."""
    truth = np.full((1, weak.shape[1]), np.nan, dtype=weak.dtype) if truth is None else truth
    sums = np.zeros((len(weak), 6))
    dtype = np.result_type(weak, student, truth)
    # Of the largest: no sum of theirs overflows.
    share = None if weight is None else read_only((weight / weight.max())[None])

    def task(i: int) -> int:
        rows = (array[i % len(array)] for array in (weak, student, truth))
        parts = (read_only(np.ascontiguousarray(row, dtype=dtype)[None]) for row in rows)
        return cpu.misfit.squared_errors(*parts, share, sums[i : i + 1])

    return sum(thread_map(task, range(len(weak)))), sums


def _sums_there(weak: Any, student: Any, truth: Any, weight: Any) -> tuple[int, np.ndarray]:
    """The same of arrays on a GPU, in one launch."""
    xp = array_module(weak)
    given = (weak, student, weak if truth is None else truth)
    a, b, c = (xp.ascontiguousarray(array) for array in given)
    n_bad, sums = _device.error_sums(a, b, c, weight)
    if truth is None:
        sums[:, [1, 3, 4, 5]] = 0.0  # those that need one
    return n_bad, sums


def _check_finite(weak: Any, student: Any, truth: Any, weight: Any) -> None:
    """Raise if a number that counts is not finite; sums may be so for being too large."""
    counts = np.ones(weak.shape[1], dtype=bool) if weight is None else to_host(weight) > 0
    for name, given in (("y_weak", weak), ("y_student", student), ("y_true", truth)):
        if given is None:
            continue
        values = to_host(given)
        wrong = counts & (np.isinf(values) if name == "y_true" else ~np.isfinite(values))
        if wrong.any():
            task_number, row = np.argwhere(wrong)[0]
            raise ValueError(
                f"{name} must be finite; found {shown(values[task_number, row])} in task "
                f"{task_number}, row {row}."
            )
