"""Errors over bins: against loops, against published code, and unbiased by enumeration."""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.stats import foldnorm

from w2s_stats.calibration import expected_calibration_error, marginal_calibration_error
from w2s_stats.calibration._binned import debiased_square
from w2s_stats.calibration._cells import bin_of, cells_of
from w2s_stats.calibration._forecast import Margin

STRATEGIES = ("uniform", "quantile")


def draw(rng, n, k=None):
    """Labels and forecasts that are off, with ties and probabilities of exactly 0 and 1."""
    if k is None:
        f = np.round(rng.random(n), rng.integers(1, 5))
        return rng.integers(0, 2, n), f
    proba = rng.dirichlet(np.full(k, 0.7), size=n)
    proba[: n // 10] = np.eye(k)[rng.integers(0, k, n // 10)]
    return rng.integers(0, k, n), proba


def rows_of_bins(f, n_bins, strategy):
    """Rows of each bin, found row by row."""
    if strategy == "uniform":
        ends = [b / n_bins for b in range(1, n_bins + 1)]
    else:
        chunks = np.array_split(np.sort(f), min(n_bins, len(f)))
        ends = [(a[-1] + b[0]) / 2 for a, b in pairwise(chunks)] + [1.0]
    taken = np.zeros(len(f), dtype=bool)
    for end in sorted(ends):
        rows = (f <= end) & ~taken
        taken |= rows
        if rows.any():
            yield rows
    assert taken.all()


def by_hand(y, f, n_bins, strategy, norm, debias):
    """One event's sum, as the papers print it."""
    total = 0.0
    for rows in rows_of_bins(f, n_bins, strategy):
        m, share = rows.sum(), rows.mean()
        gap = y[rows].mean() - f[rows].mean()
        spread = y[rows] if debias == "labels" else y[rows] - f[rows]
        if norm == "l1" and not debias:
            total += share * abs(gap)
        elif norm == "l1":
            sd = spread.std() / np.sqrt(m)
            noisy = foldnorm.mean(abs(gap) / sd, scale=sd) if sd > 1e-12 else abs(gap)
            total += share * (2 * abs(gap) - noisy)
        elif not debias:
            total += share * gap**2
        elif m > 1:
            total += share * (gap**2 - spread.var(ddof=1) / m)
    return max(total, 0.0) if debias == "labels" and norm == "l2" else total


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("debias", [False, "labels", "residuals"])
def test_formula(strategy, norm, debias):
    rng = np.random.default_rng(0)
    for _ in range(20):
        n, n_bins = int(rng.integers(1, 300)), int(rng.integers(1, 20))
        y, f = draw(rng, n)
        options = {"n_bins": n_bins, "strategy": strategy, "norm": norm, "debias": debias}
        one = by_hand(y, f, n_bins, strategy, norm, debias)
        root = (lambda x: max(x, 0.0)) if norm == "l1" else (lambda x: np.sqrt(max(x, 0.0)))
        assert expected_calibration_error(y, f, **options) == pytest.approx(root(one), abs=1e-10)
        found = marginal_calibration_error(y, f, **options)
        assert found == pytest.approx(root(2 * one), abs=1e-10)
        y, proba = draw(rng, n, 3)
        classes = [
            by_hand((y == j) * 1.0, proba[:, j], n_bins, strategy, norm, debias) for j in range(3)
        ]
        found = marginal_calibration_error(y, proba, **options)
        assert found == pytest.approx(root(sum(classes)), abs=1e-10)
        top = by_hand((proba.argmax(1) == y) * 1.0, proba.max(1), n_bins, strategy, norm, debias)
        found = expected_calibration_error(y, proba, **options)
        assert found == pytest.approx(root(top), abs=1e-10)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("debias", [False, True])
def test_uncertainty_calibration(strategy, debias):
    oracle = pytest.importorskip("calibration", reason="uncertainty-calibration is not installed")
    bins = {"uniform": oracle.get_equal_prob_bins, "quantile": oracle.get_equal_bins}[strategy]
    rng = np.random.default_rng(1)
    for _ in range(10):
        options = {"p": 2, "debias": debias, "num_bins": 10, "binning_scheme": bins}
        own = {"n_bins": 10, "strategy": strategy, "norm": "l2", "debias": debias}
        y, f = draw(rng, 400)
        theirs = oracle.lower_bound_scaling_ce(f, y, **options)
        assert expected_calibration_error(y, f, **own) == pytest.approx(theirs, abs=1e-10)
        y, proba = draw(rng, 400, 4)
        theirs = oracle.lower_bound_scaling_ce(proba, y, mode="top-label", **options)
        assert expected_calibration_error(y, proba, **own) == pytest.approx(theirs, abs=1e-10)
        # They average over classes, the theory sums.
        theirs = 2 * oracle.lower_bound_scaling_ce(proba, y, mode="marginal", **options)
        assert marginal_calibration_error(y, proba, **own) == pytest.approx(theirs, abs=1e-10)
        theirs = oracle.get_ece(proba, y, num_bins=10)
        assert expected_calibration_error(y, proba, n_bins=10) == pytest.approx(theirs, abs=1e-10)


def test_debiased_l1_error_is_its_integral():
    """Twice the error less E|gap + normal noise|, by quadrature in 30 digits."""
    mpmath = pytest.importorskip("mpmath")
    rng = np.random.default_rng(2)
    f = rng.random(60)
    y = (rng.random(60) < f**3).astype(int)
    bins = np.ceil(5 * f).astype(int)
    with mpmath.workdps(30):
        total = mpmath.mpf(0)
        for b in np.unique(bins):
            labels, own = [int(v) for v in y[bins == b]], [mpmath.mpf(v) for v in f[bins == b]]
            n, rate = len(labels), mpmath.mpf(sum(labels)) / len(labels)
            gap, sd = rate - mpmath.fsum(own) / n, mpmath.sqrt(rate * (1 - rate) / n)
            noisy = mpmath.quad(
                lambda z, gap=gap, sd=sd: abs(gap + sd * z) * mpmath.npdf(z),
                sorted([-40, -gap / sd, 0, 40]) if sd else [-40, 0, 40],
            )
            total += n * (2 * abs(gap) - noisy) / len(f)
    found = expected_calibration_error(y, f, n_bins=5, debias=True)
    assert found == pytest.approx(float(total), abs=1e-13) and found > 0.05


def test_uncertainty_calibration_resampled_l1():
    """It draws the noise whose mean is exact here: they differ by its Monte Carlo error alone."""
    oracle = pytest.importorskip("calibration", reason="uncertainty-calibration is not installed")
    rng = np.random.default_rng(2)
    f = rng.random(500)
    y = (rng.random(500) < f**1.3).astype(int)
    binned = oracle.utils.bin(list(zip(f, y, strict=True)), oracle.get_equal_prob_bins(f, 10))
    np.random.seed(0)  # noqa: NPY002 (it draws from the global generator)
    theirs = oracle.utils.normal_debiased_ce(binned, power=1, resamples=20_000)
    ours = expected_calibration_error(y, f, n_bins=10, debias=True)
    rate, size = np.transpose([(np.mean(rows, axis=0)[1], len(rows)) for rows in binned])
    noise = np.sqrt((size * rate * (1 - rate)).sum()) / len(f)  # at least that of absolute gaps
    assert ours == pytest.approx(theirs, abs=4 * noise / np.sqrt(20_000))
    assert ours < expected_calibration_error(y, f, n_bins=10)


def test_squared_error_is_unbiased_by_enumeration():
    # Three independent rows of (f, y), four outcomes each: every sample, with its probability.
    atoms = [(0.1, 0.0, 0.3), (0.1, 1.0, 0.2), (0.4, 0.0, 0.1), (0.4, 1.0, 0.4)]
    mean = sum(p * (y - f) for f, y, p in atoms)
    plain = unbiased = by_labels = 0.0
    for sample in product(atoms, repeat=3):
        f, y, p = map(np.array, zip(*sample, strict=True))
        cells = cells_of(Margin(y, f), np.zeros(3, dtype=int))
        plain += p.prod() * cells.gap[0] ** 2
        unbiased += p.prod() * debiased_square(cells, cells.residual_variance)
        by_labels += p.prod() * debiased_square(cells, cells.label_variance)
    assert unbiased == pytest.approx(mean**2, abs=1e-14)
    assert plain > mean**2 + 0.05
    # The variance of y is not that of y - f where f varies inside a bin.
    assert abs(by_labels - mean**2) > 0.005


def test_ends_of_bins():
    f = np.array([0.0, 0.1, 0.3, np.nextafter(0.3, 1), 0.7, 1.0])
    assert bin_of(f, 10, "uniform").tolist() == [0, 0, 2, 3, 6, 9]
    assert expected_calibration_error([0, 1], [0.0, 1.0]) == 0.0
    assert expected_calibration_error([1, 0], [0.0, 1.0]) == 1.0
    assert marginal_calibration_error([1, 0], [0.0, 1.0]) == 2.0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_ties_stay_together(strategy):
    f = np.repeat([0.2, 0.5, 0.9], [50, 3, 10])
    member = bin_of(f, 7, strategy)
    assert all(len(set(member[f == value])) == 1 for value in (0.2, 0.5, 0.9))
    same = np.full(20, 0.4)
    y = np.arange(20) % 2
    assert expected_calibration_error(y, same, strategy=strategy) == pytest.approx(0.1)


def test_more_bins_than_rows():
    y, f = [0, 1, 1], [0.2, 0.6, 0.7]
    for strategy in STRATEGIES:
        found = expected_calibration_error(y, f, n_bins=100, strategy=strategy)
        assert found == pytest.approx((0.2 + 0.4 + 0.3) / 3)
        # A row that is alone in its bin says nothing of its noise.
        options = {"n_bins": 100, "strategy": strategy, "norm": "l2", "debias": True}
        assert expected_calibration_error(y, f, **options) == 0.0


def test_missing_class_has_frequency_zero():
    proba = np.full((4, 3), [0.5, 0.3, 0.2])
    assert marginal_calibration_error([0, 0, 1, 1], proba) == pytest.approx(0.0 + 0.2 + 0.2)


def test_soft_labels_are_means_of_hard_ones():
    rng = np.random.default_rng(3)
    f = np.repeat(rng.random(5), 40)
    y = rng.integers(0, 2, 200)
    soft = np.repeat(y.reshape(5, 40).mean(axis=1), 40)
    for measure in (expected_calibration_error, marginal_calibration_error):
        assert measure(soft, f) == pytest.approx(measure(y, f))
    proba = rng.dirichlet(np.ones(3), size=200)
    y = rng.integers(0, 3, 200)
    for measure in (expected_calibration_error, marginal_calibration_error):
        assert measure(np.eye(3)[y], proba) == pytest.approx(measure(y, proba), abs=1e-15)
        assert measure(proba, proba) == 0.0


def test_two_columns_are_one_dimension():
    rng = np.random.default_rng(4)
    y, f = draw(rng, 200)
    both = np.column_stack([1 - f, f])
    for norm in ("l1", "l2"):
        one = marginal_calibration_error(y, f, norm=norm)
        assert marginal_calibration_error(y, both, norm=norm) == pytest.approx(one)
    # The top label's error is another one.
    top = np.where(f > 0.5, y, 1 - y)
    found = expected_calibration_error(y, both)
    assert found == pytest.approx(expected_calibration_error(top, np.maximum(f, 1 - f)))


def test_groups_of_the_user():
    y, f = [0, 1, 1, 1], [0.5, 0.5, 0.5, 0.5]
    assert marginal_calibration_error(y, f) == pytest.approx(0.5)
    found = marginal_calibration_error(y, f, groups=["a", "a", "b", "b"])
    assert found == pytest.approx(2 * (0.5 * 0.0 + 0.5 * 0.5))
    with pytest.raises(ValueError, match="groups must have 4 rows; found 3"):
        marginal_calibration_error(y, f, groups=[0, 0, 1])
    with pytest.raises(ValueError, match=r"groups must have one entry a row; found shape \(1, 4\)"):
        marginal_calibration_error(y, f, groups=[[0, 0, 1, 1]])


def test_single_precision():
    rng = np.random.default_rng(5)
    y, proba = draw(rng, 300, 3)
    # Powers of two are exact in single precision, so that no row changes its bin.
    proba = np.round(proba * 256) / 256
    proba[:, 2] = 1 - proba[:, 0] - proba[:, 1]
    proba = np.abs(proba)
    proba /= proba.sum(axis=1, keepdims=True)
    found = marginal_calibration_error(y, proba.astype(np.float32), n_bins=3)
    assert found == pytest.approx(marginal_calibration_error(y, proba, n_bins=3), abs=1e-5)
