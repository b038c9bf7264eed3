"""Arrays of more than 2**31 numbers: the last rows are read and written at their own places.

On the emulator they are memory that nobody has touched, but for the last rows, and only the last
block of a grid is run.
"""

import mmap

import numpy as np
import pytest

from tests.gpu.emulator import COMPILER, Emulator
from w2s_kernels import reference
from w2s_kernels.gpu import _compile, divergence

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++)")
SHAPES = [(2**31 // k + 3, k) for k in (2, 64, 100, 4096)]


def untouched(shape, dtype):
    """Zeros that take no memory before they are written to."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0x4000)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    try:
        return np.frombuffer(mmap.mmap(-1, size, flags=flags), dtype=dtype).reshape(shape)
    except OSError as error:
        pytest.skip(f"{size} bytes of addresses are not to be had: {error}")


@pytest.fixture
def last_block(monkeypatch):
    monkeypatch.setattr(_compile, "device", Emulator(most_blocks=1))


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_rows_of_probabilities(n, k, last_block):
    p, q, out = untouched((n, k), "float32"), untouched((n, k), "float32"), untouched(n, "float64")
    rng = np.random.default_rng(k)
    p[-3:], q[-3:] = rng.dirichlet(np.ones(k), size=(2, 3))
    expected = np.empty(1)
    reference.divergence.simplex_kl(p[-1:], q[-1:], 1e-4, expected)
    divergence.simplex_kl(p, q, 1e-4, out)
    np.testing.assert_allclose(out[-1:], expected, rtol=3e-5)


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_rows_of_logits(n, k, last_block):
    z, u, out = untouched((n, k), "float16"), untouched((n, k), "float16"), untouched(n, "float64")
    z[-3:], u[-3:] = 2 * np.random.default_rng(k).normal(size=(2, 3, k))
    expected = np.empty(1)
    wide = (a[-1:].astype(np.float64) for a in (z, u))
    reference.divergence.softmax_kl(*wide, expected)
    divergence.softmax_kl(z, u, out)
    np.testing.assert_allclose(out[-1:], expected, rtol=1e-5)
