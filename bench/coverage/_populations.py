"""Populations of many kinds of rows: their means are sums, and so every truth is exact."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

KINDS = 10_000


class Population(NamedTuple):
    """Rows that samples are drawn from with replacement: predictions, truth, and what else."""

    weak: np.ndarray
    student: np.ndarray
    truth: np.ndarray
    ceiling: np.ndarray | None = None
    features: np.ndarray | None = None
    weight: np.ndarray | None = None

    def sample(self, rng: np.random.Generator, n: int) -> Self:
        """Rows drawn with replacement."""
        rows = rng.integers(len(self.weak), size=n)
        return type(self)(*(None if part is None else part[rows] for part in self))

    def with_gold(self, n_gold: int | None) -> Self:
        """The same without the truth beyond the first rows, which are as random as any."""
        if n_gold is None:
            return self
        truth = self.truth.astype(float)
        truth[n_gold:] = np.nan
        return self._replace(truth=truth)


def draw_labels(rng: np.random.Generator, p: np.ndarray) -> np.ndarray:
    """A label for each row of probabilities, or of probabilities of label 1."""
    if p.ndim == 1:
        return (rng.random(len(p)) < p).astype(float)
    return (rng.random((len(p), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)


def real_outputs() -> Population:
    """Linear truth with a wave, weak labels with a bias and noise, a linear student with the bias.

    The ceiling is the best linear function.
    """
    rng = np.random.default_rng(1)
    h = rng.normal(size=(KINDS, 4))
    linear = h @ [1.0, -1.0, 0.5, 0.25]
    weak = linear + 0.4 * h[:, 0] + rng.normal(size=KINDS)
    student = linear + 0.4 * h[:, 0] + 0.1 * h[:, 1]
    return Population(weak, student, linear + 0.3 * np.sin(2 * h[:, 0]), linear, h)


def bounded_outputs() -> Population:
    """The same between -1 and 1."""
    return Population(*(np.tanh(part) for part in real_outputs()[:3]))


def weighted_outputs() -> Population:
    """Rows whose weights go with their errors."""
    rows = real_outputs()
    return rows._replace(weight=np.exp(0.5 * rows.features[:, 0]))


def positive_outputs() -> Population:
    """Truth times noise, and a student half way between the two."""
    rng = np.random.default_rng(2)
    truth = rng.gamma(3.0, size=KINDS)
    weak = truth * rng.gamma(20.0, size=KINDS) / 20
    return Population(weak, np.sqrt(weak * truth), truth)


FLOOR = 0.02


def three_classes(*, times: int = 1, weighted: bool = False) -> Population:
    """Probabilities of three classes, none below FLOOR, and hard labels; the student is nearer."""
    rng, kinds = np.random.default_rng(3), times * KINDS
    p = rng.dirichlet(np.ones(3), size=kinds)
    weak = 0.5 * p + 0.5 * rng.dirichlet(np.ones(3), size=kinds)
    student = 0.7 * p + 0.3 * weak
    weak, student = (FLOOR + (1 - 3 * FLOOR) * rows for rows in (weak, student))
    weight = np.exp(rng.normal(size=kinds) / 2) if weighted else None
    return Population(weak, student, draw_labels(rng, p), weight=weight)


def one_probability() -> Population:
    """Probabilities of the positive class of two."""
    rows = three_classes()
    weak, student = (part[:, 1] for part in (rows.weak, rows.student))
    return Population(weak, student, (rows.truth == 1).astype(int))


def one_sided() -> Population:
    """Probabilities of two classes: where the models differ, the student is nearly always right."""
    rng = np.random.default_rng(6)
    y = rng.integers(2, size=4 * KINDS)
    labels = (np.where(rng.random(len(y)) < error, 1 - y, y) for error in (0.3, 0.01))
    weak, student = (0.2 + 0.6 * part for part in labels)
    return Population(weak, student, y)


def near_ceiling() -> Population:
    """Labels of a student that leaves its ceiling in one row of 300."""
    rng = np.random.default_rng(7)
    y = rng.integers(2, size=3 * KINDS)
    weak, ceiling = (np.where(rng.random(len(y)) < error, 1 - y, y) for error in (0.3, 0.05))
    student = np.where(rng.random(len(y)) < 1 / 300, 1 - ceiling, ceiling)
    return Population(weak, student, y, ceiling)


def pairs() -> Population:
    """Labels of pairs of rows of one class, one below the other: each wrong on its own."""
    rng = np.random.default_rng(5)
    y = np.repeat(rng.integers(2, size=KINDS // 2), 2)
    weak, student = (np.where(rng.random(len(y)) < error, 1 - y, y) for error in (0.25, 0.1))
    return Population(weak, student, y)


def class_labels(
    weak_error: float, repeated: float, spoiled: float, *, strange: float = 0.0
) -> Population:
    """Labels of three classes: the student repeats some errors, makes other ones, adds new ones.

    The ceiling errs in a tenth of the weak model's errors, and in a share `strange` of all rows.
    """
    rng = np.random.default_rng(4)
    y = rng.integers(3, size=2 * KINDS)
    bad = rng.random(len(y)) < weak_error
    weak = np.where(bad, (y + rng.integers(1, 3, size=len(y))) % 3, y)
    kept, other = rng.random((2, len(y)))
    student = np.where(bad & (kept < repeated), weak, y)
    student = np.where(bad & (kept >= repeated) & (other < 0.2), (2 * y - weak) % 3, student)
    student = np.where(~bad & (other < spoiled), (y + 1) % 3, student)
    ceiling = np.where(bad & (rng.random(len(y)) < 0.1), weak, y)
    if strange:
        ceiling = np.where(rng.random(len(y)) < strange, (y + 2) % 3, ceiling)
    return Population(weak, student, y, ceiling)
