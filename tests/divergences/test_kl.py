"""Mean KL: weights, types, memory, and input that is refused."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from scipy.special import rel_entr, softmax

from w2s_stats.divergences import kl_divergence


def rows(seed, n=50, k=4, alpha=0.5):
    return np.random.default_rng(seed).dirichlet(np.full(k, alpha), size=n)


def test_first_argument_first():
    p, q = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    assert kl_divergence(p, q) == pytest.approx(np.log(2), rel=1e-15)
    assert kl_divergence(q, p) == np.inf


@pytest.mark.parametrize("k", [2, 3, 100, 1023, 1024, 1025, 5000])
def test_agrees_with_scipy(k):
    for alpha in (0.05, 1.0):
        p, q = rows(0, k=k, alpha=alpha), rows(1, k=k, alpha=1.0)
        p[np.random.default_rng(2).random(p.shape) < 0.2] = 0.0
        p[:, 0] += 1e-3
        p /= p.sum(axis=1, keepdims=True)
        expected = rel_entr(p, q).sum(axis=1)
        np.testing.assert_allclose(kl_divergence(p, q, per_sample=True), expected, rtol=1e-10)
        assert kl_divergence(p, q) == pytest.approx(expected.mean(), rel=1e-10)


def test_near_zero_from_probabilities():
    # sum p log(p/q) as it is written is all rounding here; the rows are exact in 60 digits.
    p = rows(3, n=20)
    q = p * (1 + 1e-9 * np.random.default_rng(4).normal(size=p.shape))
    own = kl_divergence(p, q, per_sample=True)
    with mpmath.workdps(60):
        for value, a, b in zip(own, p, q, strict=True):
            a, b = ([mpmath.mpf(float(x)) for x in row] for row in (a, b))
            A, B = mpmath.fsum(a), mpmath.fsum(b)
            exact = mpmath.fsum(
                x / A * mpmath.log(x * B / (y * A)) for x, y in zip(a, b, strict=True)
            )
            assert value == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize("k", [2, 3, 4, 7, 16, 17, 100, 256, 257, 600])
@pytest.mark.parametrize("distance", [1e-6, 1e-3, 0.1, 1.0])
def test_float32_rows_are_within_three_millionths(k, distance):
    # Against float64 on the same rounded numbers: near zero, with zeros, in blocks of any size.
    rng = np.random.default_rng(k)
    for n in (1, 5, 16, 17, 300):
        p = rng.dirichlet(np.ones(k), size=n) + 1e-4
        q = p * np.exp(distance * rng.normal(size=p.shape))
        p[rng.random(p.shape) < 0.1 * rng.integers(2)] = 0.0
        p[:, 0] += 1e-3
        p, q = ((a / a.sum(axis=1, keepdims=True)).astype(np.float32) for a in (p, q))
        own = kl_divergence(p, q, per_sample=True)
        exact = kl_divergence(p.astype(float), q.astype(float), per_sample=True)
        np.testing.assert_allclose(own, exact, rtol=3e-6, atol=1e-20)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 5, 100, 300])
def test_no_row_depends_on_what_others_hold(k, dtype):
    rng = np.random.default_rng(18)
    p, q = (rng.dirichlet(np.ones(k), size=64).astype(dtype) for _ in range(2))
    expected = kl_divergence(p, q, per_sample=True)
    p[7], q[40, 1:] = 0.0, 0.0
    p[7, 1], q[40, 0] = 1.0, 1.0
    own = kl_divergence(p, q, per_sample=True)
    others = np.delete(np.arange(64), [7, 40])
    np.testing.assert_array_equal(own[others], expected[others])
    assert own[7] == pytest.approx(-np.log(q[7, 1]), rel=1e-6)
    assert own[40] == np.inf


def test_types_that_differ_have_each_its_own_tolerance():
    off = np.array([[0.5, 0.50005]])
    assert kl_divergence(off.astype(np.float32), [[0.5, 0.5]]) >= 0
    with pytest.raises(ValueError, match="rows of q must sum to 1 within 1e-06; found a sum of"):
        kl_divergence(np.float32([[0.5, 0.5]]), off)


def test_a_sum_at_the_tolerance_is_taken():
    p = np.full((40, 8), (1 + 1e-4) / 8, dtype=np.float32)
    for step in range(-40, 40):
        q = p + np.float32(2e-9) * step
        try:
            value = kl_divergence(q, p)
        except ValueError as error:
            assert "sum to 1" in str(error)
        else:
            assert value >= 0


def test_rounded_rows_are_divided_by_their_sums():
    p, q = rows(5), rows(6)
    off = np.random.default_rng(7).uniform(-9e-7, 9e-7, size=(2, 50, 1))
    np.testing.assert_allclose(
        kl_divergence(p * (1 + off[0]), q * (1 + off[1]), per_sample=True),
        kl_divergence(p, q, per_sample=True),
        rtol=1e-9,
    )
    assert kl_divergence(p * (1 + off[0]), p) >= 0


def test_float32():
    z = 4 * np.random.default_rng(8).normal(size=(2, 300, 1000))
    p, q = softmax(z, axis=2)
    expected = kl_divergence(p, q)
    p32, q32 = p.astype(np.float32), q.astype(np.float32)
    assert kl_divergence(p32, q32) == pytest.approx(expected, rel=1e-6)
    assert kl_divergence(p32, q) == pytest.approx(expected, rel=1e-6)
    logits = [a.astype(np.float32) for a in z]
    assert kl_divergence(*logits, from_logits=True) == pytest.approx(expected, rel=1e-6)


def test_weights():
    p, q = rows(9), rows(10)
    values = kl_divergence(p, q, per_sample=True)
    weight = np.random.default_rng(11).integers(0, 4, size=50)
    expected = np.repeat(values, weight).mean()
    assert kl_divergence(p, q, sample_weight=weight) == pytest.approx(expected, rel=1e-13)
    assert kl_divergence(p, q, sample_weight=7.0 * weight) == pytest.approx(expected, rel=1e-13)


def test_a_row_of_weight_zero_does_not_count_even_if_infinite():
    p, q = [[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.5, 0.5]]
    assert kl_divergence(p, q) == np.inf
    assert kl_divergence(p, q, sample_weight=[0, 2]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("from_logits", [False, True])
def test_memory_order_and_views(from_logits):
    p, q = rows(12, n=400), rows(13, n=400)
    p, q = (np.log(p), np.log(q)) if from_logits else (p, q)
    expected = kl_divergence(p, q, from_logits=from_logits, per_sample=True)
    for order in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2], lambda a: a.tolist()):
        np.testing.assert_array_equal(
            kl_divergence(order(p), order(q), from_logits=from_logits, per_sample=True), expected
        )
    p.flags.writeable = False
    assert kl_divergence(p, q, from_logits=from_logits) == pytest.approx(expected.mean(), rel=1e-14)


@pytest.mark.parametrize("from_logits", [False, True])
def test_input_is_left_alone(from_logits):
    p, q = rows(14), rows(15)
    before = p.copy(), q.copy()
    kl_divergence(p, q, from_logits=from_logits)
    np.testing.assert_array_equal(p, before[0])
    np.testing.assert_array_equal(q, before[1])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_no_second_array_of_that_size(order, from_logits):
    rng = np.random.default_rng(16)
    z, u = (np.asarray(rng.normal(size=(4000, 500)), order=order) for _ in range(2))
    p, q = (z, u) if from_logits else (softmax(z, axis=1), softmax(u, axis=1))
    p, q = np.asarray(p, order=order), np.asarray(q, order=order)
    kl_divergence(p[:2], q[:2], from_logits=from_logits)
    tracemalloc.start()
    kl_divergence(p, q, from_logits=from_logits)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Chunks of rows only: p alone has 16 million bytes.
    assert peak < 0.5 * p.nbytes


def test_a_quarter_of_a_million_classes():
    rng = np.random.default_rng(17)
    z = rng.normal(size=(3, 250_000)).astype(np.float32) * 3
    u = (z + 0.3 * rng.normal(size=z.shape)).astype(np.float32)
    kl_divergence(z[:1], u[:1], from_logits=True)  # compiled before memory is measured
    tracemalloc.start()
    own = kl_divergence(z, u, from_logits=True, per_sample=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.05 * z.nbytes
    p, q = softmax(z.astype(float), axis=1), softmax(u.astype(float), axis=1)
    np.testing.assert_allclose(own, rel_entr(p, q).sum(axis=1), rtol=1e-10)


BAD = [
    ([[0.5, 0.4]], r"rows of p must sum to 1 within 1e-06; found a sum of 0.9 in row 0"),
    (np.float32([[0.5, 0.499]]), r"rows of p must sum to 1 within 0.0001; found a sum of 0.99"),
    ([[0.5, 0.5], [1.1, -0.1]], r"p must hold probabilities, none negative; found -0.1 in row 1"),
    ([[0.5, 0.5], [np.nan, 0.5]], r"p must be finite; found NaN or infinity in row 1"),
    ([[np.inf, 0.5]], r"p must be finite; found NaN or infinity in row 0"),
    ([[np.inf, -np.inf]], r"p must be finite; found NaN or infinity in row 0"),
    ([[1.0], [1.0]], r"p must have a column for each of two or more classes; found one"),
    ([0.5, 0.5], r"p must have two dimensions.*found shape \(2,\)"),
    (0.5, r"p must have two dimensions.*found shape \(\)"),
    (np.empty((0, 3)), r"p must not be empty; found shape \(0, 3\)"),
    ([["a", "b"]], r"p must hold real numbers; found .a. in row 0: classes are numbered 0, 1"),
    ([[0.5, 0.5], [1.0]], r"p must be an array; found rows of different lengths"),
    ([[1j, 0.5]], r"p must hold real numbers; found an array of complex128"),
    (np.array([["a", None]], dtype=object), r"p must hold real numbers; found .a. in row 0"),
]


@pytest.mark.parametrize(("bad", "message"), BAD)
def test_bad_probabilities(bad, message):
    good = np.full((2 if "row 1" in message else 1, 2), 0.5)
    with pytest.raises(ValueError, match=message):
        kl_divergence(bad, good)
    in_q = message.replace("p must", "q must").replace("of p", "of q")
    with pytest.raises(ValueError, match=in_q):
        kl_divergence(good, bad)


BAD_LOGITS = [
    ([0.0, np.nan], r"p must hold logits between -1e300 and 1e300, or -inf; found nan in row 1"),
    ([0.0, np.inf], r"p must hold logits between -1e300 and 1e300, or -inf; found inf in row 1"),
    ([-np.inf, -np.inf], r"p must have a logit above -inf in every row; found none in row 1"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_LOGITS)
def test_bad_logits(bad, message):
    good = np.zeros((3, 2))
    wrong = good.copy()
    wrong[1] = bad
    with pytest.raises(ValueError, match=message):
        kl_divergence(wrong, good, from_logits=True)
    with pytest.raises(ValueError, match=message.replace("p must", "q must")):
        kl_divergence(good, wrong, from_logits=True)


def test_logits_whose_differences_overflow():
    z = [[1.7e308, -1.7e308]]
    with pytest.raises(ValueError, match=r"p must hold logits .*found 1.7e\+308 in row 0"):
        kl_divergence(z, [[-1.7e308, 1.7e308]], from_logits=True)
    assert kl_divergence([[1e300, -1e300]], [[-1e300, 1e300]], from_logits=True) == 2e300


@pytest.mark.parametrize("from_logits", [False, True])
def test_shapes_that_differ(from_logits):
    with pytest.raises(ValueError, match=r"p and q must have the same shape; found \(50, 4\) and"):
        kl_divergence(rows(0), rows(0, n=49), from_logits=from_logits)
    with pytest.raises(ValueError, match=r"same shape; found \(50, 4\) and \(50, 3\)"):
        kl_divergence(rows(0), rows(0, k=3), from_logits=from_logits)


def test_weights_that_are_refused():
    p = rows(0)
    with pytest.raises(ValueError, match="sample_weight must be None with per_sample=True"):
        kl_divergence(p, p, sample_weight=np.ones(50), per_sample=True)
    with pytest.raises(ValueError, match=r"sample_weight must be zero or positive"):
        kl_divergence(p, p, sample_weight=-np.ones(50))
    with pytest.raises(ValueError, match="sample_weight must have a positive entry"):
        kl_divergence(p, p, sample_weight=np.zeros(50))
    with pytest.raises(ValueError, match="sample_weight"):
        kl_divergence(p, p, sample_weight=np.ones(49))


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_is_that_of_the_rows_in_many_pieces(dtype, from_logits):
    rng = np.random.default_rng(19)
    p, q = rng.dirichlet(np.ones(3), size=(2, 150_000)).astype(dtype)
    q[7] = (1.0, 0.0, 0.0)  # infinite, and of weight zero
    if from_logits:
        with np.errstate(divide="ignore"):
            p, q = np.log(p), np.log(q)
    weight = rng.uniform(0.5, 2.0, size=len(p))
    weight[7] = 0.0
    rows = kl_divergence(p, q, from_logits=from_logits, per_sample=True)
    own = kl_divergence(p, q, from_logits=from_logits, sample_weight=weight)
    used = weight > 0
    assert own == pytest.approx(np.average(rows[used], weights=weight[used]), rel=1e-12)
    own = kl_divergence(p[used], q[used], from_logits=from_logits)
    assert own == pytest.approx(rows[used].mean(), rel=1e-12)


def test_a_mean_keeps_no_rows():
    p, q = np.random.default_rng(20).dirichlet(np.ones(2), size=(2, 500_000))
    kl_divergence(p, q)
    tracemalloc.start()
    kl_divergence(p, q)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A thread's piece of rows, and what finding a bad row would need: not an array of all rows.
    assert peak < 0.6 * 8 * len(p)
