// Sums over bins, and the linear programme of the smooth calibration error.
#include "reduce.cuh"

#define N_SUMS 5  // of w, w p, w y, w y^2 and w (y - p)^2

// Edges below a number, which are in rising order.
__device__ __forceinline__ int bin_of(double p, const double* edges, int n_edges)
{
    int low = 0, high = n_edges;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (edges[middle] < p)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Sums over the lanes of one key, in the lowest of them: first pairs of neighbours, then pairs of
// pairs. Five rounds at most, and always in the same order.
__device__ __forceinline__ unsigned add_alike(int key, double (&term)[N_SUMS])
{
    const int lane = threadIdx.x % 32;
    const unsigned alike = __match_any_sync(FULL_WARP, key), lower = (1u << lane) - 1u;
    unsigned above = alike & ~lower & ~(1u << lane);
    int rank = __popc(alike & lower);
    while (__any_sync(FULL_WARP, above != 0)) {
        const int next = __ffs(above);  // 0 where there is none
#pragma unroll
        for (int s = 0; s < N_SUMS; ++s) {
            const double other = __shfl_sync(FULL_WARP, term[s], next ? next - 1 : lane);
            term[s] += next ? other : 0.0;
        }
        // Those at odd places have been added to the ones below.
        above &= __ballot_sync(FULL_WARP, rank % 2 == 0);
        rank /= 2;
    }
    return alike & lower;
}

// A block a class (x) and a chunk of rows (y); of its warps each has bins of its own, in shared
// memory where they fit. Lanes whose bins are the same are added up before the warp's bin changes:
// no sum depends on which thread came first. A class's last block adds what the others have left.
extern "C" __global__ void __launch_bounds__(32 * BIN_WARPS)
bin_sums(const REAL* proba, const i64* classes, const double* labels, const double* weight,
         const double* edges, double* spill, double* part, unsigned* counter, double* sums, i64 n,
         i64 k, i64 n_bins, i64 chunk, i64 row, i64 column)
{
    __shared__ double room[BIN_ROOM];
    const i64 j = blockIdx.x, size = n_bins * N_SUMS;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const i64 block = j * gridDim.y + blockIdx.y;
    const bool fits = BIN_WARPS * size <= BIN_ROOM;
    double* all = fits ? room : spill + block * BIN_WARPS * size;
    double* own = all + warp * size;
    for (i64 cell = lane; cell < size; cell += 32)
        own[cell] = 0.0;
    __syncwarp();
    const int n_edges = static_cast<int>(n_bins) - 1;
    const i64 first = blockIdx.y * chunk, stop = min(first + chunk, n);
    for (i64 base = first + 32 * warp; base < stop; base += 32 * BIN_WARPS) {
        const i64 i = base + lane;
        const bool there = i < stop;
        int bin = -1;
        double term[N_SUMS] = {};
        if (there) {
            const double p = proba[i * row + j * column], w = weight ? weight[i] : 1.0;
            const double y = labels ? labels[i * k + j] : (classes[i] == j ? 1.0 : 0.0);
            bin = bin_of(p, edges + j * n_edges, n_edges);
            term[0] = w;
            term[1] = w * p;
            term[2] = w * y;
            term[3] = w * y * y;
            term[4] = w * (y - p) * (y - p);
        }
        const bool lowest = add_alike(bin, term) == 0;
        if (lowest && there)
#pragma unroll
            for (int s = 0; s < N_SUMS; ++s)
                own[static_cast<i64>(bin) * N_SUMS + s] += term[s];
        __syncwarp();
    }
    __syncthreads();
    double* task = part + j * gridDim.y * size;
    for (i64 cell = threadIdx.x; cell < size; cell += blockDim.x) {
        double sum = 0.0;
        for (int other = 0; other < BIN_WARPS; ++other)
            sum += all[other * size + cell];
        task[blockIdx.y * size + cell] = sum;
    }
    if (!last_block(counter + j, gridDim.y))
        return;
    for (i64 cell = threadIdx.x; cell < size; cell += blockDim.x) {
        double sum = 0.0;
#pragma unroll 16
        for (unsigned other = 0; other < gridDim.y; ++other)
            sum += __ldcg(task + other * size + cell);
        sums[j * size + cell] += sum;
    }
}

// ---------------------------------------------------------------- a flow on a line

// A heap of breaks whose smallest key is on top.
struct Heap {
    double* keys;
    i64* ids;
    i64 size;

    __device__ void push(double key, i64 own)
    {
        i64 child = size++;
        while (child > 0) {
            const i64 parent = (child - 1) / 2;
            if (keys[parent] <= key)
                break;
            keys[child] = keys[parent];
            ids[child] = ids[parent];
            child = parent;
        }
        keys[child] = key;
        ids[child] = own;
    }

    __device__ void pop()
    {
        const i64 last = --size;
        const double key = keys[last];
        const i64 own = ids[last];
        i64 parent = 0;
        for (i64 child = 1; child < last; child = 2 * parent + 1) {
            if (child + 1 < last && keys[child + 1] < keys[child])
                ++child;
            if (key <= keys[child])
                break;
            keys[parent] = keys[child];
            ids[parent] = ids[child];
            parent = child;
        }
        keys[parent] = key;
        ids[parent] = own;
    }

    // Take weight off the smallest keys; returns the sum of taken * key.
    __device__ double trim(double* weight, double amount)
    {
        double cost = 0.0;
        while (amount > 0.0 && size > 0) {
            const i64 own = ids[0];
            const double taken = min(amount, weight[own]);
            cost += taken * keys[0];
            amount -= taken;
            weight[own] -= taken;
            if (weight[own] <= 0.0)
                pop();
        }
        return cost;
    }
};

// The dual of cpu/calibration.py, one charge after another: a single thread.
extern "C" __global__ void lipschitz_supremum(const REAL* gap, const REAL* charge, double* numbers,
                                              i64* ids, double* out, i64 n)
{
    double *level = numbers, *weight = numbers + n;
    Heap low = {numbers + 2 * n, ids, 0}, high = {numbers + 3 * n, ids + n, 0};
    level[0] = 0.0;
    weight[0] = 2.0;
    low.push(0.0, 0);
    high.push(0.0, 0);
    double total = charge[0], trimmed = 0.0;
    for (i64 i = 1; i < n; ++i) {
        const double step = gap[i - 1];
        level[i] = total;
        weight[i] = 2.0 * step;
        if (step > 0.0) {
            low.push(total, i);
            high.push(-total, i);
            const double least = low.trim(weight, step);
            trimmed -= least + high.trim(weight, step);
        }
        total += charge[i];
    }
    for (i64 i = 0; i < n; ++i)
        trimmed += weight[i] * fabs(total - level[i]);
    *out = 0.5 * trimmed;
}
