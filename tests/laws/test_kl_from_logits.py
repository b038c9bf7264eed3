"""KL from logits against 60 digits: near zero, with huge logits, over the kernels' blocks."""

import mpmath
import numpy as np
import pytest
from scipy.special import rel_entr, softmax

from w2s_stats.divergences import kl_divergence


def exact_kl(z, u):
    """The textbook form in 60 digits, of the numbers as they are stored."""
    with mpmath.workdps(60):
        z, u = ([mpmath.mpf(float(x)) for x in row] for row in (z, u))
        lse_z, lse_u = (mpmath.log(mpmath.fsum(map(mpmath.exp, row))) for row in (z, u))
        return float(
            mpmath.fsum(
                mpmath.exp(a - lse_z) * ((a - lse_z) - (b - lse_u))
                for a, b in zip(z, u, strict=True)
                if a != mpmath.mpf("-inf")
            )
        )


def check(z, u, rtol):
    values = kl_divergence(z, u, from_logits=True, per_sample=True)
    expected = np.array([exact_kl(a, b) for a, b in zip(z, u, strict=True)])
    # What 60 digits cannot tell from zero is left out of the comparison.
    np.testing.assert_allclose(values, expected, rtol=rtol, atol=1e-40)


@pytest.mark.parametrize("distance", [1e-12, 1e-9, 1e-6, 1e-3, 0.1, 0.5, 1.0, 10.0])
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_near_zero(distance, scale):
    # The textbook form in floats has 11 % error at distance 1e-6, and nothing but error at 1e-9.
    rng = np.random.default_rng(0)
    for k in (2, 3, 17):
        z = scale * rng.normal(size=(25, k))
        check(z, z + distance * rng.normal(size=z.shape), rtol=1e-11)


@pytest.mark.parametrize("offset", [100.0, -1e4, 1e6])
@pytest.mark.parametrize("distance", [1e-6, 1e-3, 1.0])
def test_a_constant_between_the_logits(offset, distance):
    rng = np.random.default_rng(1)
    z = rng.normal(size=(40, 5))
    check(z, z + offset + distance * rng.normal(size=z.shape), rtol=1e-10)


@pytest.mark.parametrize("offset", [1e5, 1e9, -1e9])
def test_a_constant_between_long_rows(offset):
    # A few rare classes are so far apart that the series for them is the closed form.
    rng = np.random.default_rng(3)
    z = rng.normal(size=(5, 300))
    z[:, 20:30] -= 9.0
    u = z + offset + 1e-4 * rng.normal(size=z.shape)
    u[:, 20:30] += rng.choice([-1.0, 1.0], size=(5, 10))
    check(z, u, rtol=1e-11)


@pytest.mark.parametrize("scale", [100.0, 1e4, 1e8])
def test_huge_logits(scale):
    rng = np.random.default_rng(2)
    for k in (2, 6, 40):
        z, u = scale * rng.normal(size=(2, 20, k))
        check(z, u, rtol=1e-12)
        check(z, z * (1 + 1e-3 * rng.normal(size=z.shape)), rtol=1e-10)


def test_one_class_has_all_the_mass_of_one_model():
    # t is very negative where q is large and p is not: the lse form.
    z, u = np.array([[0.0, -800.0, -1e5]]), np.array([[-1e3, 900.0, 0.0]])
    check(z, u, rtol=1e-14)
    check(u, z, rtol=1e-14)


def test_small_divergence_with_large_ratios():
    # The common classes agree, the rare ones differ by factors that overflow.
    z = np.array([[0.0, 1.0, -60.0, -900.0, -100.0, -3000.0]])
    u = np.array([[0.0, 1.0, -900.0, -60.0, -101.0, -40.0]])
    check(z, u, rtol=1e-12)
    check(u, z, rtol=1e-12)


@pytest.mark.parametrize("k", [1024, 1025, 2500])
@pytest.mark.parametrize("order", ["rising", "falling", "random"])
def test_rows_longer_than_a_block(k, order):
    # The largest logit may come last: sums so far are then relative to another one.
    rng = np.random.default_rng(k)
    z = 30 * np.sort(rng.normal(size=k))
    z = {"rising": z, "falling": z[::-1], "random": rng.permutation(z)}[order]
    far = 30 * rng.normal(size=k)
    near = z + 1e-4 * rng.normal(size=k)
    check(np.stack([z, far, z]), np.stack([far, z, near]), rtol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_scipy_from_probabilities(dtype):
    rng = np.random.default_rng(5)
    for k in (2, 3, 10, 1000, 1030):
        for scale in (0.1, 1.0, 5.0):
            z, u = (scale * rng.normal(size=(2, 100, k))).astype(dtype)
            p, q = softmax(z.astype(float), axis=1), softmax(u.astype(float), axis=1)
            expected = rel_entr(p, q).sum(axis=1)
            own = kl_divergence(z, u, from_logits=True, per_sample=True)
            # Long rows of float32 are float32, but for the small divergences among them.
            single = dtype is np.float32 and k > 256
            rtol = np.where(single & (expected >= 0.1), 1e-6, 1e-10)
            assert (np.abs(own - expected) <= rtol * expected + 1e-12).all()
            from_rows = kl_divergence(p, q, per_sample=True)
            np.testing.assert_allclose(from_rows, expected, rtol=1e-10, atol=1e-12)


def test_minus_infinity_is_a_probability_of_zero():
    inf = np.inf
    z = np.array([[0.0, -inf, 1.0], [0.0, 1.0, 2.0], [-inf, 1.0, 2.0], [-inf, -inf, 2.0]])
    u = np.array([[0.0, 1.0, -2.0], [0.0, -inf, 2.0], [-inf, 1.0, 3.0], [-inf, -inf, -7.0]])
    p, q = softmax(z, axis=1), softmax(u, axis=1)
    expected = rel_entr(p, q).sum(axis=1)
    assert np.isinf(expected).tolist() == [False, True, False, False]
    own = kl_divergence(z, u, from_logits=True, per_sample=True)
    np.testing.assert_allclose(own, expected, rtol=1e-12, atol=1e-15)
    # The same with the infinite ones far from each other, in the first and the last block.
    for k in (1200, 2400):
        a, b = np.full((2, 4, k), -inf)
        a[:, :3], b[:, :3] = z, u
        a[1:, -3:], b[1:, -3:] = z[:-1], u[:-1]
        expected = rel_entr(softmax(a, axis=1), softmax(b, axis=1)).sum(axis=1)
        own = kl_divergence(a, b, from_logits=True, per_sample=True)
        np.testing.assert_allclose(own, expected, rtol=1e-12, atol=1e-15)


def test_infinite_also_where_the_lost_class_is_improbable():
    # exp(-5000) is zero in floats, but the divergence is infinite all the same.
    assert kl_divergence([[0.0, -5000.0]], [[0.0, -np.inf]], from_logits=True) == np.inf


@pytest.mark.parametrize("distance", [1e-6, 1e-4, 1e-2, 1.0, 10.0])
@pytest.mark.parametrize("offset", [0.0, 100.0, -1e4])
def test_long_rows_of_float32(distance, offset):
    rng = np.random.default_rng(6)
    z = (3 * rng.normal(size=(3, 700))).astype(np.float32)
    u = (z + offset + distance * rng.normal(size=z.shape)).astype(np.float32)
    check(z, u, rtol=1e-5 if distance >= 0.1 else 1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [257, 1025, 2500])
def test_long_rows_whose_first_logits_say_little(k, dtype):
    # Sums relative to the first logits overflow; or they all but vanish beside what comes.
    rng = np.random.default_rng(k)
    z, u = rng.normal(size=(2, 4, k)).astype(dtype)
    z[0, -1] += 60
    z[1, -3:], u[1, -2] = 1e4, 2e4
    z[2, :256] -= 1e5
    u[3, :256] -= 1e30 if dtype is np.float32 else 1e200
    check(z, u, rtol=1e-5 if dtype is np.float32 else 1e-11)
