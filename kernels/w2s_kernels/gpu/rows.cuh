// Ways through the rows of two arrays: by several lanes a row, or through tiles of short rows.
#include "reduce.cuh"

// Hand a visitor the lane's share of rows of k numbers from M arrays, in packs of 16 bytes where
// all the rows allow it. `visitor.add<N>(x)` takes N numbers of each, x[array][i].
template <int M, class T, class Visitor>
__device__ __forceinline__ void visit(const T* const (&rows)[M], i64 k, int lane, int n_lanes,
                                      Visitor& visitor)
{
    typedef typename Wide<T>::type wide;
    constexpr int size = Pack<T>::size;
    const unsigned above = misaligned(rows[0]);
    bool alike = true;
#pragma unroll
    for (int m = 1; m < M; ++m)
        alike &= misaligned(rows[m]) == above;
    const i64 start = alike ? min(k, static_cast<i64>((16u - above) % 16u / sizeof(T))) : 0;
    const i64 n_packs = alike ? (k - start) / size : 0;
    // While one pack of each is worked on, the next two are under way.
    uint4 now[M], soon[M], later[M];
#pragma unroll
    for (int m = 0; m < M; ++m) {
        if (lane < n_packs)
            now[m] = load_wide(rows[m] + start + lane * static_cast<i64>(size));
        if (lane + n_lanes < n_packs)
            soon[m] = load_wide(rows[m] + start + (lane + n_lanes) * static_cast<i64>(size));
    }
#pragma unroll 1
    for (i64 i = lane; i < n_packs; i += n_lanes) {
        wide x[M][size];
#pragma unroll
        for (int m = 0; m < M; ++m) {
            if (i + 2 * n_lanes < n_packs)
                later[m] = load_wide(rows[m] + start + (i + 2 * n_lanes) * size);
            unpack(now[m], rows[m], x[m]);
        }
        visitor.template add<size>(x);
#pragma unroll
        for (int m = 0; m < M; ++m) {
            now[m] = soon[m];
            soon[m] = later[m];
        }
    }
    // What is before the first pack and behind the last: all of it where rows lie unlike.
    const i64 n_single = k - n_packs * size, skipped = n_packs * size;
    i64 i = lane;
#pragma unroll 1
    for (; i + 3 * n_lanes < n_single; i += 4 * n_lanes) {
        wide x[M][4];
#pragma unroll
        for (int m = 0; m < M; ++m)
#pragma unroll
            for (int u = 0; u < 4; ++u) {
                const i64 j = i + u * n_lanes;
                x[m][u] = widen(rows[m][j < start ? j : j + skipped]);
            }
        visitor.template add<4>(x);
    }
#pragma unroll 1
    for (; i < n_single; i += n_lanes) {
        wide x[M][1];
#pragma unroll
        for (int m = 0; m < M; ++m)
            x[m][0] = widen(rows[m][i < start ? i : i + skipped]);
        visitor.template add<1>(x);
    }
}

// The same for two short rows in shared memory, N numbers at a time while there are as many.
template <int N, class T, class Visitor>
__device__ __forceinline__ void visit_staged(const T* a, const T* b, int& j, int k, int n_lanes,
                                             Visitor& visitor)
{
    typedef typename Wide<T>::type wide;
#pragma unroll 1
    for (; j + (N - 1) * n_lanes < k; j += N * n_lanes) {
        wide x[2][N];
#pragma unroll
        for (int i = 0; i < N; ++i) {
            x[0][i] = widen(a[j + i * n_lanes]);
            x[1][i] = widen(b[j + i * n_lanes]);
        }
        visitor.template add<N>(x);
    }
}
template <class T, class Visitor>
__device__ __forceinline__ void visit_staged(const T* a, const T* b, int k, int lane, int n_lanes,
                                             Visitor& visitor)
{
    int j = lane;
    visit_staged<4>(a, b, j, k, n_lanes, visitor);
    visit_staged<2>(a, b, j, k, n_lanes, visitor);
    visit_staged<1>(a, b, j, k, n_lanes, visitor);
}

// Sixteen bytes to shared memory, number by number.
template <class T> __device__ __forceinline__ void scatter(uint4 pack, T* to)
{
    union { uint4 whole; T numbers[Pack<T>::size]; } bytes = {pack};
#pragma unroll
    for (int i = 0; i < Pack<T>::size; ++i)
        to[i] = bytes.numbers[i];
}

// Copy n numbers to shared memory, a multiple of 16 bytes, by all threads of the block. They are
// read in packs wherever they begin; only where that is a multiple too they are written so.
template <class T> __device__ __forceinline__ void stage(const T* from, T* to, int n)
{
    constexpr int size = Pack<T>::size;
    const int start = min(n, static_cast<int>((16u - misaligned(from)) % 16u / sizeof(T)));
    const int n_packs = (n - start) / size, stop = start + n_packs * size;
    const uint4* packs = reinterpret_cast<const uint4*>(from + start);
    if (start == 0) {
#pragma unroll 8
        for (int i = threadIdx.x; i < n_packs; i += blockDim.x)
            reinterpret_cast<uint4*>(to)[i] = load_wide(packs + i);
    } else {
#pragma unroll 4
        for (int i = threadIdx.x; i < n_packs; i += blockDim.x)
            scatter(load_wide(packs + i), to + start + i * size);
    }
    for (int i = threadIdx.x; i < n - stop + start; i += blockDim.x) {
        const int j = i < start ? i : i - start + stop;
        to[j] = from[j];
    }
}
