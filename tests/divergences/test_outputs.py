"""Squared distance, and KL of outputs as distributions over the sample."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from scipy.special import rel_entr, softmax

from w2s_stats.divergences import output_kl_divergence, squared_distance


def positive(seed, n=60):
    return np.random.default_rng(seed).lognormal(size=n)


def test_sum_agrees_with_scipy():
    f, g = positive(0), positive(1)
    expected = rel_entr(f / f.sum(), g / g.sum()).sum()
    assert output_kl_divergence(f, g) == pytest.approx(expected, rel=1e-12)
    # A column, float32 or another unit is the same.
    assert output_kl_divergence(f[:, None], 3.0 * g[:, None]) == pytest.approx(expected, rel=1e-12)
    rounded = output_kl_divergence(f.astype(np.float32), g.astype(np.float32))
    assert rounded == pytest.approx(expected, rel=1e-6)


def test_softmax_agrees_with_scipy():
    f, g = np.random.default_rng(2).normal(scale=3.0, size=(2, 3000))
    expected = rel_entr(softmax(f), softmax(g)).sum()
    assert output_kl_divergence(f, g, normalize="softmax") == pytest.approx(expected, rel=1e-10)
    assert output_kl_divergence(f + 5, g, normalize="softmax") == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("normalize", ["sum", "softmax"])
def test_what_the_normalisation_does_not_see(normalize):
    f = positive(3)
    same = 2 * f if normalize == "sum" else f - 7
    assert output_kl_divergence(f, same, normalize=normalize) == pytest.approx(0, abs=1e-28)
    assert output_kl_divergence(f, f, normalize=normalize) == 0
    assert output_kl_divergence([3.0], [5.0], normalize=normalize) == 0


def test_outputs_whose_sum_overflows():
    assert output_kl_divergence([1e300, 1e300], [1.0, 1.0]) == pytest.approx(0, abs=1e-30)


def test_softmax_takes_outputs_of_any_sign():
    with pytest.raises(
        ValueError, match=r"f must be positive for normalize='sum'; found -1 in row 1"
    ):
        output_kl_divergence([1.0, -1.0], [1.0, 1.0])
    with pytest.raises(
        ValueError, match=r"g must be positive for normalize='sum'; found 0 in row 0"
    ):
        output_kl_divergence([1.0, 1.0], [0.0, 1.0])
    assert output_kl_divergence([1.0, -1.0], [0.0, 0.0], normalize="softmax") > 0


@pytest.mark.parametrize("normalize", ["sum", "softmax"])
def test_bad_outputs(normalize):
    def distance(f, g):
        return output_kl_divergence(f, g, normalize=normalize)

    with pytest.raises(ValueError, match="f and g must have the same shape"):
        distance([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="f must not be empty"):
        distance([], [])
    with pytest.raises(ValueError, match=r"g must have one output a row; found shape \(1, 2\)"):
        distance([1.0], [[1.0, 2.0]])
    for bad in (np.nan, np.inf, 1e308):
        with pytest.raises(
            ValueError, match=r"g must lie between -1e300 and 1e300; found .* in row 1"
        ):
            distance([1.0, 1.0], [1.0, bad])


@pytest.mark.parametrize("normalize", ["sum", "softmax"])
def test_a_weight_is_that_many_rows(normalize):
    f, g = positive(5), 7.0 * positive(6)
    weight = np.random.default_rng(7).integers(0, 4, size=60)
    expected = output_kl_divergence(np.repeat(f, weight), np.repeat(g, weight), normalize=normalize)
    for w in (weight, 0.3 * weight, weight.tolist()):
        own = output_kl_divergence(f, g, normalize=normalize, sample_weight=w)
        assert own == pytest.approx(expected, rel=1e-12)
    ones = output_kl_divergence(f, g, normalize=normalize, sample_weight=np.ones(60))
    assert ones == pytest.approx(output_kl_divergence(f, g, normalize=normalize), rel=1e-14)
    for wrong in (-np.ones(60), np.zeros(60), np.ones(59)):
        with pytest.raises(ValueError, match="sample_weight"):
            output_kl_divergence(f, g, normalize=normalize, sample_weight=wrong)


@pytest.mark.parametrize("normalize", ["sum", "softmax"])
@pytest.mark.parametrize("stranger", [0.0, -1.0, 1e300, 1e308, np.nan])
def test_a_row_of_weight_zero_is_not_there(normalize, stranger):
    options = {"normalize": normalize}
    expected = output_kl_divergence([1.0, 2.0], [1.0, 1.0], **options)
    for f, g in (([stranger, 1.0, 2.0], [1.0] * 3), ([0.5, 1.0, 2.0], [stranger, 1.0, 1.0])):
        found = output_kl_divergence(f, g, sample_weight=[0, 1, 1], **options)
        assert found == pytest.approx(expected, rel=1e-14)
    # What is wrong in a row that counts is said of the row that was given.
    with pytest.raises(ValueError, match=r"g must .* found nan in row 2"):
        output_kl_divergence([1.0] * 3, [stranger, 1.0, np.nan], sample_weight=[0, 1, 1], **options)


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e40, 1e-200])
@pytest.mark.parametrize("distance", [1e-9, 1e-4, 1.0])
def test_near_zero_in_any_unit(unit, distance):
    rng = np.random.default_rng(8)
    f = positive(8)
    g = unit * f * np.exp(distance * rng.normal(size=60))
    with mpmath.workdps(60):
        p, q = ([mpmath.mpf(float(x)) for x in a] for a in (f, g))
        p, q = ([x / mpmath.fsum(a) for x in a] for a in (p, q))
        exact = float(mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(p, q, strict=True)))
    assert output_kl_divergence(f, g) == pytest.approx(
        exact, rel=1e-6 if distance < 1e-8 else 1e-10
    )


def test_no_copy_of_the_outputs():
    f, g = np.random.default_rng(9).lognormal(size=(2, 400_000))
    output_kl_divergence(f, g)
    tracemalloc.start()
    output_kl_divergence(f, g)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.05 * f.nbytes


def test_unknown_normalisation():
    with pytest.raises(ValueError, match="normalize must be one of sum, softmax; found 'max'"):
        output_kl_divergence([1.0], [1.0], normalize="max")


def test_squared_distance():
    f, g = np.random.default_rng(4).normal(size=(2, 100, 3))
    assert squared_distance(f, g) == pytest.approx(((f - g) ** 2).sum(axis=1).mean(), rel=1e-14)
    weight = np.arange(100)
    expected = np.average(((f - g) ** 2)[:, 0], weights=weight)
    own = squared_distance(f[:, 0], g[:, 0], sample_weight=weight)
    assert own == pytest.approx(expected, rel=1e-14)


def test_squared_distance_of_float32_adds_in_float64():
    f = np.full(10**6, 1.1, dtype=np.float32)
    g = np.zeros(10**6, dtype=np.float32)
    assert squared_distance(f, g) == pytest.approx(float(np.float32(1.1)) ** 2, rel=1e-13)


def test_bad_squared_distance():
    with pytest.raises(
        ValueError, match=r"f and g must have the same shape; found \(2,\) and \(1,\)"
    ):
        squared_distance([1.0, 2.0], [1.0])
    with pytest.raises(
        ValueError, match=r"g must lie in \(-inf, inf\) for Squared; found nan in row 1"
    ):
        squared_distance([1.0, 2.0], [1.0, np.nan])
    with pytest.raises(
        ValueError, match=r"f must have one or two dimensions; found shape \(1, 1, 1\)"
    ):
        squared_distance([[[1.0]]], [[[1.0]]])


@pytest.mark.parametrize("unit", [1.0, 1e-18, 1e-36, 4e-38])
def test_small_float32_outputs_keep_their_digits(unit):
    rng = np.random.default_rng(11)
    f = (unit * rng.uniform(1.0, 3.0, size=5_000)).astype(np.float32)
    g = (f * (1.0 + 1e-3 * rng.normal(size=f.size))).astype(np.float32)
    exact = output_kl_divergence(f.astype(float), g.astype(float))
    assert output_kl_divergence(f, g) == pytest.approx(exact, rel=3e-6)
    assert output_kl_divergence(f, g, sample_weight=np.ones(f.size)) == pytest.approx(exact)
