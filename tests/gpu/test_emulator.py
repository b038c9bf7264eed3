"""The emulator does what CUDA does, and finds what CUDA would not forgive."""

import shutil

import numpy as np
import pytest

from tests.gpu import emulator
from w2s_kernels.gpu import _compile

pytestmark = pytest.mark.skipif(emulator.COMPILER is None, reason="no C++ compiler (g++)")

SOURCE = """
#include "reduce.cuh"

extern "C" __global__ void total(const double* x, double* part, double* out, unsigned* counter,
                                 i64 n)
{
    double own = 0.0;
    for (i64 i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        own += x[i];
    own = block_sum(own);
    if (threadIdx.x == 0)
        part[blockIdx.x] = own;
    if (!last_block(counter, gridDim.x))
        return;
    own = threadIdx.x < gridDim.x ? __ldcg(part + threadIdx.x) : 0.0;
    own = block_sum(own);
    if (threadIdx.x == 0)
        *out = own;
}

extern "C" __global__ void neighbours(int* out)
{
    const int lane = threadIdx.x % 32;
    int* own = out + 6 * threadIdx.x;
    own[0] = __shfl_xor_sync(FULL_WARP, lane, 3);
    own[1] = __shfl_down_sync(FULL_WARP, lane, 1, 8);
    own[2] = __shfl_up_sync(FULL_WARP, lane, 2);
    own[3] = __shfl_sync(FULL_WARP, lane, 5, 16);
    own[4] = static_cast<int>(__ballot_sync(FULL_WARP, lane % 3 == 0));
    own[5] = static_cast<int>(__match_any_sync(FULL_WARP, lane % 5));
}

extern "C" __global__ void half_of_them_wait(int* out)
{
    if (threadIdx.x % 2 == 0)
        __syncthreads();
    out[threadIdx.x] = 1;
}

extern "C" __global__ void forgotten_barrier(int* out)
{
    __shared__ int shared[64];
    shared[threadIdx.x] = threadIdx.x;
    out[threadIdx.x] = shared[63 - threadIdx.x];
}

extern "C" __global__ void unaligned(const float* x, float* out)
{
    out[0] = __uint_as_float(load_wide(x + 1).x);
}

extern "C" __global__ void widened(const unsigned short* x, float* out)
{
    out[2 * threadIdx.x] = widen(half_t{x[threadIdx.x]});
    out[2 * threadIdx.x + 1] = widen(bfloat16_t{x[threadIdx.x]});
}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run one of the kernels above."""
    for header in _compile.FOLDER.glob("*.cuh"):
        shutil.copy(header, tmp_path)
    (tmp_path / "example.cu").write_text(SOURCE)
    monkeypatch.setattr(_compile, "FOLDER", tmp_path)
    monkeypatch.setattr(_compile, "device", emulator.Emulator())
    return lambda name, *args, **sizes: _compile.run(
        f"example.{name}", *args, real=np.float32, **sizes
    )


@pytest.mark.parametrize("n", [1, 31, 1000, 12345])
def test_a_sum_in_one_launch(run, n):
    x = np.random.default_rng(0).normal(size=n)
    part, out, counter = np.empty(7), np.empty(1), np.zeros(1, dtype=np.uint32)
    for _ in range(2):  # the counter is zero again
        run("total", x, part, out, counter, n, grid=7, block=96)
        np.testing.assert_allclose(out[0], x.sum(), rtol=1e-12, atol=1e-12)


def test_exchanges_within_a_warp(run):
    out = np.empty((64, 6), dtype=np.int32)
    run("neighbours", out, grid=1, block=64)
    lane = np.arange(64) % 32
    np.testing.assert_array_equal(out[:, 0], lane ^ 3)
    np.testing.assert_array_equal(out[:, 1], np.where(lane % 8 == 7, lane, lane + 1))
    np.testing.assert_array_equal(out[:, 2], np.where(lane < 2, lane, lane - 2))
    np.testing.assert_array_equal(out[:, 3], lane // 16 * 16 + 5)
    assert set(out[:, 4].astype(np.uint32)) == {sum(1 << i for i in range(0, 32, 3))}
    alike = [sum(1 << j for j in range(i % 5, 32, 5)) for i in range(32)]
    np.testing.assert_array_equal(out[:, 5].astype(np.uint32), np.array(alike * 2, np.uint32))


def test_a_barrier_that_some_never_reach(run):
    with pytest.raises(RuntimeError, match=r"_wait: .* barrier that others never reach"):
        run("half_of_them_wait", np.zeros(32, dtype=np.int32), grid=1, block=32)


def test_a_forgotten_barrier_shows(run):
    out = np.zeros(64, dtype=np.int32)
    run("forgotten_barrier", out, grid=1, block=64)
    assert (out != np.arange(64)[::-1]).any()


def test_a_misaligned_wide_load(run):
    with pytest.raises(RuntimeError, match="misaligned"):
        run(
            "unaligned",
            np.zeros(8, dtype=np.float32),
            np.zeros(1, dtype=np.float32),
            grid=1,
            block=1,
        )


@pytest.mark.parametrize("sizes", [{"grid": (1, 65536), "block": 1}, {"grid": 1, "block": 1025}])
def test_sizes_that_no_device_takes(run, sizes):
    with pytest.raises(RuntimeError, match="has"):
        run("neighbours", np.zeros(5, dtype=np.int32), **sizes)


def test_arrays_not_in_c_order_are_refused(run):
    with pytest.raises(AssertionError, match=r"^example.neighbours: C order"):
        run("neighbours", np.zeros((5, 32), dtype=np.int32).T, grid=1, block=32)


def test_numbers_of_two_bytes(run):
    bits = np.arange(65536, dtype=np.uint16)
    out = np.empty((65536, 2), dtype=np.float32)
    for start in range(0, 65536, 1024):
        part = slice(start, start + 1024)
        run("widened", bits[part], out[part], grid=1, block=1024)
    np.testing.assert_array_equal(out[:, 0], bits.view(np.float16).astype(np.float32))
    np.testing.assert_array_equal(out[:, 1], (bits.astype(np.uint32) << 16).view(np.float32))
