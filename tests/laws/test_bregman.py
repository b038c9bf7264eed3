"""What makes a Bregman divergence one, for every member; and what KL has beyond that."""

import numpy as np
import pytest

from w2s_stats.divergences import KL, BinaryKL, GeneralizedKL, ItakuraSaito, Squared, kl_divergence

MEMBERS = [Squared(), KL(), GeneralizedKL(), BinaryKL(), ItakuraSaito()]
N_CASES = 1500


def interior(member, rng, shape):
    """Rows well inside the domain, of both arguments, made from what the member says it is."""
    if isinstance(member, KL):
        # Small concentrations come near the border; a floor keeps sums of logarithms exact.
        return 0.999 * rng.dirichlet(np.full(shape[1], rng.uniform(0.2, 3)), size=shape[0]) + (
            0.001 / shape[1]
        )
    low, high = member.q_range.low, member.q_range.high
    if np.isinf(low):
        return rng.normal(scale=3.0, size=shape)
    if np.isinf(high):
        return low + rng.lognormal(size=shape)
    return low + (high - low) * rng.uniform(1e-3, 1 - 1e-3, size=shape)


def draws(member, count, seed=0):
    """Sets of rows, of 2 to 6 columns, until there are N_CASES of them."""
    rng = np.random.default_rng(seed)
    for columns in range(2, 7):
        yield [interior(member, rng, (N_CASES // 5, columns)) for _ in range(count)]


def dot(a, b):
    return (a * b).sum(axis=1)


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
class TestEveryMember:
    def test_definition(self, member):
        for p, q in draws(member, 2):
            expected = member.potential(p) - member.potential(q) - dot(p - q, member.gradient(q))
            np.testing.assert_allclose(member.pointwise(p, q), expected, rtol=1e-10, atol=1e-10)

    def test_three_points(self, member):
        # D(p, r) = D(p, q) + D(q, r) + <p - q, grad phi(q) - grad phi(r)>
        for p, q, r in draws(member, 3):
            cross = dot(p - q, member.gradient(q) - member.gradient(r))
            both = member.pointwise(p, q) + member.pointwise(q, r) + cross
            np.testing.assert_allclose(member.pointwise(p, r), both, rtol=1e-10, atol=1e-10)

    def test_never_negative_and_zero_at_equality_only(self, member):
        for p, q in draws(member, 2):
            near = p + 1e-9 * (q - p)
            assert (member.pointwise(p, near) > 0).all()
            assert (member.pointwise(p, q) > 0).all()
            np.testing.assert_array_equal(member.pointwise(p, p), 0.0)

    def test_near_equality_it_is_a_quadratic_form(self, member):
        # D(p, p + d) / D(p, p + 2d) -> 1/4: no digit is lost where the two terms cancel.
        for p, q in draws(member, 2):
            once = member.pointwise(p, p + 1e-8 * (q - p))
            twice = member.pointwise(p, p + 2e-8 * (q - p))
            np.testing.assert_allclose(twice / once, 4.0, rtol=1e-3)

    def test_convex_in_the_first_argument(self, member):
        for p, q, r in draws(member, 3):
            t = np.linspace(0, 1, len(p))[:, None]
            mixed = member.pointwise(t * p + (1 - t) * q, r)
            ends = t[:, 0] * member.pointwise(p, r) + (1 - t[:, 0]) * member.pointwise(q, r)
            assert (mixed <= ends + 1e-12 * (1 + ends)).all()

    def test_gradient_is_a_finite_difference(self, member):
        for q, p in draws(member, 2):
            # Along a line inside the domain, so that rows of probabilities stay what they are.
            h = 1e-6
            step = p - q
            slope = (member.potential(q + h * step) - member.potential(q - h * step)) / (2 * h)
            scale = 1 + np.abs(member.gradient(q) * step).sum(axis=1)
            inner = dot(member.gradient(q), step)
            np.testing.assert_allclose(slope / scale, inner / scale, atol=1e-4)

    def test_float32_near_float64(self, member):
        for p, q in draws(member, 2):
            rounded = member.pointwise(p.astype(np.float32), q.astype(np.float32))
            assert rounded.dtype == np.float64
            exact = member.pointwise(p, q)
            np.testing.assert_allclose(rounded, exact, rtol=1e-4, atol=1e-5 * (1 + exact.max()))

    def test_a_row_knows_nothing_of_the_others(self, member):
        for p, q in draws(member, 2):
            whole = member.pointwise(p, q)
            order = np.random.default_rng(1).permutation(len(p))
            np.testing.assert_array_equal(member.pointwise(p[order], q[order]), whole[order])
            for i in range(0, len(p), 37):
                np.testing.assert_array_equal(
                    member.pointwise(p[i : i + 1], q[i : i + 1]), whole[i]
                )

    def test_projection_in_the_first_argument(self, member):
        # Csiszar: D(p, r) >= D(p, q) + D(q, r) for q the projection of r on a segment that ends at
        # p. The minimum along the segment is found by bisection of the slope.
        for p, other, r in draws(member, 3):
            ahead = p - other
            low, high = np.zeros((len(p), 1)), np.ones((len(p), 1))
            for _ in range(80):
                t = (low + high) / 2
                slope = dot(ahead, member.gradient(other + t * ahead) - member.gradient(r))
                rising = slope[:, None] > 0
                low, high = np.where(rising, low, t), np.where(rising, t, high)
            q = other + high * ahead
            both = member.pointwise(p, q) + member.pointwise(q, r)
            assert (both <= member.pointwise(p, r) * (1 + 1e-9) + 1e-9).all()


def stochastic(rng, rows, columns):
    """Matrices that send distributions over `rows` to distributions over `columns`."""
    return rng.dirichlet(np.full(columns, rng.uniform(0.1, 2)), size=rows)


def test_data_processing():
    # No channel tells two distributions better apart than they were.
    rng = np.random.default_rng(3)
    for case in range(N_CASES // 10):
        k, m = rng.integers(2, 9, size=2)
        p, q = rng.dirichlet(np.full(k, 0.4), size=(2, 10))
        channel = stochastic(rng, k, m)
        before, after = (
            kl_divergence(a, b, per_sample=True) for a, b in ((p, q), (p @ channel, q @ channel))
        )
        assert (after <= before * (1 + 1e-12) + 1e-14).all(), case


def test_a_renaming_of_classes_changes_nothing():
    rng = np.random.default_rng(4)
    for k in (2, 5, 1500):
        p, q = rng.dirichlet(np.full(k, 0.4), size=(2, 500))
        order = rng.permutation(k)
        np.testing.assert_allclose(
            kl_divergence(p[:, order], q[:, order], per_sample=True),
            kl_divergence(p, q, per_sample=True),
            rtol=1e-12,
        )
