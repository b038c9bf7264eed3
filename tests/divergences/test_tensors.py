"""KL of torch tensors: those in the CPU's memory, and the advice for those on a device."""

import sys
import types

import numpy as np
import pytest

from w2s_kernels import _backend
from w2s_stats.divergences import kl_divergence


def pair(n=50, k=7, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.dirichlet(np.ones(k), size=n).astype(dtype) for _ in range(2)]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed (not in the test extra)")


# ---------------------------------------------------------------- torch on the CPU


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("from_logits", [True, False])
def test_tensors_are_their_arrays(torch, from_logits, dtype):
    p, q = pair(dtype=dtype)
    weight = np.arange(50.0)
    there = [torch.from_numpy(a).requires_grad_() for a in (p, q)]
    options = {"from_logits": from_logits}
    assert kl_divergence(*there, **options) == kl_divergence(p, q, **options)
    found = kl_divergence(*there, sample_weight=torch.from_numpy(weight), **options)
    assert found == kl_divergence(p, q, sample_weight=weight, **options)
    rows = kl_divergence(there[0], q, per_sample=True, **options)
    np.testing.assert_array_equal(rows, kl_divergence(p, q, per_sample=True, **options))


@pytest.mark.torch
def test_a_tensor_is_not_copied(torch):
    tensor = torch.ones((3, 4), requires_grad=True)
    array = _backend.from_tensor(tensor, name="p")
    assert array.ctypes.data == tensor.data_ptr()
    assert _backend.from_tensor(torch.nn.Parameter(tensor), name="p").shape == (3, 4)


@pytest.mark.torch
def test_bfloat16_is_widened(torch):
    z, u = (torch.from_numpy(3 * np.log(a)).to(torch.bfloat16) for a in pair())
    expected = kl_divergence(z.double().numpy(), u.double().numpy(), from_logits=True)
    assert kl_divergence(z, u, from_logits=True) == pytest.approx(expected, rel=1e-12)


@pytest.mark.torch
def test_bits_of_bfloat16(torch):
    tensor = torch.tensor([1.0, -2.5], dtype=torch.bfloat16)
    bits = _backend.from_tensor(tensor, name="p", bits=True)
    assert bits.dtype == np.uint16 and bits.ctypes.data == tensor.data_ptr()
    np.testing.assert_array_equal((bits.astype(np.uint32) << 16).view(np.float32), [1.0, -2.5])
    assert not _backend.is_cuda_bfloat16(tensor)  # which kernels of the CPU do not read by its bits
    assert _backend.from_tensor(tensor.float(), name="p", bits=True).dtype == np.float32


@pytest.mark.torch
def test_tensors_that_no_kernel_takes(torch):
    p, q = map(torch.from_numpy, pair())
    with pytest.raises(TypeError, match=r"^q must be a dense tensor; found torch.sparse_coo: take"):
        kl_divergence(p, q.to_sparse())
    with pytest.raises(TypeError, match=r"^p must be on the CPU .*; found a tensor on 'meta'"):
        kl_divergence(p.to("meta"), q)


# ---------------------------------------------------------------- CUDA without a device


class CudaTensor:
    """A tensor as far as it says where it is."""

    device = types.SimpleNamespace(type="cuda")
    layout = dtype = None

    def detach(self):
        return self


def test_a_cuda_tensor_without_cupy(monkeypatch):
    torch = types.SimpleNamespace(Tensor=CudaTensor, strided=None, bfloat16="bfloat16")
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "cupy", None)  # as if it were not installed
    with pytest.raises(
        ImportError, match=r"^p is a CUDA tensor and needs CuPy: pip install 'w2s-stats\[gpu\]'\.$"
    ):
        kl_divergence(CudaTensor(), CudaTensor())
