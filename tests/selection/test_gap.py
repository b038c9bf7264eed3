import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from w2s_stats._intervals import normal_mean
from w2s_stats.selection import predicted_gap


def features(rng, n=40, d_weak=4, d_strong=7):
    return rng.normal(size=(n, d_weak)), rng.normal(size=(n, d_strong))


def dense(X, beta):
    K = X @ X.T / len(X)
    return K @ np.linalg.inv(K + beta * np.eye(len(X)))


def test_gap_and_norm_are_those_of_dense_matrices():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(3, 40))
        X_weak, X_strong = features(rng, n, rng.integers(1, 9), rng.integers(1, 9))
        beta_weak, beta_strong = 10.0 ** rng.uniform(-3, 1, size=2)
        y = rng.normal(size=(n, 2))
        M = dense(X_strong, beta_strong) @ (np.eye(n) - dense(X_weak, beta_weak))
        found = predicted_gap(X_weak, X_strong, y, beta_weak=beta_weak, beta_strong=beta_strong)
        assert found.operator_norm == pytest.approx(np.linalg.norm(M, 2), abs=1e-9)
        assert found.gap.estimate == pytest.approx(((M @ y) ** 2).sum() / n, abs=1e-9)
        assert found.limit == pytest.approx(found.operator_norm**2 * (y**2).sum() / n)


def test_the_interval_is_that_of_the_gaps_derivative_in_every_row_s_weight():
    rng = np.random.default_rng(4)
    (X_weak, X_strong), y = features(rng, 30), rng.normal(size=(30, 2))

    def fit(X, y, share, beta):
        moments = X.T * share @ X + beta * np.eye(X.shape[1])
        return X @ np.linalg.solve(moments, X.T * share @ y)

    def gap(share):
        ahead = fit(X_strong, y - fit(X_weak, y, share, 0.1), share, 0.02)
        return share @ (ahead**2).sum(axis=1)

    even, step = np.full(30, 1 / 30), 1e-5
    ends = [[gap(even + side * step * (row - even)) for side in (1, -1)] for row in np.eye(30)]
    slopes = np.array([(up - down) / (2 * step) for up, down in ends])
    found = predicted_gap(X_weak, X_strong, y, beta_weak=0.1, beta_strong=0.02)
    assert found.gap[:3] == pytest.approx(normal_mean(gap(even) + slopes)[:3], rel=1e-6)


def test_gap_is_that_of_fitted_ridge_regressions():
    rng = np.random.default_rng(1)
    X_weak, X_strong = features(rng, 60)
    y = rng.normal(size=60)
    weak = KernelRidge(alpha=60 * 0.1).fit(X_weak, y).predict(X_weak)
    student = KernelRidge(alpha=60 * 0.02).fit(X_strong, weak).predict(X_strong)
    ceiling = KernelRidge(alpha=60 * 0.02).fit(X_strong, y).predict(X_strong)
    found = predicted_gap(X_weak, X_strong, y, beta_weak=0.1, beta_strong=0.02)
    assert found.gap.estimate == pytest.approx(np.mean((student - ceiling) ** 2), abs=1e-10)


def test_the_limit_is_attained_by_the_worst_labels_and_never_passed():
    rng = np.random.default_rng(2)
    for _ in range(1000):
        n = int(rng.integers(2, 25))
        X_weak, X_strong = features(rng, n, rng.integers(1, 5), rng.integers(1, 5))
        y = rng.choice([-1.0, 1.0], size=n)
        found = predicted_gap(X_weak, X_strong, y)
        free = predicted_gap(X_weak, X_strong)
        assert found.gap.estimate <= found.limit + 1e-12
        assert free.limit == pytest.approx(found.limit) and np.isnan(free.gap.estimate)
    M = dense(X_strong, 1e-3) @ (np.eye(n) - dense(X_weak, 1e-3))
    worst = np.linalg.svd(M)[2][0] * np.sqrt(n)
    assert predicted_gap(X_weak, X_strong, worst).gap.estimate == pytest.approx(free.limit)


def test_float32_is_accepted():
    rng = np.random.default_rng(3)
    X_weak, X_strong = features(rng)
    y = rng.normal(size=40)
    one = predicted_gap(X_weak, X_strong, y)
    two = predicted_gap(*(a.astype(np.float32) for a in (X_weak, X_strong, y)))
    assert two.gap.estimate == pytest.approx(one.gap.estimate, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X_weak": np.zeros(5)}, r"X_weak must have rows and columns; found shape \(5,\)"),
        (
            {"X_strong": np.ones((4, 2))},
            r"X_strong must have 5 rows, and columns; found .*\(4, 2\)",
        ),
        ({"X_weak": np.full((5, 1), np.inf)}, "X_weak must be finite; found NaN or infinity"),
        ({"y": np.ones(4)}, r"y must have 5 rows, and columns; found shape \(4, 1\)"),
        ({"y": np.full(5, np.nan)}, "y must be finite; found NaN or infinity in row 0"),
        ({"beta_weak": 0}, "beta_weak must be a number above 0; found 0"),
        ({"beta_weak": "a"}, "beta_weak must be a number above 0; found 'a'"),
        ({"y": None, "mean_square": "a"}, "mean_square must be a number .* found 'a'"),
        ({"beta_strong": -1}, "beta_strong must be a number above 0; found -1"),
        ({"y": None, "mean_square": -1}, "mean_square must be a number of at least 0; found -1"),
        ({"confidence_level": 1}, "confidence_level must"),
    ],
)
def test_bad_input_is_one_sentence(change, message):
    given = {"X_weak": np.ones((5, 1)), "X_strong": np.ones((5, 2)), "y": np.ones(5)}
    with pytest.raises(ValueError, match=message):
        predicted_gap(**{**given, **change})
