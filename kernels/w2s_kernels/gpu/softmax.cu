// KL of softmax from rows of logits, which no probabilities are made of. Sums are double.
#include "rows.cuh"

typedef Wide<REAL>::type real;

// Below this, the difference of two logarithms has lost digits, and the series is taken.
#define SMALL 0.1
// How far a logit may lie above what sums are relative to.
#define LAG 8
// Blocks that a processor has room for at least; float64 takes more registers.
#define ROW_BLOCKS (sizeof(REAL) == 8 ? 2 : 3)

__device__ __forceinline__ float lowest(float) { return -3.402823466e38f; }
__device__ __forceinline__ double lowest(double) { return -1e301; }
// The relative error grows as 6e-8 abs(x), by the rounding of x log2(e); zero below exp(-87.3).
__device__ __forceinline__ float exponential(float x)
{
    const float octaves = x * 1.44269504f;
#ifdef __CUDACC__
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(octaves));
    return power;
#else
    return exp2f(octaves);
#endif
}
__device__ __forceinline__ double exponential(double x) { return exp(x); }

// ((x - y) - shift) - mean, as if x - y were not rounded.
__device__ __forceinline__ double exact_difference(double x, double y, double shift, double mean)
{
    const double high = x - y, back = high - x;
    return ((high - shift) + ((x - (high - back)) - (y + back))) - mean;
}

// As a call: where it is used, it is used often.
__device__ __noinline__ double exp_of(double x) { return exp(x); }

// exp(z - top_z) (z - top_z - u + top_u) of any logits.
__device__ __noinline__ double any_log_ratio(double z, double u, double top_z, double top_u)
{
    const double p = exp_of(z - top_z);
    if (u == -infinity())
        return z > -infinity() ? infinity() : 0.0;
    return p <= 0.0 ? 0.0 : p * ((z - top_z) - (u - top_u));
}

// sum exp(z - top_z), sum exp(u - top_u) and sum exp(z - top_z) (z - top_z - u + top_u), where no
// logit so far is more than LAG above its top. To follow the largest at every step would cost more
// than the rest: in a warp of 32 lanes one has a new one most of the time, and all wait for it.
struct Logits {
    real top_z = lowest(real()), top_u = lowest(real());
    double sum_z = 0.0, sum_u = 0.0, sum_e = 0.0;

    __device__ __forceinline__ void raise(real new_z, real new_u)
    {
        const double up_z = static_cast<double>(new_z) - top_z;
        const double up_u = static_cast<double>(new_u) - top_u;
        const double shrink = exp_of(-up_z);
        if (sum_e != infinity())
            sum_e = shrink * (sum_e + (up_u - up_z) * sum_z);
        sum_z *= shrink;
        sum_u *= exp_of(-up_u);
        top_z = new_z;
        top_u = new_u;
    }

    template <int N> __device__ __forceinline__ void add(const real (&x)[2][N])
    {
        const real *z = x[0], *u = x[1];
        real new_z = top_z, new_u = top_u;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            new_z = max(new_z, z[i]);
            new_u = max(new_u, u[i]);
        }
        if (new_z > top_z + LAG || new_u > top_u + LAG)
            raise(new_z, new_u);
        real s = 0, v = 0, w = 0;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            const real a = z[i] - top_z, b = u[i] - top_u, p = exponential(a);
            s += p;
            v += exponential(b);
            w += p * (a - b);
        }
        sum_z += s;
        sum_u += v;
        double weighted = w;
        // Infinite logits, and differences that overflow, are looked at one by one.
        if (!(w - w == 0)) {
            weighted = 0.0;
#pragma unroll
            for (int i = 0; i < N; ++i)
                weighted += any_log_ratio(z[i], u[i], top_z, top_u);
        }
        sum_e += weighted;
    }

    // sum p (z - u) - lse(z) + lse(u).
    __device__ __forceinline__ double divergence() const
    {
        return sum_e / sum_z - log(sum_z) + log(sum_u);
    }
};

// exp(-t) - 1 + t for |t| <= 0.4, by its Taylor series (truncation below 1e-17 t**2, or 1e-8 t**2).
__device__ __noinline__ double small_excess(double t)
{
    double s = 1.0 / 6227020800.0;
    s = 1.0 / 479001600.0 - t * s;
    s = 1.0 / 39916800.0 - t * s;
    s = 1.0 / 3628800.0 - t * s;
    s = 1.0 / 362880.0 - t * s;
    s = 1.0 / 40320.0 - t * s;
    s = 1.0 / 5040.0 - t * s;
    s = 1.0 / 720.0 - t * s;
    s = 1.0 / 120.0 - t * s;
    s = 1.0 / 24.0 - t * s;
    s = 1.0 / 6.0 - t * s;
    s = 0.5 - t * s;
    return t * t * s;
}
__device__ __forceinline__ float small_excess(float t)
{
    float s = 1.0f / 362880.0f;
    s = fmaf(-t, s, 1.0f / 40320.0f);
    s = fmaf(-t, s, 1.0f / 5040.0f);
    s = fmaf(-t, s, 1.0f / 720.0f);
    s = fmaf(-t, s, 1.0f / 120.0f);
    s = fmaf(-t, s, 1.0f / 24.0f);
    s = fmaf(-t, s, 1.0f / 6.0f);
    s = fmaf(-t, s, 0.5f);
    return t * t * s;
}

// With t = z - u - (top_z - top_u) - mean: sum p (exp(-t) - 1 + t), sum p and sum p t.
// The mean is that of the first pass, with its rounding; sum p t says how far it is off. What
// cancels in t is taken off in double; all that follows bears a relative error.
struct NearZero {
    real top_z, top_u, mean;
    double shift, mean_t;
    double excess = 0.0, weight = 0.0, lost = 0.0;

    __device__ __forceinline__ explicit NearZero(const Logits& first)
        : top_z(first.top_z), top_u(first.top_u),
          mean(static_cast<real>(first.sum_e / first.sum_z)),
          shift(static_cast<double>(first.top_z) - first.top_u)
    {
        // What rounding took from the difference of the tops, which can be large.
        mean_t = first.sum_e / first.sum_z + exact_difference(top_z, top_u, shift, 0.0);
    }

    // p (exp(-t) - 1 + t). Where q = p exp(-t) is all that counts it is taken for itself: p may be
    // below all numbers then, and exp(-t) above.
    __device__ __forceinline__ real term(real p, real t, real u) const
    {
        if (fabs(t) <= real(0.4))
            return p * small_excess(t);
        if (p > 0 && t > -8)
            return p * (exponential(-t) - 1 + t);
        return exponential(u - top_u + mean) - (p > 0 ? p - p * t : 0);
    }

    template <int N> __device__ __forceinline__ void add(const real (&x)[2][N])
    {
        real e = 0, s = 0, v = 0;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            const real p = exponential(x[0][i] - top_z);
            const real t = exact_difference(x[0][i], x[1][i], shift, mean_t);
            e += term(p, t, x[1][i]);
            s += p;
            v += p > 0 ? p * t : 0;
        }
        excess += e;
        weight += s;
        lost += v;
    }

    __device__ __forceinline__ double divergence() const
    {
        const double off = lost / weight;
        return log1p(excess / weight - off) + off;
    }
};

extern "C" __global__ void __launch_bounds__(256, ROW_BLOCKS)
softmax_kl_rows(const REAL* z, const REAL* u, double* out, u64* n_bad, i64 n_rows, i64 k, i64 lanes)
{
    __shared__ double tops[2][32];
    const i64 row = blockIdx.x * (blockDim.x / lanes) + threadIdx.x / lanes;
    const int lane = threadIdx.x % lanes, n_lanes = static_cast<int>(lanes);
    const bool whole_block = lanes > 32;
    if (row >= n_rows)
        return;
    const REAL* const rows[2] = {z + row * k, u + row * k};
    Logits sums;
    visit(rows, k, lane, n_lanes, sums);
    real top_z = lanes_max(sums.top_z), top_u = lanes_max(sums.top_u);
    if (whole_block) {
        tops[0][threadIdx.x / 32] = top_z;
        tops[1][threadIdx.x / 32] = top_u;
        __syncthreads();
        for (int warp = 0; warp < n_lanes / 32; ++warp) {
            top_z = max(top_z, static_cast<real>(tops[0][warp]));
            top_u = max(top_u, static_cast<real>(tops[1][warp]));
        }
    }
    sums.raise(top_z, top_u);
    sums.sum_z = whole_block ? block_sum(sums.sum_z) : lanes_sum(sums.sum_z);
    sums.sum_u = whole_block ? block_sum(sums.sum_u) : lanes_sum(sums.sum_u);
    sums.sum_e = whole_block ? block_sum(sums.sum_e) : lanes_sum(sums.sum_e);
    double value = sums.divergence();
    if (value < SMALL) {
        NearZero near(sums);
        visit(rows, k, lane, n_lanes, near);
        near.excess = whole_block ? block_sum(near.excess) : lanes_sum(near.excess);
        near.weight = whole_block ? block_sum(near.weight) : lanes_sum(near.weight);
        near.lost = whole_block ? block_sum(near.lost) : lanes_sum(near.lost);
        value = near.divergence();
    }
    if (lane == 0) {
        out[row] = value;
        if (value != value)
            atomicAdd(n_bad, 1ull);
    }
}

extern "C" __global__ void __launch_bounds__(128)
softmax_kl_tiles(const REAL* z, const REAL* u, double* out, u64* n_bad, i64 n_rows, i64 k,
                 i64 lanes, i64 tile)
{
    __shared__ __align__(16) unsigned char room[2][TILE_BYTES];
    REAL *a = reinterpret_cast<REAL*>(room[0]), *b = reinterpret_cast<REAL*>(room[1]);
    const i64 first = blockIdx.x * tile;
    const int n = static_cast<int>(min(tile, n_rows - first)), width = static_cast<int>(k);
    stage(z + first * k, a, n * width);
    stage(u + first * k, b, n * width);
    __syncthreads();
    const int n_lanes = static_cast<int>(lanes), lane = threadIdx.x % n_lanes;
    const int together = blockDim.x / n_lanes;
    for (int base = 0; base < n; base += together) {
        // Groups beyond the last row go along with it: all lanes are needed for the sums.
        const int group = base + threadIdx.x / n_lanes, row = min(group, n - 1);
        const REAL *x = a + row * width, *y = b + row * width;
        Logits sums;
        real top_z = sums.top_z, top_u = sums.top_u;
        for (int j = lane; j < width; j += n_lanes) {
            top_z = max(top_z, widen(x[j]));
            top_u = max(top_u, widen(y[j]));
        }
        sums.top_z = lanes_max(top_z, n_lanes);
        sums.top_u = lanes_max(top_u, n_lanes);
        visit_staged(x, y, width, lane, n_lanes, sums);
        sums.sum_z = lanes_sum(sums.sum_z, n_lanes);
        sums.sum_u = lanes_sum(sums.sum_u, n_lanes);
        sums.sum_e = lanes_sum(sums.sum_e, n_lanes);
        double value = sums.divergence();
        if (__any_sync(FULL_WARP, value < SMALL)) {
            NearZero near(sums);
            visit_staged(x, y, width, lane, n_lanes, near);
            near.excess = lanes_sum(near.excess, n_lanes);
            near.weight = lanes_sum(near.weight, n_lanes);
            near.lost = lanes_sum(near.lost, n_lanes);
            value = value < SMALL ? near.divergence() : value;
        }
        if (group < n && lane == 0) {
            out[first + row] = value;
            if (value != value)
                atomicAdd(n_bad, 1ull);
        }
    }
}
