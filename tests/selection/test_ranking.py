import numpy as np
import pytest
from scipy.stats import norm

from w2s_stats.divergences import KL, Squared
from w2s_stats.selection import rank_weak_models

BIAS, NOISE = (0.0, 0.3, 0.6), (1.0, 0.6, 0.2)


def models(n=600, seed=0, bias=BIAS, noise=NOISE):
    """Weak models with a bias that students learn and noise that they average out."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    truth, inverse = X @ [1.0, -1.0, 0.5], np.linalg.pinv(X)
    weak = [truth + b * X[:, 0] + s * rng.normal(size=n) for b, s in zip(bias, noise, strict=True)]
    return weak, [X @ (inverse @ labels) for labels in weak], truth


def test_scores_are_weak_error_minus_misfit_smallest_first():
    weak, student, truth = models()
    found = rank_weak_models(weak, student, truth)
    score = [
        np.mean((w - truth) ** 2) - np.mean((s - w) ** 2)
        for w, s in zip(weak, student, strict=True)
    ]
    np.testing.assert_array_equal(found.order, np.argsort(score))
    np.testing.assert_allclose([s.estimate for s in found.score], np.sort(score), atol=1e-12)
    # A projection onto a space that holds the truth: the score is the student's error itself.
    error = [np.mean((student[i] - truth) ** 2) for i in found.order]
    np.testing.assert_allclose([s.estimate for s in found.score], error, atol=1e-12)
    for s, e, m in zip(found.score, found.weak_error, found.misfit, strict=True):
        assert s.estimate == pytest.approx(e.estimate - m.estimate, abs=1e-12)


def test_students_errors_are_measured_and_refute_the_limits_that_are_none():
    """The projections' errors are their limits; of a blown-up student the limit is too low."""
    weak, student, truth = models()
    known = np.where(np.arange(600) < 400, truth, np.nan)
    found = rank_weak_models(weak, [*student[:2], 1.5 * student[2]], known)
    at = {int(i): place for place, i in enumerate(found.order)}
    for i, place in at.items():
        s, w, t = (values[:400] for values in ((1.0, 1.0, 1.5)[i] * student[i], weak[i], truth))
        assert found.student_error[place].estimate == pytest.approx(np.mean((s - t) ** 2))
        excess = np.mean((s - t) ** 2 + (s - w) ** 2 - (w - t) ** 2)
        assert found.excess[place].estimate == pytest.approx(excess, abs=1e-12)
    statuses = [found.assumptions[at[i]].status for i in range(3)]
    assert statuses == ["not checked", "not checked", "violated"]
    assert "convex class that holds the truth" in found.assumptions[at[2]].name
    assert "violated" in str(found)


def test_chance_rarely_refutes_what_is_true():
    """A projection onto a linear space that holds the truth: error and limit are equal."""
    rng, violated = np.random.default_rng(0), 0
    for _ in range(120):
        x, noise = rng.normal(size=(2, 40))
        found = rank_weak_models(
            [0.3 * x + noise, 0.2 * x - noise], [0.3 * x, 0.2 * x], np.zeros(40), n_resamples=1
        )
        violated += sum(assumption.status == "violated" for assumption in found.assumptions)
    assert violated / 240 < 0.05


def test_one_student_of_two_weak_models_has_one_error_and_shares_its_probability():
    weak, student, truth = models(bias=(0.3, 0.0, 0.6))
    known = np.where(np.arange(600) < 100, truth, np.nan)
    found = rank_weak_models(weak, [student[0], student[0], student[2]], known, n_resamples=200)
    least = dict(zip(found.order, found.probability_least_error, strict=True))
    assert least[0] == least[1] == pytest.approx(0.5, abs=0.01) and least[2] < 0.01
    first, second = (found.student_error[list(found.order).index(i)] for i in (0, 1))
    assert first == second


def test_rounding_refutes_nothing():
    """Student's error and misfit at right angles: the error is its limit, up to rounding above."""
    rng, above = np.random.default_rng(0), 0
    for _ in range(20):
        truth, step = rng.normal(size=(2, 2))
        rows = np.cumsum([truth, step, step[::-1] * [-1, 1]], axis=0)[:, None]
        truth, student, weak = np.repeat(rows, 16, axis=1)  # rows alike: no chance in their mean
        found = rank_weak_models(
            [weak, weak], [student, student], truth, divergence=Squared(), n_resamples=1
        )
        above += found.excess[0].low > 0
        assert found.excess[0].estimate == pytest.approx(0, abs=1e-12)
        assert found.assumptions[0].status == "not checked"
    assert above > 0


def test_few_gold_rows_rank_as_all_do_with_wider_intervals():
    weak, student, truth = models(3000)
    few = np.where(np.arange(3000) < 100, truth, np.nan)
    one, all_ = rank_weak_models(weak, student, few), rank_weak_models(weak, student, truth)
    np.testing.assert_array_equal(one.order, all_.order)
    methods = one.score[0].method, all_.score[0].method
    assert methods == ("prediction-powered, skew-widened", "normal, skew-widened")
    for a, b in zip(one.score, all_.score, strict=True):
        assert b.high - b.low < a.high - a.low
        assert a.low <= b.estimate <= a.high


def test_probabilities_sum_to_one_repeat_and_ties_are_shared():
    weak, student, truth = models()
    twice = rank_weak_models([*weak, weak[0]], [*student, student[0]], truth, n_resamples=300)
    best = dict(zip(twice.order, twice.probability_best, strict=True))
    assert sum(best.values()) == pytest.approx(1)
    assert best[0] == best[3] == pytest.approx(0.5, abs=0.01)
    again = rank_weak_models([*weak, weak[0]], [*student, student[0]], truth, n_resamples=300)
    np.testing.assert_array_equal(twice.probability_best, again.probability_best)


def test_the_probability_of_the_best_is_that_of_the_normal_limit():
    weak, student, truth = models(400, bias=(0.30, 0.33), noise=(0.5, 0.5))
    found = rank_weak_models(weak, student, truth, n_resamples=4000)
    rows = [(w - truth) ** 2 - (s - w) ** 2 for w, s in zip(weak, student, strict=True)]
    step = rows[1] - rows[0]
    expected = norm.cdf(step.mean() / (step.std(ddof=1) / 20))
    best = dict(zip(found.order, found.probability_best, strict=True))
    assert best[0] == pytest.approx(expected, abs=0.03)


def test_large_pools_are_drawn_as_normal():
    weak, student, truth = models(12_000, bias=(0.30, 0.31), noise=(0.5, 0.5))
    known = np.where(np.arange(12_000) < 300, truth, np.nan)
    large = rank_weak_models(weak, student, known, n_resamples=1000)
    cut = slice(0, 9_000)
    small = rank_weak_models(
        [w[cut] for w in weak], [s[cut] for s in student], known[cut], n_resamples=1000
    )
    np.testing.assert_array_equal(large.order, small.order)
    np.testing.assert_allclose(large.probability_best, small.probability_best, atol=0.08)


def test_classes_by_labels_or_probabilities_and_names():
    rng = np.random.default_rng(0)
    truth = rng.dirichlet(np.ones(3), size=500)
    y = (truth.cumsum(axis=1) < rng.random((500, 1))).sum(axis=1)
    weak = {name: (1 - m) * truth + m / 3 for name, m in (("blurred", 0.8), ("sharp", 0.2))}
    student = {name: 0.5 * (p + truth) for name, p in weak.items()}
    by_label = rank_weak_models(weak, student, y)
    by_row = rank_weak_models(weak, student, np.eye(3)[y], divergence=KL())
    assert by_label.names == by_row.names == ["sharp", "blurred"]
    loss = [-np.log(weak[name][np.arange(500), y]).mean() for name in by_label.names]
    np.testing.assert_allclose([e.estimate for e in by_label.weak_error], loss, atol=1e-10)
    assert by_label.probability_best[0] > 0.99
    brier = rank_weak_models(weak, student, y, divergence=Squared())
    assert brier.score[0].estimate != by_label.score[0].estimate
    text = str(by_label.summary())
    for word in ("sharp", "P(limit)", "P(error)", "excess", "not checked"):
        assert word in text
    assert text == str(by_label) and len(repr(by_label)) < 100


@pytest.mark.parametrize(("n_known", "n"), [(200, 600), (1000, 1000)])
def test_score_intervals_cover(n_known, n):
    """Fixed models on fresh rows: the score's expectation is known."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(700):
        noise, x = rng.normal(size=n), rng.normal(size=n)
        weak, student = 0.3 * x + noise, 0.3 * x  # truth 0: weak error 1.09, misfit 1
        known = np.where(np.arange(n) < n_known, 0.0, np.nan)
        found = rank_weak_models([weak, weak], [student, student], known, n_resamples=1)
        covered.append(found.score[0].low <= 0.09 <= found.score[0].high)
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_weak": [np.zeros(3)]}, "y_weak and y_student must hold predictions of the same two"),
        ({"y_weak": None}, "y_weak must be a mapping or a sequence of predictions; found None"),
        ({"y_student": 3}, "y_student must be a mapping or a sequence of predictions; found 3"),
        ({"y_weak": {"a": np.zeros(3)}}, "y_weak and y_student must both be mappings"),
        ({"y_true": [np.nan] * 3}, "y_true must be known in at least two rows"),
        ({"y_true": [1.0, np.nan, np.nan]}, "y_true must be known in at least two"),
        ({"y_weak": [np.zeros(3), np.zeros(4)]}, "y_student must have the shape of y_weak"),
        ({"y_weak": [np.zeros(3), [0, 0, np.nan]]}, "y_weak must be finite"),
        ({"n_resamples": 0}, "n_resamples must be an integer of at least 1; found 0"),
        ({"confidence_level": 2}, "confidence_level must"),
        ({"divergence": KL}, r"divergence must be None or .* as KL\(\); found <class"),
        ({"divergence": "kl"}, "divergence must be None or a divergence .* found 'kl'"),
    ],
)
def test_bad_input_is_one_sentence(change, message):
    given = {"y_weak": [np.zeros(3)] * 2, "y_student": [np.ones(3)] * 2, "y_true": np.ones(3)}
    with pytest.raises(ValueError, match=message):
        rank_weak_models(**{**given, **change})


def test_names_that_differ_rows_that_differ_and_infinite_errors_are_refused():
    zero = np.zeros(3)
    with pytest.raises(ValueError, match="must have the same names"):
        rank_weak_models({"a": zero, "b": zero}, {"a": zero, "c": zero}, zero)
    p = np.array([[0.0, 1.0], [0.5, 0.5]])
    q = np.full((2, 2), 0.5)
    with pytest.raises(
        ValueError, match="KL of y_true from weak model 1 must be finite; found infinity in row 0"
    ):
        rank_weak_models([q, p], [q, q], [0, 1])
