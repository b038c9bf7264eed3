"""How often rows count in the Poisson bootstrap: the exact law, and nothing that depends."""

import numpy as np
import pytest
from scipy.stats import chi2, chisquare, norm, poisson

from w2s_kernels.cpu import resample
from w2s_kernels.cpu.resample import poisson_counts
from w2s_kernels.reference import resample as plain


def bootstrap_means(values, weight, *rest):
    """The kernel, on arrays as callers pass them: for others than read-only it is compiled anew."""
    values.flags.writeable = weight.flags.writeable = False
    return resample.bootstrap_means(values, weight, *rest)


def counts(seed, replicates, n_rows):
    """One row a replicate."""
    found = np.empty((len(replicates), n_rows), dtype=np.uint16)
    for own, replicate in zip(found, replicates, strict=True):
        poisson_counts(seed, int(replicate), own)
    return found


def test_the_limits_add_up_to_the_poisson_law():
    # Whole numbers of the 65,536 values, and five of them shared out by the second draw.
    whole = np.diff(np.concatenate([[0], plain._LIMITS]))
    law = 5.0 * np.diff(np.concatenate([[0.0], plain._LEFT]))
    law[:8] += whole
    assert plain._LIMITS[-1] == 65531
    np.testing.assert_allclose(law / 65536.0, poisson.pmf(np.arange(24), 1.0), rtol=0, atol=1e-15)


def test_the_law_over_a_hundred_million_draws():
    at_least = np.zeros(11)
    for replicate in range(100):
        found = counts(20, [replicate], 1_000_000)
        at_least[:10] += [np.count_nonzero(found >= k) for k in range(10)]
    expected = 1e8 * poisson.pmf(np.arange(10), 1.0)
    expected[9] = 1e8 * poisson.sf(8, 1.0)  # about a hundred rows count nine times or more
    assert chisquare(-np.diff(at_least), expected).pvalue > 1e-3


def pair_pvalue(first, second):
    """Of the table of two counts, independent and Poisson(1); four and more are one class."""
    table = np.bincount(5 * np.minimum(first, 4) + np.minimum(second, 4), minlength=25)
    law = np.append(poisson.pmf(np.arange(4), 1.0), poisson.sf(3, 1.0))
    return chisquare(table, first.size * np.outer(law, law).ravel()).pvalue


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 3])
def test_pairs_of_rows_and_of_replicates(seed):
    found = counts(seed, range(1024), 1024)
    pvalues = [
        pair_pvalue(a.ravel(), b.ravel())
        for lag in (1, 2, 3, 4, 5, 8, 16, 64, 128, 512)
        for a, b in (
            (found[:, lag:], found[:, :-lag]),
            (found[lag:], found[:-lag]),
            (found[lag:, lag:], found[:-lag, :-lag]),
        )
    ]
    other = counts(seed + 1, range(1024), 1024)
    pvalues.append(pair_pvalue(found.ravel(), other.ravel()))
    pvalues.append(pair_pvalue(found[1:].ravel(), other[:-1].ravel()))
    assert min(pvalues) > 1e-4


@pytest.mark.parametrize("what", ["replicates", "rows"])
def test_correlations(what):
    found = counts(5, range(300), 20_000) if what == "replicates" else counts(6, range(20_000), 300)
    table = (found if what == "replicates" else found.T) - 1.0
    pairs = np.tril_indices(300, -1)
    z = (table @ table.T)[pairs] / np.sqrt(table.shape[1])  # variance 1 each
    # The squares add up as those of independent normals would, and none stands out.
    assert 1e-4 < chi2.sf(z @ z, len(z)) < 1.0 - 1e-4
    assert np.abs(z).max() < norm.isf(1e-4 / len(z))
    means = (table.mean(axis=1)) * np.sqrt(table.shape[1])
    assert 1e-4 < chi2.sf(means @ means, 300) < 1.0 - 1e-4


def test_sums_have_the_moments_of_the_law():
    rng = np.random.default_rng(0)
    z = []
    for case in range(1000):
        n = int(rng.integers(50, 2500))
        term = rng.normal(size=n) * rng.lognormal(size=n)
        found = counts(case, rng.integers(2**40, size=20), n)
        z.append((found - 1.0) @ term / np.linalg.norm(term))
    z = np.concatenate(z)
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    # A Poisson sum's fourth moment is 3 + sum t^4/(sum t^2)^2: below 4 on average here.
    assert abs((z**2).mean() - 1.0) < 4 * np.sqrt(3.0 / len(z))


def test_means_are_those_of_the_counts_whatever_the_pieces():
    rng = np.random.default_rng(1)
    for case in range(1000):
        n, m = int(rng.choice([1, 3, 40, 1023, 1024, 1025, 2100])), int(rng.integers(1, 7))
        dtype = rng.choice([np.float32, np.float64])
        values = (rng.normal(size=(n, m)) + rng.choice([0.0, 1e6])).astype(dtype)
        weight = (rng.uniform(0.1, 2, size=n) * (rng.random(n) < 0.9)).astype(dtype)
        weight[0] = 1.0
        first = int(rng.integers(1000))
        out = np.empty((4, m))
        n_empty = bootstrap_means(values, weight, case, first, out)
        c = counts(case, range(first, first + 4), n) * weight.astype(np.float64)
        with np.errstate(invalid="ignore"):
            expected = c @ values.astype(np.float64) / c.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(out, expected, rtol=1e-9)
        assert n_empty == (c.sum(axis=1) == 0).sum()
        again = np.empty((4, m))
        bootstrap_means(values, weight, case, first, again[:1])
        bootstrap_means(values, weight, case, first + 1, again[1:])
        np.testing.assert_array_equal(again, out)


def test_far_from_zero_no_digits_are_lost():
    rng = np.random.default_rng(2)
    near, weight = rng.normal(size=(5000, 1)), np.ones(5000)
    out, far = np.empty((50, 1)), np.empty((50, 1))
    bootstrap_means(near, weight, 0, 0, out)
    bootstrap_means(near + 2.0**40, weight, 0, 0, far)
    # What was rounded are the values themselves.
    np.testing.assert_allclose(far - 2.0**40, out, rtol=0, atol=2.0**-11)


def test_standard_errors():
    rng = np.random.default_rng(3)
    values, weight = rng.standard_t(5, size=(20_000, 3)), rng.uniform(0, 2, size=20_000)
    out = np.empty((4000, 3))
    assert bootstrap_means(values, weight, 9, 0, out) == 0
    mean = weight @ values / weight.sum()
    error = np.sqrt(weight**2 @ (values - mean) ** 2) / weight.sum()
    np.testing.assert_allclose(out.mean(axis=0), mean, atol=5 * error.max() / np.sqrt(4000))
    np.testing.assert_allclose(out.std(axis=0), error, rtol=0.05)
    # Columns are resampled together.
    np.testing.assert_allclose(
        np.corrcoef(out.T), np.corrcoef((weight[:, None] * (values - mean)).T), atol=0.06
    )
