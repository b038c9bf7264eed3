"""Lengths, alignments and odd values at which rows take another way through a kernel."""

import mpmath
import numpy as np
import pytest

from w2s_kernels import reference
from w2s_kernels.gpu import divergence

# Around the largest tile, the warp a row and the block a row; a prime; a vocabulary or more.
LENGTHS = [1, 2, 3, 7, 8, 10, 16, 31, 33, 63, 64, 65, 127, 1000, 2048, 2049, 5003]
RTOL = {"float64": 1e-12, "float32": 3e-6}


def n_rows(k):
    return max(1, min(300, 20_000 // k))


def probabilities(rng, k, dtype):
    shape = (n_rows(k), k)
    return [rng.dirichlet(np.ones(k), size=shape[0]).astype(dtype) for _ in range(2)]


def kl_rows(on_device, p, q, *, above=(0, 0)):
    there = [on_device.put(a, above=n) for a, n in zip((p, q), above, strict=True)]
    out = [on_device.put(np.full(len(p), -1.0)) for _ in range(3)]
    status = divergence.generalized_kl(*there, *out)
    return int(status), np.array([on_device.get(a) for a in out])


def logit_rows(on_device, z, u, *, above=(0, 0)):
    there = [on_device.put(a, above=n) for a, n in zip((z, u), above, strict=True)]
    out = on_device.put(np.full(len(z), -1.0))
    status = divergence.softmax_kl(*there, out)
    return int(status), on_device.get(out)


def plain(function, *arrays, outputs=1):
    out = np.empty((outputs, len(arrays[0])))
    with np.errstate(all="ignore"):
        status = function(*arrays, *out)
    return status, out if outputs > 1 else out[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("above", [(0, 0), (1, 1), (1, 0)])
@pytest.mark.parametrize("k", LENGTHS)
def test_probabilities_of_any_length(on_device, k, above, dtype):
    p, q = probabilities(np.random.default_rng(k), k, dtype)
    status, found = kl_rows(on_device, p, q, above=above)
    _, expected = plain(reference.divergence.generalized_kl, p, q, outputs=3)
    assert status == 0
    np.testing.assert_allclose(found, expected, rtol=10 * RTOL[dtype], atol=1e-16)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("above", [(0, 0), (1, 1), (1, 0)])
@pytest.mark.parametrize("k", LENGTHS)
def test_logits_of_any_length(on_device, k, above, dtype):
    rng = np.random.default_rng(k)
    z, u = 5 * rng.normal(size=(2, n_rows(k), k))
    z, u, wide = *(rounded(a, dtype)[0] for a in (z, u)), [rounded(a, dtype)[1] for a in (z, u)]
    status, found = logit_rows(on_device, z, u, above=above)
    _, expected = plain(reference.divergence.softmax_kl, *wide)
    assert status == 0
    rtol = RTOL["float64" if dtype == "float64" else "float32"]
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("climb", [7.0, 9.0, 60.0])
@pytest.mark.parametrize("k", [64, 1000, 3000])
def test_logits_that_climb_along_the_row(on_device, k, climb, dtype):
    # What the sums are relative to lags behind the largest logit, and is raised on the way.
    rng = np.random.default_rng(k)
    z = np.linspace(0.0, climb, k) + rng.normal(size=(3, k))
    u = z[:, ::-1] / 2 + rng.normal(size=(3, k))
    z[1, -1], u[1, 0] = 8.0 + climb, 30.0 + climb
    z, u, wide = *(rounded(a, dtype)[0] for a in (z, u)), [rounded(a, dtype)[1] for a in (z, u)]
    _, found = logit_rows(on_device, z, u)
    _, expected = plain(reference.divergence.softmax_kl, *wide)
    np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype == "float64" else 3e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("k", [10, 1000, 3000])
def test_logits_of_two_bytes_near_each_other(on_device, k, dtype):
    rng = np.random.default_rng(k)
    z = 3 * rng.normal(size=(3, k))
    z[:, 0] = -np.inf
    u = z + 5 + 0.02 * rng.normal(size=z.shape)
    z[1, 1], u[1, 1] = -120.0, -1.0  # p is below all numbers of float32, q is not
    z, u, wide = *(rounded(a, dtype)[0] for a in (z, u)), [rounded(a, dtype)[1] for a in (z, u)]
    _, found = logit_rows(on_device, z, u)
    _, expected = plain(reference.divergence.softmax_kl, *wide)
    assert expected.max() < 0.1  # what the second pass is for
    np.testing.assert_allclose(found, expected, rtol=3e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_a_ratio_above_all_numbers_in_a_small_divergence(on_device, dtype):
    # Logits lie 7.9 above what sums are relative to, and one p is e**-91 of its q.
    far = -79.0 if dtype != "float64" else -735.0
    z = np.repeat([0.0, 7.9], [2100, 900])[None]
    z, u = rounded(z, dtype)[1], rounded(z + 0.02 * np.sin(np.arange(3000.0)), dtype)[1]
    z[0, 5], u[0, 5] = far, np.log(0.05 * np.exp(z).sum())
    z, u, wide = *(rounded(a, dtype)[0] for a in (z, u)), [rounded(a, dtype)[1] for a in (z, u)]
    _, found = logit_rows(on_device, z, u)
    _, expected = plain(reference.divergence.softmax_kl, *wide)
    assert 0.04 < expected[0] < 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-9 if dtype == "float64" else 3e-6)


def rounded(array, dtype):
    """In a type, as it goes to the device, and as float64."""
    if dtype != "bfloat16":
        return array.astype(dtype), array.astype(dtype).astype(np.float64)
    bits = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return bits, (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_quarter_of_a_million_classes(on_device, dtype):
    rng = np.random.default_rng(0)
    z, u = (3 * rng.normal(size=(2, 2, 250_000))).astype(dtype)
    p, q = (np.exp(a) / np.exp(a).sum(axis=1, keepdims=True) for a in (z, u))
    _, expected = plain(reference.divergence.softmax_kl, z, u)
    np.testing.assert_allclose(logit_rows(on_device, z, u)[1], expected, rtol=RTOL[dtype])
    _, expected = plain(reference.divergence.generalized_kl, p, q, outputs=3)
    np.testing.assert_allclose(kl_rows(on_device, p, q)[1], expected, rtol=RTOL[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [2, 10, 64, 100, 3000])
@pytest.mark.parametrize("step", [1e-1, 1e-3, 1e-5, 1e-7])
def test_nothing_cancels_near_zero(on_device, k, step, dtype):
    rng = np.random.default_rng(k)
    z = rng.normal(size=(3 if k < 1000 else 1, k)).astype(dtype)
    u = (z + 7 + step * rng.normal(size=z.shape)).astype(dtype)
    p = rng.dirichlet(np.ones(k), size=len(z)).astype(dtype)
    q = (p * (1 + step * rng.normal(size=p.shape))).astype(dtype)
    with mpmath.workdps(40):
        exact = [exact_softmax_kl(a, b) for a, b in zip(z, u, strict=True)]
        excess = [exact_excess(a, b) for a, b in zip(p, q, strict=True)]
    np.testing.assert_allclose(
        logit_rows(on_device, z, u)[1], exact, rtol=2e-6 if dtype == "float32" else 1e-9
    )
    np.testing.assert_allclose(
        kl_rows(on_device, p, q)[1][0], excess, rtol=3e-6 if dtype == "float32" else 1e-12
    )


def exact_softmax_kl(z, u):
    z, u = ([mpmath.mpf(float(v)) for v in a] for a in (z, u))
    totals = [mpmath.log(mpmath.fsum(map(mpmath.exp, a))) for a in (z, u)]
    terms = (
        mpmath.exp(a - totals[0]) * (a - totals[0] - b + totals[1])
        for a, b in zip(z, u, strict=True)
    )
    return float(mpmath.fsum(terms))


def exact_excess(p, q):
    p, q = ([mpmath.mpf(float(v)) for v in a] for a in (p, q))
    return float(mpmath.fsum(a * mpmath.log(a / b) - a + b for a, b in zip(p, q, strict=True)))


ODD_PROBABILITIES = [0.0, 1e-300, 5e-324, 1e-40, -1.0, np.nan, np.inf]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [2, 9, 64, 130, 2500])
def test_odd_probabilities(on_device, k, dtype):
    rng = np.random.default_rng(k)
    p, q = (rng.dirichlet(np.ones(k), size=60) for _ in range(2))
    for row, (a, b) in enumerate([(a, b) for a in ODD_PROBABILITIES for b in ODD_PROBABILITIES]):
        p[row, row % k], q[row, row % k] = a, b
    p, q = p.astype(dtype), q.astype(dtype)
    status, found = kl_rows(on_device, p, q)
    bad, expected = plain(reference.divergence.generalized_kl, p, q, outputs=3)
    assert status == bad > 0
    np.testing.assert_allclose(found[0], expected[0], rtol=3 * RTOL[dtype], atol=1e-300)
    # The sums of a row with NaN may be NaN or not.
    sums = ~np.isnan(expected).any(axis=0)
    tolerance = {"rtol": RTOL[dtype], "atol": RTOL[dtype]}
    np.testing.assert_allclose(found[1:, sums], expected[1:, sums], **tolerance)


ODD_LOGITS = [-np.inf, np.inf, np.nan, 1e4, -1e4, -3e38, 3e38]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [2, 9, 64, 130, 2500])
def test_odd_logits(on_device, k, dtype):
    rng = np.random.default_rng(k)
    z, u = rng.normal(size=(2, 70, k))
    for row, (a, b) in enumerate([(a, b) for a in ODD_LOGITS for b in ODD_LOGITS]):
        z[row, row % k], u[row, row % k] = a, b
    z[60], u[61], z[62], u[62] = -np.inf, -np.inf, -np.inf, -np.inf
    z[63, ::2] = u[63, ::2] = -np.inf
    u[64, 1::2] = -np.inf
    z, u = z.astype(dtype), u.astype(dtype)
    status, found = logit_rows(on_device, z, u)
    bad, expected = plain(reference.divergence.softmax_kl, z, u)
    assert status == bad > 0
    np.testing.assert_allclose(found, expected, rtol=RTOL[dtype], atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_rows_are_at_no_distance(on_device, dtype):
    p = np.random.default_rng(0).dirichlet(np.ones(300), size=20).astype(dtype)
    assert (kl_rows(on_device, p, p)[1][0] == 0).all()
    assert (np.abs(logit_rows(on_device, p, p + dtype_of(dtype)(2))[1]) < 1e-12).all()


def dtype_of(name):
    return np.dtype(name).type


def test_no_rows(on_device):
    nothing = np.empty((0, 5))
    assert kl_rows(on_device, nothing, nothing)[0] == 0
    assert logit_rows(on_device, nothing, nothing)[0] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_weights", [0, 1])
@pytest.mark.parametrize("n", [0, 1, 1000, 2047, 2049, 40_001])
def test_outputs_in_one_launch(on_device, n, n_weights, dtype):
    rng = np.random.default_rng(n)
    f, g = rng.lognormal(size=(2, n)).astype(dtype)
    weight, sums = rng.random(n * n_weights), np.ones(3)
    there = [on_device.put(a) for a in (f, g, weight, sums)]
    assert int(divergence.output_kl(*there[:3], 0.5, 2.0, there[3])) == 0
    reference.divergence.output_kl(f, g, weight, 0.5, 2.0, sums)
    np.testing.assert_allclose(on_device.get(there[3]), sums, rtol=1e-12)


def test_two_types_or_shapes_are_never_read(on_device):
    p, q = (on_device.put(np.full((4, 3), 0.5, dtype=t)) for t in ("float32", "float64"))
    outs = [on_device.put(np.empty(4)) for _ in range(3)]
    for a, b in ((p, q), (q, p), (q, q[:2]), (q, q.T)):
        for kernel, rest in (
            (divergence.generalized_kl, outs),
            (divergence.simplex_kl, (1e-4, outs[0])),
            (divergence.softmax_kl, outs[:1]),
        ):
            with pytest.raises(AssertionError):
                kernel(a, b, *rest)


def test_outputs_of_two_types(on_device):
    f, g = np.random.default_rng(0).lognormal(size=(2, 500))
    f, sums = f.astype(np.float32), np.zeros(3)
    there = [on_device.put(a) for a in (f, g, np.empty(0), sums)]
    assert int(divergence.output_kl(*there[:3], 1.0, 1.0, there[3])) == 0
    reference.divergence.output_kl(f, g, np.empty(0), 1.0, 1.0, sums)
    np.testing.assert_allclose(on_device.get(there[3]), sums, rtol=1e-12)


@pytest.mark.parametrize("value", [5e-324, 1e-310, 1e-40, 1e308])
@pytest.mark.parametrize("which", [0, 1])
def test_outputs_that_are_not_normal(on_device, which, value):
    arrays, expected = np.ones((2, 100)), np.zeros(3)
    arrays[which, 41] = value
    there = [on_device.put(a) for a in (*arrays, np.empty(0), np.zeros(3))]
    assert int(divergence.output_kl(*there[:3], 1.0, 1.0, there[3])) == 0
    reference.divergence.output_kl(*arrays, np.empty(0), 1.0, 1.0, expected)
    np.testing.assert_allclose(on_device.get(there[3]), expected, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_outputs_that_are_not_positive_and_finite(on_device, which, value):
    arrays = np.ones((2, 100))
    arrays[which, 41] = value
    there = [on_device.put(a) for a in (*arrays, np.empty(0), np.zeros(3))]
    assert int(divergence.output_kl(*there[:3], 1.0, 1.0, there[3])) == 1
    assert np.isnan(on_device.get(there[3])[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [2, 10, 64, 300, 3000])
def test_rows_that_do_not_sum_to_one(on_device, k, dtype):
    p, q = probabilities(np.random.default_rng(k), k, dtype)
    p, q = p[:6].copy(), q[:6].copy()
    p[0] *= 1.00002
    p[1] *= 1.01
    q[2] *= 0.99
    q[3] *= 0.99998
    there = [on_device.put(a) for a in (p, q)]
    out, here = on_device.put(np.empty(len(p))), np.empty(len(p))
    status = int(divergence.simplex_kl(*there, 1e-4, out))
    assert status == reference.divergence.simplex_kl(p, q, 1e-4, here) == 2
    np.testing.assert_allclose(on_device.get(out), here, rtol=10 * RTOL[dtype])
