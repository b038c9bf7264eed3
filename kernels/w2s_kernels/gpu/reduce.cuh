// Sums over the lanes of a warp, the threads of a block, and the blocks of a launch.
#include "base.cuh"

// Sum over groups of `width` neighbouring lanes, the same in each of them, whatever the order.
template <class T> __device__ __forceinline__ T lanes_sum(T value, int width = 32)
{
    for (int step = width / 2; step > 0; step /= 2)
        value += __shfl_xor_sync(FULL_WARP, value, step);
    return value;
}

template <class T> __device__ __forceinline__ T lanes_max(T value, int width = 32)
{
    for (int step = width / 2; step > 0; step /= 2) {
        const T other = __shfl_xor_sync(FULL_WARP, value, step);
        value = other > value ? other : value;
    }
    return value;
}

// Sum over all threads of a block of up to 1,024, a whole number of warps; every thread has it.
// All threads must come; a block may call it any number of times.
__device__ __forceinline__ double block_sum(double value)
{
    __shared__ double part[32];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, n_warps = blockDim.x / 32;
    value = lanes_sum(value);
    __syncthreads();
    if (lane == 0)
        part[warp] = value;
    __syncthreads();
    return lanes_sum(lane < n_warps ? part[lane] : 0.0);
}

// True in all threads of the block that comes last of `n_blocks`: what the others wrote before is
// there to read (through volatile pointers or __ldcg). `counter` is zero before and after.
__device__ __forceinline__ bool last_block(unsigned* counter, unsigned n_blocks)
{
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0)
        last = atomicInc(counter, n_blocks - 1) == n_blocks - 1;
    __syncthreads();
    if (last)
        __threadfence();
    return last;
}
