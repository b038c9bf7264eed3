"""KL of CuPy arrays, on a GPU or what stands for one: the CPU's numbers, and its words."""

import numpy as np
import pytest

from tests.gpu.conftest import no_gpu
from w2s_kernels import _backend, cpu, gpu
from w2s_stats.divergences import _kl, kl_divergence


def pair(n=50, k=7, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.dirichlet(np.ones(k), size=n).astype(dtype) for _ in range(2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("from_logits", [True, False])
def test_cupy_arrays(cupy, from_logits, dtype):
    p, q = pair(dtype=dtype)
    weight = np.arange(50.0)
    options, rtol = {"from_logits": from_logits}, 1e-6 if dtype == "float32" else 1e-12
    there = cupy.asarray(p), cupy.asarray(q)
    rows = kl_divergence(*there, per_sample=True, **options)
    assert isinstance(rows, cupy.ndarray)
    expected = kl_divergence(p, q, per_sample=True, **options)
    np.testing.assert_allclose(rows.get(), expected, rtol=rtol)
    for given in (weight, cupy.asarray(weight), None):
        found = kl_divergence(*there, sample_weight=given, **options)
        assert isinstance(found, float)
        on_host = None if given is None else weight
        expected = kl_divergence(p, q, sample_weight=on_host, **options)
        assert found == pytest.approx(expected, rel=rtol)


def test_cupy_arrays_of_halves_and_integers(cupy):
    z, u = (np.log(a) for a in pair())
    for dtypes in ((np.float16, np.float16), (np.float16, np.float32), (np.uint16, np.int64)):
        a, b = (np.abs(x).astype(t) for x, t in zip((z, u), dtypes, strict=True))
        found = kl_divergence(cupy.asarray(a), cupy.asarray(b), from_logits=True)
        expected = kl_divergence(a, b, from_logits=True)
        assert found == pytest.approx(expected, rel=1e-6)


def test_two_types_have_two_tolerances(cupy):
    p, q = pair()
    p = (p * 1.00005).astype(np.float32)
    found = kl_divergence(cupy.asarray(p), cupy.asarray(q))
    assert found == pytest.approx(kl_divergence(p, q), rel=1e-9)
    with pytest.raises(ValueError, match="The rows of q must sum to 1 within 1e-06"):
        kl_divergence(cupy.asarray(p), cupy.asarray(q * 1.00005))


def test_two_types_are_cast_and_checked_on_the_device(cupy, monkeypatch):
    p, q = pair(n=50, k=7)
    there = cupy.asarray(p.astype(np.float32)), cupy.asarray(q)
    copied = []
    if hasattr(there[0], "host"):  # the stand-in, whose methods can be watched
        get = cupy.ndarray.get
        monkeypatch.setattr(cupy.ndarray, "get", lambda self: copied.append(self.size) or get(self))
    found = kl_divergence(*there)
    assert found == pytest.approx(kl_divergence(p.astype(np.float32), q), rel=1e-12)
    assert max(copied, default=0) <= len(p)  # sums of rows, and no rows


def test_a_transposed_cupy_array(cupy):
    p, q = pair()
    there = cupy.asarray(np.ascontiguousarray(p.T)).T
    assert kl_divergence(there, cupy.asarray(q)) == pytest.approx(kl_divergence(p, q))


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf, -3.0])
@pytest.mark.parametrize("which", ["p", "q"])
def test_what_is_wrong_is_said_as_on_the_cpu(cupy, which, value, from_logits):
    p, q = pair()
    {"p": p, "q": q}[which][31, 2] = value
    if from_logits and value == -3.0:
        {"p": p, "q": q}[which][31] = -np.inf
    with pytest.raises(ValueError, match=which) as here:
        kl_divergence(p, q, from_logits=from_logits)
    with pytest.raises(ValueError, match="row 31") as there:
        kl_divergence(cupy.asarray(p), cupy.asarray(q), from_logits=from_logits)
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("from_logits", [True, False])
def test_shapes_and_memories(cupy, from_logits):
    p, q = pair()
    there = cupy.asarray(p), cupy.asarray(q)
    for a, b, message in [
        (there[0], q, r"^p and q must lie in one memory; found p on a GPU and q in the CPU's\.$"),
        (p, there[1], r"^p and q must lie in one memory; found q on a GPU and p in the CPU's\.$"),
        (there[0], there[1][:9], r"same shape; found \(50, 7\) and \(9, 7\)"),
        (there[0][:, 0], there[1], "p must have two dimensions"),
        (there[0][:0], there[1][:0], "p must not be empty"),
        (cupy.asarray(p + 1j), there[1], "p must hold real numbers"),
    ]:
        with pytest.raises((TypeError, ValueError), match=message):
            kl_divergence(a, b, from_logits=from_logits)


def test_the_kernels_for_an_array(cupy):
    assert _backend.kernels_for(np.ones(3)) is cpu
    assert _backend.kernels_for(cupy.ones(3)) is gpu


def test_bits_of_bfloat16(cupy, monkeypatch):
    wide = (3 * np.log(pair()[0]).astype(np.float32), 3 * np.log(pair()[1]).astype(np.float32))
    bits = [(a.view(np.uint32) >> 16).astype(np.uint16) for a in wide]
    wide = [(b.astype(np.uint32) << 16).view(np.float32) for b in bits]
    # As a tensor of bfloat16 arrives.
    monkeypatch.setattr(_kl, "is_cuda_bfloat16", lambda values: True)
    there = [cupy.asarray(b) for b in bits]
    found = kl_divergence(*there, from_logits=True)
    assert found == pytest.approx(kl_divergence(*wide, from_logits=True), rel=1e-6)
    bits[1][31, 2] = 0xFFC0  # NaN
    with pytest.raises(ValueError, match=r"q must hold logits .* found nan in row 31"):
        kl_divergence(there[0], cupy.asarray(bits[1]), from_logits=True)


@pytest.mark.gpu
@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_cuda_tensors(dtype):
    if reason := no_gpu():
        pytest.skip(reason)
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    z, u = (torch.from_numpy(np.log(a)).to(getattr(torch, dtype)) for a in pair())
    found = kl_divergence(z.cuda().requires_grad_(), u.cuda(), from_logits=True)
    expected = kl_divergence(z.double().numpy(), u.double().numpy(), from_logits=True)
    assert found == pytest.approx(expected, rel=1e-5)
    p, q = (torch.from_numpy(a).cuda() for a in pair())
    assert kl_divergence(p, q) == pytest.approx(kl_divergence(*pair()), rel=1e-12)
