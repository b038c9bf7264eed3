"""The gain of a projection is at least its misfit; the certificate is for every other student."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax

from tests.laws.members import MEMBERS, drawn_like, problem
from w2s_stats._intervals import Interval
from w2s_stats.bounds import (
    ConvexHull,
    GainCertificate,
    MisfitGain,
    NonRealizableGain,
    NormBall,
    _gain,
    heads_correction,
    project_least_squares,
    project_onto_hull,
)
from w2s_stats.divergences import KL

N_CASES = 1000
EACH = 250  # of each of the five divergences


@pytest.fixture(autouse=True)
def means_only(monkeypatch):
    """Intervals are no part of these laws, and most of their time."""

    def mean(values, weight, **options):
        return Interval(float(np.average(values, weights=weight)), np.nan, np.nan, "none")

    monkeypatch.setattr(_gain, "bootstrap_mean", mean)


def segment_projections(divergence, triples):
    """Exact projections of (weak, first, second) onto the segments, all by one bisection.

    The slope along a segment is monotone; problems with the same columns go together.
    """
    students = [None] * len(triples)
    for c in {weak.shape[1] for weak, _, _ in triples}:
        chosen = [i for i, triple in enumerate(triples) if triple[0].shape[1] == c]
        weak, first, second = (np.concatenate([triples[i][j] for i in chosen]) for j in range(3))
        sizes = [len(triples[i][0]) for i in chosen]
        starts = np.cumsum([0, *sizes[:-1]])
        along, base = second - first, divergence.gradient(weak)
        low, high = np.zeros(len(chosen)), np.ones(len(chosen))
        for _ in range(60):
            middle = 0.5 * (low + high)
            student = first + np.repeat(middle, sizes)[:, None] * along
            slope = (along * (divergence.gradient(student) - base)).sum(axis=1)
            rising = np.add.reduceat(slope, starts) > 0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        for i, part in zip(chosen, np.split(student, starts[1:]), strict=True):
            students[i] = part
    return students


def linear(rng):
    n, d = rng.integers(2, 30), rng.integers(1, 6)
    h = rng.normal(size=(n, d))
    if rng.random() < 0.2:
        h[:, -1] = h[:, 0]
    outputs = () if rng.random() < 0.5 else (rng.integers(1, 3),)
    weak = rng.normal(scale=10.0 ** rng.uniform(-2, 2), size=(n, *outputs))
    return h, weak, rng.normal(size=(d, *outputs))


@pytest.mark.parametrize("name", MEMBERS)
def test_gain_of_a_projection_onto_a_segment(name):
    rng = np.random.default_rng(1)
    divergence = MEMBERS[name][0]
    problems = [problem(name, rng, n_heads=2)[1:] for _ in range(N_CASES)]
    students = segment_projections(divergence, [(weak, *heads) for weak, heads, _ in problems])
    for (weak, _, truth), student in zip(problems, students, strict=True):
        bound = MisfitGain(divergence).fit(weak, student, truth)
        assert bound.estimate_ >= bound.lower_ - 1e-9 * (1 + abs(bound.estimate_) + bound.lower_)


@pytest.mark.parametrize("name", MEMBERS)
def test_certificate_is_the_least_gain_of_any_truth(name):
    """Any student of the class or none: below every truth's gain, and one truth attains it."""
    rng = np.random.default_rng(2)
    for _ in range(EACH):
        divergence, weak, heads, truth = problem(name, rng)
        student = drawn_like(name, rng, weak) if rng.random() < 0.5 else heads[0]
        weight = rng.integers(1, 4, size=len(weak)).astype(float)
        bound = GainCertificate(ConvexHull(heads), divergence)
        bound.fit(weak, student, truth, sample_weight=weight)

        def gain(f, divergence=divergence, weak=weak, student=student, weight=weight):
            errors = divergence.pointwise(f, weak), divergence.pointwise(f, student)
            return np.average(errors[0], weights=weight) - np.average(errors[1], weights=weight)

        gains = [gain(head) for head in heads]
        scale = 1 + max(map(abs, gains))
        assert bound.estimate_ == pytest.approx(gain(truth), abs=1e-9 * scale)
        assert bound.lower_ - 1e-9 * scale <= bound.estimate_ <= bound.upper_ + 1e-9 * scale
        assert bound.lower_ == pytest.approx(min(gains), abs=1e-8 * scale)
        assert bound.upper_ == pytest.approx(max(gains), abs=1e-8 * scale)


@pytest.mark.parametrize("name", MEMBERS)
def test_difference_is_the_first_order_term(name):
    rng = np.random.default_rng(3)
    for _ in range(EACH):
        divergence, weak, (student, ceiling), truth = problem(name, rng, n_heads=2)
        bound = MisfitGain(divergence).fit(weak, student, truth, y_ceiling=ceiling)
        values = {row.name: row.value for row in bound.table_}
        slope = divergence.gradient(student) - divergence.gradient(weak)
        scale = 1 + values["error of the weak model"] + values["error of the student"]
        for gap, found in (
            (truth - student, bound.estimate_ - values["misfit"]),
            (truth - student, values["gain - misfit"]),
            (ceiling - student, values["gain - misfit, inside the class"]),
            (truth - ceiling, values["gain - misfit, outside the class"]),
        ):
            assert found == pytest.approx((gap * slope).sum() / len(weak), abs=1e-8 * scale)


def test_gain_equals_misfit_in_a_linear_space():
    rng = np.random.default_rng(4)
    for _ in range(N_CASES):
        h, weak, theta = linear(rng)
        found = project_least_squares(h, weak)
        bound = MisfitGain(student_class="affine").fit(weak, found.fitted, h @ theta)
        assert bound.estimate_ == pytest.approx(found.misfit, abs=1e-9 * np.mean(1 + weak**2))
        assert found.gap <= 1e-20 * np.mean(1 + weak**2)


def test_what_a_linear_space_misses_is_the_product_of_residuals():
    rng = np.random.default_rng(5)
    for _ in range(N_CASES):
        h, weak, _ = linear(rng)
        truth = rng.normal(size=weak.shape)
        ceiling, student = (project_least_squares(h, y).fitted for y in (truth, weak))
        bound = MisfitGain().fit(weak, student, truth)
        missed = -2.0 * np.sum((truth - ceiling) * (weak - student)) / len(weak)
        scale = np.sum(weak**2 + truth**2) / len(weak)
        assert bound.estimate_ - bound.lower_ == pytest.approx(missed, abs=1e-10 * scale)


def test_gain_of_a_projection_onto_a_ball():
    rng = np.random.default_rng(6)
    for _ in range(N_CASES):
        h, weak, theta = linear(rng)
        radius = np.linalg.norm(theta) * rng.uniform(1.0, 2.0)
        found = project_least_squares(h, weak, radius=radius)
        assert np.linalg.norm(found.parameters) <= radius * (1 + 1e-12)
        scale = np.mean(1 + weak**2)
        assert -1e-12 * scale <= found.gap <= 1e-9 * scale
        bound = MisfitGain().fit(weak, found.fitted, h @ theta)
        assert bound.estimate_ >= found.misfit - 1e-9 * scale
        label_free = GainCertificate(NormBall(h, radius)).fit(weak, found.fitted)
        assert label_free.lower_ == pytest.approx(found.misfit, abs=1e-8 * scale)


def test_certificate_of_a_ball_is_attained_on_its_sphere():
    rng = np.random.default_rng(7)
    for _ in range(N_CASES):
        h, weak, theta = linear(rng)
        ball = NormBall(h, np.linalg.norm(theta) * rng.uniform(1.0, 2.0))
        student = rng.normal(size=weak.shape)  # not even in the class
        bound = GainCertificate(ball).fit(weak, student, h @ theta)
        scale = 1 + np.mean(weak**2) + ball.radius**2 * np.mean(h**2)
        assert bound.lower_ - 1e-9 * scale <= bound.estimate_ <= bound.upper_ + 1e-9 * scale
        worst = ball.maximizer(weak - student)
        at_worst = bound.fit(weak, student, worst)
        assert at_worst.estimate_ == pytest.approx(at_worst.lower_, abs=1e-9 * scale)


def test_truth_outside_the_class():
    """Theory 9.1 and 2.4 on the student's own rows; 9.1 from both sides in a linear space."""
    rng = np.random.default_rng(8)
    sharper = 0
    for case in range(N_CASES):
        h, weak, theta = linear(rng)
        truth = h @ theta + rng.normal(scale=10.0 ** rng.uniform(-3, 0), size=weak.shape)
        radius = None if case % 2 else np.linalg.norm(theta)
        student = project_least_squares(h, weak, radius=radius).fitted
        # Any member will do for a ceiling.
        ceiling = h @ theta if rng.random() < 0.5 else 0.5 * h @ theta
        bound = NonRealizableGain(student_class="affine" if radius is None else "convex")
        bound.fit(weak, student, truth, y_ceiling=ceiling)
        scale = 1e-9 * np.mean(1 + weak**2 + truth**2)
        values = {row.name: row.value for row in bound.table_}
        assert bound.lower_ - scale <= bound.estimate_ <= bound.upper_ + scale
        assert np.isinf(bound.upper_) == (radius is not None)
        assert bound.estimate_ >= values["lower limit of [C24] Thm 2"] - scale
        sharper += bound.lower_ >= values["lower limit of [C24] Thm 2"] - scale
    assert sharper == N_CASES


def test_fresh_rows_of_a_linear_space():
    """A truth in the space attains one of the two limits, with v at the student alone."""
    rng = np.random.default_rng(12)
    ends = {"lower": 0, "upper": 0}
    for _ in range(N_CASES):
        h, weak, theta = linear(rng)
        n = rng.integers(1, len(weak))
        truth, student = h @ theta, h @ project_least_squares(h[:n], weak[:n]).parameters
        rows = ((truth - student) * (student - weak)).reshape(len(weak), -1).sum(axis=1)
        width = abs(np.mean(rows) - np.mean(rows[:n]))
        bound = NonRealizableGain(epsilon=0.0, student_class="affine", width=width)
        assert bound.fit(weak, student, truth).holds_
        scale = 1e-7 * np.mean(1 + weak**2 + student**2 + truth**2)
        beyond = {end: abs(getattr(bound, f"{end}_") - bound.estimate_) for end in ends}
        nearest = min(ends, key=beyond.get)
        assert beyond[nearest] <= scale
        ends[nearest] += 1
    assert min(ends.values()) > 100


def test_truth_outside_the_class_and_any_student():
    rng = np.random.default_rng(9)
    for _ in range(N_CASES):
        h, weak, theta = linear(rng)
        truth, student = rng.normal(size=(2, *weak.shape))
        ball = NormBall(h, np.linalg.norm(theta))
        bound = NonRealizableGain(ball)
        assert bound.fit(weak, student, truth, y_ceiling=h @ theta).holds_


def test_fresh_rows():
    """Students of a few rows, judged on all: one slope in [-1, 1], so that v is known exactly."""
    rng = np.random.default_rng(10)
    for _ in range(N_CASES):
        N = rng.integers(4, 40)
        n = rng.integers(1, N)
        h, weak = rng.normal(size=(N, 1)), rng.normal(size=N)
        best = rng.uniform(-1, 1)
        truth = best * h[:, 0] + rng.normal(scale=0.2, size=N)
        student = h @ project_least_squares(h[:n], weak[:n], radius=1.0).parameters
        everyone = project_least_squares(h, weak, radius=1.0).parameters[0]
        # (E - E_n)(g - t) h (t h - w) is a parabola in t, for g = best and g = everyone.
        square = np.mean(h[:, 0] ** 2) - np.mean(h[:n, 0] ** 2)
        cross = np.mean(h[:, 0] * weak) - np.mean(h[:n, 0] * weak[:n])

        def gap(g, t, square=square, cross=cross):
            return abs((g - t) * (square * t - cross))

        width = 0.0
        for g in (best, everyone):
            top = 0.5 * (g + cross / square)
            width = max(width, *(gap(g, t) for t in (-1.0, 1.0, np.clip(top, -1, 1))))
        bound = NonRealizableGain(width=width)
        bound.fit(weak, student, truth, y_ceiling=best * h[:, 0])
        printed = next(row.value for row in bound.table_ if row.name.startswith("lower limit"))
        assert bound.holds_
        assert bound.estimate_ >= printed - 1e-9


def test_few_heads():
    """Mixtures of one head, or two, of a few: the global minimiser by enumeration (theory 2.3)."""
    rng = np.random.default_rng(11)
    divergence = KL()
    for case in range(N_CASES):
        n, c, M = rng.integers(1, 8), rng.integers(2, 5), rng.integers(2, 5)
        k = 1 if case % 8 else 2
        gamma = rng.uniform(0.01, 0.9) / c
        heads = gamma + (1 - c * gamma) * rng.dirichlet(np.full(c, 0.3), size=(M, n))
        weak = gamma + (1 - c * gamma) * rng.dirichlet(np.full(c, 0.3), size=n)
        truth = np.tensordot(rng.dirichlet(np.full(M, 0.5)), heads, axes=1)
        if k == 1:
            students = list(heads)
        else:
            pairs = combinations(heads, 2)
            students = segment_projections(divergence, [(weak, *pair) for pair in pairs])
        student = min(students, key=lambda s, weak=weak: divergence.mean(s, weak))
        bound = MisfitGain(divergence, n_heads=k, gamma=gamma)
        bound.fit(weak, student, truth)
        misfit = divergence.mean(student, weak)
        assert bound.lower_ == pytest.approx(misfit - heads_correction(k, gamma, n_classes=int(c)))
        assert bound.holds_


def test_one_head_alone_breaks_the_inequality_without_correction():
    """A class of single heads is not convex: the correction of theory 2.3 is for something."""
    heads = np.array([[[0.9, 0.1]], [[0.1, 0.9]]])
    truth, weak = np.array([[0.4, 0.6]]), np.array([[0.51, 0.49]])
    student = min(heads, key=lambda head: KL().mean(head, weak))
    assert not MisfitGain(KL()).fit(weak, student, truth).holds_
    assert MisfitGain(KL(), n_heads=1, gamma=0.1).fit(weak, student, truth).holds_


# ------------------------------------------------------------ where the printed words are false


@pytest.mark.parametrize("student_first", [False, True], ids=["cross-entropy", "reverse KL"])
def test_softmax_linear_head_is_no_convex_class(student_first):
    """One feature, one slope: gain < misfit however the head is trained (theory 2.2)."""
    x, weak = np.array([-1.0, 2.0]), np.array([0.9, 0.1])
    rows = {"weak": weak, "truth": expit(2.0 * x)}
    rows = {name: np.column_stack([1 - p, p]) for name, p in rows.items()}

    def head(slope):
        return softmax(np.column_stack([np.zeros(2), slope * x]), axis=1)

    def loss(slope):
        pair = (head(slope), rows["weak"])
        return KL().mean(*(pair if student_first else pair[::-1]))

    grid = np.linspace(-10, 10, 201)
    near = grid[np.argmin([loss(slope) for slope in grid])]
    found = minimize_scalar(loss, bounds=(near - 0.2, near + 0.2), options={"xatol": 1e-10})
    student = head(found.x)
    bound = MisfitGain(KL()).fit(rows["weak"], student, rows["truth"], y_ceiling=rows["truth"])
    assert bound.estimate_ < bound.lower_ - 0.04
    assert bound.holds_ is False
    if not student_first:
        # What cross-entropy training does have is the equality with the truth second (theory 5.3).
        whole = KL().mean(rows["weak"], rows["truth"])
        parts = KL().mean(rows["weak"], student) + KL().mean(student, rows["truth"])
        assert whole == pytest.approx(parts, abs=1e-7)


def test_ridge_penalty_breaks_it():
    rng = np.random.default_rng(12)
    broken = 0
    for _ in range(200):
        h = rng.normal(size=(50, 4))
        truth = h @ rng.normal(size=4)
        weak = truth + rng.normal(size=50)
        theta = np.linalg.solve(h.T @ h + 5.0 * np.eye(4), h.T @ weak)
        bound = MisfitGain().fit(weak, h @ theta, truth)
        broken += not bound.holds_
        label_free = GainCertificate(NormBall(h, 5.0)).fit(weak, h @ theta)
        assert label_free.lower_ <= bound.estimate_
    assert broken > 150


def test_projection_of_the_second_argument_breaks_it():
    """Constants trained by cross-entropy: convex, but the weak model stands first."""
    weak = np.array([[0.9, 0.1], [0.5, 0.5]])
    student = np.tile(weak.mean(axis=0), (2, 1))
    truth = np.tile([0.95, 0.05], (2, 1))
    assert MisfitGain(KL()).fit(weak, student, truth).holds_ is False
    grid = np.linspace(0.01, 0.99, 99)
    hull = [np.tile([p, 1 - p], (2, 1)) for p in grid]
    projected = project_onto_hull([hull[0], hull[-1]], weak)
    assert MisfitGain(KL()).fit(weak, projected.fitted, truth).holds_
