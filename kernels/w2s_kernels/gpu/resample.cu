// The Poisson bootstrap: how often a row counts in a replicate is a function of (seed, replicate,
// row), by SplitMix64's output function. The same counts as on a CPU.
#include "reduce.cuh"

#define STEP 0x9e3779b97f4a7c15ull
#define TILE 128     // rows in shared memory, a multiple of the four that share 64 bits

__device__ __forceinline__ u64 scrambled(u64 state)
{
    u64 z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

// 64 random bits, of SplitMix64 after `number` steps from the state `key`.
__device__ __forceinline__ u64 hashed(u64 key, u64 number) { return scrambled(key + STEP * number); }

// The eight limits that 16 bits are compared with, four to a word.
struct Limits {
    unsigned at[8];

    __device__ __forceinline__ explicit Limits(const unsigned short* limits)
    {
#pragma unroll
        for (int i = 0; i < 8; ++i)
            at[i] = limits[i];
    }

    // 0 to 7, or 8 where another draw decides.
    __device__ __forceinline__ int count(unsigned u) const
    {
        int count = 0;
#pragma unroll
        for (int i = 0; i < 8; ++i)
            count += u >= at[i];
        return count;
    }
};

__device__ __noinline__ int rare_count(u64 seed, u64 replicate, i64 row, const double* left)
{
    const u64 bits = hashed(hashed(seed, 2 * replicate + 1), static_cast<u64>(row));
    const double uniform = static_cast<double>(bits >> 11) * 0x1p-53;
    int count = 0;
    while (left[count] <= uniform)
        ++count;
    return count;
}

extern "C" __global__ void __launch_bounds__(256)
poisson_counts(unsigned short* out, u64 seed, u64 replicate, const unsigned short* limits,
               const double* left, i64 n)
{
    const Limits often(limits);
    const i64 group = blockIdx.x * static_cast<i64>(blockDim.x) + threadIdx.x;
    const u64 bits = hashed(hashed(seed, 2 * replicate), static_cast<u64>(group));
    for (int i = 0; i < 4; ++i) {
        const i64 row = 4 * group + i;
        if (row < n) {
            const int count = often.count((bits >> (16 * i)) & 0xffffu);
            out[row] = count < 8 ? count : rare_count(seed, replicate, row, left);
        }
    }
}

// Weighted means of the columns: what is subtracted before anything is added up. A block a column.
extern "C" __global__ void __launch_bounds__(1024)
centre(const REAL* values, const REAL* weight, double* out, i64 n, i64 m)
{
    double total = 0.0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        total += weight[i];
    total = block_sum(total);
    const i64 j = blockIdx.x;
    double sum = 0.0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x)
        sum += static_cast<double>(weight[i]) * values[i * m + j];
    sum = block_sum(sum);
    if (threadIdx.x == 0)
        out[j] = sum / total;
}

// A thread a replicate, a block a chunk of rows (x), a group of replicates (y), four columns (z).
// Rows go through shared memory; the last chunk of a group adds up what the others have left.
extern "C" __global__ void __launch_bounds__(REPLICATES)
bootstrap_means(const REAL* values, const REAL* weight, const double* centre, u64 seed, i64 first,
                const unsigned short* limits, const double* left, double* part, unsigned* counter,
                double* out, u64* n_empty, i64 n, i64 m, i64 n_replicates, i64 chunk)
{
    __shared__ double tile[TILE][COLUMNS + 1];
    const Limits often(limits);
    const i64 start = blockIdx.x * chunk, stop = min(start + chunk, n);
    const i64 replicate = blockIdx.y * static_cast<i64>(blockDim.x) + threadIdx.x;
    const u64 number = static_cast<u64>(first + replicate), key = hashed(seed, 2 * number);
    const int column = blockIdx.z * COLUMNS;
    double sums[COLUMNS + 1] = {};
    for (i64 top = start; top < stop; top += TILE) {
        __syncthreads();
        for (int cell = threadIdx.x; cell < TILE * (COLUMNS + 1); cell += blockDim.x) {
            const int t = cell / (COLUMNS + 1), j = cell % (COLUMNS + 1);
            double value = 0.0;
            if (top + t < stop) {
                const double w = weight[top + t];
                if (j == COLUMNS)
                    value = w;
                else if (column + j < m)
                    value = w * (values[(top + t) * m + column + j] - centre[column + j]);
            }
            tile[t][j] = value;
        }
        __syncthreads();
        for (int t = 0; t < TILE; t += 4) {
            const u64 bits = hashed(key, static_cast<u64>(top + t) >> 2);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                int count = often.count((bits >> (16 * i)) & 0xffffu);
                if (count == 8)
                    count = rare_count(seed, number, top + t + i, left);
#pragma unroll
                for (int j = 0; j <= COLUMNS; ++j)
                    sums[j] += count * tile[t + i][j];
            }
        }
    }
    // part[column group][sum][chunk][replicate]
    const i64 every = gridDim.x * n_replicates;
    double* own = part + blockIdx.z * (COLUMNS + 1) * every + replicate;
    if (replicate < n_replicates)
        for (int j = 0; j <= COLUMNS; ++j)
            own[j * every + blockIdx.x * n_replicates] = sums[j];
    if (!last_block(counter + blockIdx.z * gridDim.y + blockIdx.y, gridDim.x))
        return;
    if (replicate >= n_replicates)
        return;
#pragma unroll
    for (int j = 0; j <= COLUMNS; ++j)
        sums[j] = 0.0;
#pragma unroll 4
    for (unsigned block = 0; block < gridDim.x; ++block)
#pragma unroll
        for (int j = 0; j <= COLUMNS; ++j)
            sums[j] += __ldcg(own + j * every + block * n_replicates);
    for (int j = 0; j < COLUMNS && column + j < m; ++j)
        out[replicate * m + column + j] = centre[column + j] + sums[j] / sums[COLUMNS];
    if (column == 0 && sums[COLUMNS] == 0.0)
        atomicAdd(n_empty, 1ull);
}
