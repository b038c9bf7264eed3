// p log(p/q) - p + q: of rows of probabilities, and of weighted outputs. Sums are double.
#include "rows.cuh"

typedef REAL real;

__device__ __forceinline__ int exponent_bits(float) { return 23; }
__device__ __forceinline__ int exponent_bits(double) { return 52; }
__device__ __forceinline__ int to_bits(float x) { return __float_as_int(x); }
__device__ __forceinline__ i64 to_bits(double x) { return __double_as_longlong(x); }
__device__ __forceinline__ float from_bits(int x) { return __int_as_float(x); }
__device__ __forceinline__ double from_bits(i64 x) { return __longlong_as_double(x); }
__device__ __forceinline__ float smallest_normal(float) { return 1.17549435e-38f; }
__device__ __forceinline__ double smallest_normal(double) { return 2.2250738585072014e-308; }

// (s**3/3 + s**5/5 + ...) for |s| <= 0.2, to rounding.
__device__ __forceinline__ float odd_terms(float s, float z)
{
    float odd = fmaf(1.0f / 9.0f, z, 1.0f / 7.0f);
    odd = fmaf(odd, z, 1.0f / 5.0f);
    odd = fmaf(odd, z, 1.0f / 3.0f);
    return odd * z * s;
}
__device__ __forceinline__ double odd_terms(double s, double z)
{
    double odd = 1.0 / 23.0;
#pragma unroll
    for (int n = 21; n >= 3; n -= 2)
        odd = fma(odd, z, 1.0 / n);
    return odd * z * s;
}

__device__ __forceinline__ float ratio(float x, float y)
{
    const float near = __fdividef(x, y);
    return fmaf(fmaf(-near, y, x), __fdividef(1.0f, y), near);
}
__device__ __forceinline__ double ratio(double x, double y) { return x / y; }

// p log(p/q) - p + q of positive numbers, where a and b are p and q, times 2**-lift in a / b if
// they were not normal. As in the package elementary: a/b = 2**k (1 + s)/(1 - s), and for k = 0 the
// leading terms are taken out by hand, so that nothing cancels where p is near q.
template <class T> __device__ __forceinline__ T entropy_term(T p, T q, T a, T b, int lift)
{
    const int width = exponent_bits(p);
    const decltype(to_bits(p)) octave = 1;
    auto k = (to_bits(a) - to_bits(b) + (octave << (width - 1))) >> width;
    const T c = from_bits(to_bits(b) + k * (octave << width));
    k += lift;
    const T s = ratio(a - c, a + c), z = s * s, odd = odd_terms(s, z);
    const T near = (p + q) * (z + (1 + s) * odd);
    const T log_ratio = static_cast<T>(k) * static_cast<T>(0.69314718055994530942) + 2 * (s + odd);
    return k == 0 ? near : p * log_ratio - p + q;
}

// The same of any numbers: zeros, subnormal and infinite ones, and NaN for negative ones.
__device__ __noinline__ double any_entropy_term(double p, double q)
{
    if (!(p >= 0.0 && q >= 0.0))
        return not_a_number();
    if (p == 0.0 || q == 0.0)
        return p > 0.0 ? (p < infinity() ? infinity() : not_a_number()) : q;
    const bool low_p = p < smallest_normal(p), low_q = q < smallest_normal(q);
    const double lift = 18014398509481984.0;  // 2**54
    return entropy_term(p, q, low_p ? p * lift : p, low_q ? q * lift : q,
                        (low_q ? 54 : 0) - (low_p ? 54 : 0));
}

// Sums over a row of the terms, of p, and of q - p, which would be lost in the sum of q.
struct Excess {
    double total = 0.0, p_sum = 0.0, change = 0.0;

    template <int N> __device__ __forceinline__ void add(const real (&x)[2][N])
    {
        const real *p = x[0], *q = x[1];
        real terms = 0, low = p[0], s = 0, v = 0;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            terms += entropy_term(p[i], q[i], p[i], q[i], 0);
            low = min(low, min(p[i], q[i]));
            s += p[i];
            v += q[i] - p[i];
        }
        double sum = terms;
        if (!(low >= smallest_normal(low))) {
            sum = 0.0;
#pragma unroll
            for (int i = 0; i < N; ++i)
                sum += any_entropy_term(p[i], q[i]);
        }
        total += sum;
        p_sum += s;
        change += v;
    }
};

// What becomes of a row's sums: they are written; or KL of p / sum p from q / sum q, which they
// enter to second order only, as d - log(1 + d).
struct Sums {
    double *out, *p_total, *q_total;

    __device__ __forceinline__ double write(const Excess& sums, i64 row) const
    {
        p_total[row] = sums.p_sum;
        q_total[row] = sums.p_sum + sums.change;
        return out[row] = sums.total;
    }
};
struct Normalised {
    double* out;
    double tolerance;

    __device__ __forceinline__ double write(const Excess& sums, i64 row) const
    {
        const double p_total = sums.p_sum, q_total = p_total + sums.change;
        const double over = 1.0 / p_total, d = sums.change * over;
        const double kl = sums.total * over - d * d * (1.0 / 2.0 - d * (1.0 / 3.0 - d / 4.0));
        const bool is_row = fabs(p_total - 1.0) <= tolerance && fabs(q_total - 1.0) <= tolerance;
        return out[row] = is_row ? (kl < 0.0 ? 0.0 : kl) : not_a_number();
    }
};

// Long rows: a warp each, or the whole block.
template <class Result>
__device__ __forceinline__ void by_rows(const REAL* p, const REAL* q, const Result& result,
                                        u64* n_bad, i64 n_rows, i64 k, int n_lanes)
{
    const i64 row = blockIdx.x * static_cast<i64>(blockDim.x / n_lanes) + threadIdx.x / n_lanes;
    const int lane = threadIdx.x % n_lanes;
    if (row >= n_rows)
        return;
    const REAL* const rows[2] = {p + row * k, q + row * k};
    Excess sums;
    visit(rows, k, lane, n_lanes, sums);
    if (n_lanes == 32) {
        sums.total = lanes_sum(sums.total);
        sums.p_sum = lanes_sum(sums.p_sum);
        sums.change = lanes_sum(sums.change);
    } else {
        sums.total = block_sum(sums.total);
        sums.p_sum = block_sum(sums.p_sum);
        sums.change = block_sum(sums.change);
    }
    if (lane == 0) {
        const double value = result.write(sums, row);
        if (value != value)
            atomicAdd(n_bad, 1ull);
    }
}

// Short rows: a tile of them in shared memory, then `n_lanes` lanes a row.
template <class Result>
__device__ __forceinline__ void by_tiles(const REAL* p, const REAL* q, const Result& result,
                                         u64* n_bad, i64 n_rows, int k, int n_lanes, i64 tile)
{
    __shared__ __align__(16) unsigned char room[2][TILE_BYTES];
    REAL *a = reinterpret_cast<REAL*>(room[0]), *b = reinterpret_cast<REAL*>(room[1]);
    const i64 first = blockIdx.x * tile;
    const int n = static_cast<int>(min(tile, n_rows - first));
    stage(p + first * k, a, n * k);
    stage(q + first * k, b, n * k);
    __syncthreads();
    const int lane = threadIdx.x % n_lanes, together = blockDim.x / n_lanes;
    for (int base = 0; base < n; base += together) {
        const int row = base + threadIdx.x / n_lanes;
        Excess sums;
        if (row < n)
            visit_staged(a + row * k, b + row * k, k, lane, n_lanes, sums);
        sums.total = lanes_sum(sums.total, n_lanes);
        sums.p_sum = lanes_sum(sums.p_sum, n_lanes);
        sums.change = lanes_sum(sums.change, n_lanes);
        if (row < n && lane == 0) {
            const double value = result.write(sums, first + row);
            if (value != value)
                atomicAdd(n_bad, 1ull);
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
generalized_kl_rows(const REAL* p, const REAL* q, double* out, double* p_total, double* q_total,
                    u64* n_bad, i64 n_rows, i64 k, i64 lanes)
{
    by_rows(p, q, Sums{out, p_total, q_total}, n_bad, n_rows, k, static_cast<int>(lanes));
}

extern "C" __global__ void __launch_bounds__(128)
generalized_kl_tiles(const REAL* p, const REAL* q, double* out, double* p_total, double* q_total,
                     u64* n_bad, i64 n_rows, i64 k, i64 lanes, i64 tile)
{
    by_tiles(p, q, Sums{out, p_total, q_total}, n_bad, n_rows, static_cast<int>(k),
             static_cast<int>(lanes), tile);
}

extern "C" __global__ void __launch_bounds__(256)
simplex_kl_rows(const REAL* p, const REAL* q, double tolerance, double* out, u64* n_bad, i64 n_rows,
                i64 k, i64 lanes)
{
    by_rows(p, q, Normalised{out, tolerance}, n_bad, n_rows, k, static_cast<int>(lanes));
}

extern "C" __global__ void __launch_bounds__(128)
simplex_kl_tiles(const REAL* p, const REAL* q, double tolerance, double* out, u64* n_bad,
                 i64 n_rows, i64 k, i64 lanes, i64 tile)
{
    by_tiles(p, q, Normalised{out, tolerance}, n_bad, n_rows, static_cast<int>(k),
             static_cast<int>(lanes), tile);
}

// Sums over outputs: a thread takes four at a time, so that their loads wait together.
struct Outputs {
    double excess = 0.0, f_total = 0.0, g_total = 0.0;

    template <int N>
    __device__ __forceinline__ void add(const double (&a)[N], const double (&b)[N],
                                        const double (&w)[N])
    {
#pragma unroll
        for (int i = 0; i < N; ++i) {
            // Of a number and NaN these are the number; the term is NaN then, either way.
            const double low = min(a[i], b[i]), high = max(a[i], b[i]);
            double term = entropy_term(a[i], b[i], a[i], b[i], 0);
            if (!(low >= smallest_normal(low) && high < infinity()))
                term = low > 0.0 && high < infinity() ? any_entropy_term(a[i], b[i])
                                                      : not_a_number();
            excess += w[i] * term;
            f_total += w[i] * a[i];
            g_total += w[i] * b[i];
        }
    }
};

// A chunk of outputs a block; the last block adds what the others have left. `weight` may be null.
extern "C" __global__ void __launch_bounds__(256)
output_kl(const REAL* f, const REAL* g, const double* weight, double f_scale, double g_scale,
          double* part, unsigned* counter, double* sums, i64* status, i64 n, i64 chunk)
{
    Outputs outputs;
    const i64 stop = min((blockIdx.x + 1ll) * chunk, n), step = blockDim.x;
    i64 i = blockIdx.x * chunk + threadIdx.x;
#pragma unroll 1
    for (; i + 3 * step < stop; i += 4 * step) {
        double a[4], b[4], w[4];
#pragma unroll
        for (int u = 0; u < 4; ++u) {
            a[u] = f[i + u * step] * f_scale;
            b[u] = g[i + u * step] * g_scale;
            w[u] = weight ? weight[i + u * step] : 1.0;
        }
        outputs.add<4>(a, b, w);
    }
#pragma unroll 1
    for (; i < stop; i += step) {
        const double a[1] = {f[i] * f_scale}, b[1] = {g[i] * g_scale};
        const double w[1] = {weight ? weight[i] : 1.0};
        outputs.add<1>(a, b, w);
    }
    double own[3] = {outputs.excess, outputs.f_total, outputs.g_total};
    for (int s = 0; s < 3; ++s) {
        own[s] = block_sum(own[s]);
        if (threadIdx.x == 0)
            part[3 * blockIdx.x + s] = own[s];
    }
    if (!last_block(counter, gridDim.x))
        return;
    for (int s = 0; s < 3; ++s) {
        double sum = 0.0;
        for (unsigned block = threadIdx.x; block < gridDim.x; block += blockDim.x)
            sum += __ldcg(part + 3 * block + s);
        sum = block_sum(sum);
        if (threadIdx.x == 0)
            sums[s] += sum;
    }
    if (threadIdx.x == 0)
        *status = sums[0] != sums[0];
}
