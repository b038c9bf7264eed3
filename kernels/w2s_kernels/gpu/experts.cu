// Experts: log phi(y; x, theta_k) of a tile, and what their sums add up. A thread has a row. Names
// as in the CPU's kernels; `*_weights` write, for the rows from `start` on, what the sums of
// products of features are weighted with. A missing label adds nothing.
#include "em.cuh"

#define HALF_LOG_2PI 0.9189385332046727
#define HIGHEST 300.0  // logarithm of a Poisson rate; no count is as large

__device__ __forceinline__ double log_normal(double residual, double log_scale)
{
    const double precision = 0.5 * exp(-2.0 * log_scale);
    return observed(residual) ? -HALF_LOG_2PI - log_scale - precision * residual * residual : 0.0;
}

extern "C" __global__ void gaussian_log_prob(
    const double* X, const double* Y, const double* coef, const double* log_scale,
    i64 n_rows, i64 n_experts, i64 n_outputs, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    for (i64 k = 0; k < n_experts; ++k) {
        double sum = 0.0;
        for (i64 m = 0; m < n_outputs; ++m, coef += n_features, ++log_scale) {
            const double residual = Y[m * n_rows + t] - linear(coef, X + t, n_features, n_rows);
            sum += log_normal(residual, *log_scale);
        }
        out[k * n_rows + t] += sum;
    }
}

// Of a row's residuals e and responsibilities r, in the order of the rows of `out`: r e for every
// expert and output (where e lies), r for every expert, r e^2. The outputs are observed together.
__device__ __forceinline__ void gaussian_products(
    const double* resp, i64 n_rows, i64 size, i64 n_experts, i64 n_outputs, double* out)
{
    double* count = out + n_experts * n_outputs * size;
    double* square = count + n_experts * size;
    for (i64 k = 0; k < n_experts; ++k, count += size) {
        *count = 0.0;
        for (i64 m = 0; m < n_outputs; ++m, out += size, square += size) {
            const double e = observed(*out) ? *out : 0.0;
            const double r = observed(*out) ? resp[k * n_rows] : 0.0;
            *count = r;
            *out = r * e;
            *square = r * e * e;
        }
    }
}

extern "C" __global__ void gaussian_weights(
    const double* X, const double* Y, const double* coef, const double* resp,
    i64 n_rows, i64 start, i64 size, i64 n_experts, i64 n_outputs, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= size)
        return;
    X += start + t;
    Y += start + t;
    for (i64 k = 0; k < n_experts; ++k)
        for (i64 m = 0; m < n_outputs; ++m, coef += n_features)
            out[(k * n_outputs + m) * size + t] =
                Y[m * n_rows] - linear(coef, X, n_features, n_rows);
    gaussian_products(resp + start + t, n_rows, size, n_experts, n_outputs, out + t);
}

// gaussian_log_prob, posterior and gaussian_weights in one; the last row of `out` is the weighted
// log evidence. log_gate has a column for every row, or one for all.
extern "C" __global__ void gaussian_pass(
    const double* X, const double* Y, const double* weight, const double* log_gate, i64 one_column,
    const double* coef, const double* log_scale, i64 n_rows, i64 start, i64 size,
    i64 n_experts, i64 n_outputs, i64 n_features, double* resp, double* out)
{
    const i64 t = own_row();
    if (t >= size)
        return;
    X += start + t;
    Y += start + t;
    resp += start + t;
    for (i64 k = 0; k < n_experts; ++k) {
        double sum = log_gate[one_column ? k : k * n_rows + start + t];
        for (i64 m = 0; m < n_outputs; ++m, coef += n_features, ++log_scale) {
            const double residual = Y[m * n_rows] - linear(coef, X, n_features, n_rows);
            out[(k * n_outputs + m) * size + t] = residual;
            sum += log_normal(residual, *log_scale);
        }
        resp[k * n_rows] = sum;
    }
    const double own_weight = weight[start + t];
    const double evidence = normalise(resp, n_experts, n_rows, own_weight);
    gaussian_products(resp, n_rows, size, n_experts, n_outputs, out + t);
    out[n_experts * (2 * n_outputs + 1) * size + t] = own_weight * evidence;
}

extern "C" __global__ void poisson_log_prob(
    const double* X, const double* Y, const double* coef,
    i64 n_rows, i64 n_experts, i64 n_outputs, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    for (i64 k = 0; k < n_experts; ++k) {
        double sum = 0.0;
        for (i64 m = 0; m < n_outputs; ++m, coef += n_features) {
            const double y = Y[m * n_rows + t], eta = linear(coef, X + t, n_features, n_rows);
            sum += observed(y) ? y * eta - exp(eta < HIGHEST ? eta : HIGHEST) : 0.0;
        }
        out[k * n_rows + t] += sum;
    }
}

// For every expert and output: r (y - mu), then r mu, then r.
extern "C" __global__ void poisson_weights(
    const double* X, const double* Y, const double* coef, const double* resp,
    i64 n_rows, i64 start, i64 size, i64 n_experts, i64 n_outputs, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= size)
        return;
    X += start + t;
    Y += start + t;
    resp += start + t;
    out += t;
    const i64 block = n_experts * n_outputs * size;
    for (i64 k = 0; k < n_experts; ++k)
        for (i64 m = 0; m < n_outputs; ++m, coef += n_features, out += size) {
            const double y = Y[m * n_rows], eta = linear(coef, X, n_features, n_rows);
            const double r = observed(y) ? resp[k * n_rows] : 0.0;
            const double rate = r * exp(eta < HIGHEST ? eta : HIGHEST);
            out[0] = observed(y) ? r * y - rate : 0.0;
            out[block] = rate;
            out[2 * block] = r;
        }
}

// log sum_c exp(coef[c] @ x), the reference's logit being zero.
__device__ __forceinline__ LogSumExp multinomial_evidence(
    const double* coef, const double* x, i64 n_free, i64 n_features, i64 n_rows)
{
    LogSumExp evidence(0.0);
    for (i64 c = 0; c < n_free; ++c)
        evidence.add(linear(coef + c * n_features, x, n_features, n_rows));
    return evidence;
}

extern "C" __global__ void multinomial_log_prob(
    const double* X, const double* Y, const double* coef,
    i64 n_rows, i64 n_experts, i64 n_free, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    for (i64 k = 0; k < n_experts; ++k, coef += n_free * n_features) {
        double sum = 0.0;
        for (i64 c = 0; c < n_free; ++c) {
            const double y = Y[c * n_rows + t];
            if (observed(y) && y != 0.0)
                sum += y * linear(coef + c * n_features, X + t, n_features, n_rows);
        }
        if (observed(Y[t]))
            sum -= multinomial_evidence(coef, X + t, n_free, n_features, n_rows).value();
        out[k * n_rows + t] += sum;
    }
}

// For every expert: r (y_c - p_c) for every class, then r p_c (1[b = c] - p_b) for b <= c, then r.
extern "C" __global__ void multinomial_weights(
    const double* X, const double* Y, const double* coef, const double* resp,
    i64 n_rows, i64 start, i64 size, i64 n_experts, i64 n_free, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= size)
        return;
    X += start + t;
    Y += start + t;
    out += t;
    const i64 n_pairs = n_free * (n_free + 1) / 2;
    double* curvature = out + n_experts * n_free * size;
    double* count = curvature + n_experts * n_pairs * size;
    for (i64 k = 0; k < n_experts; ++k, coef += n_free * n_features, out += n_free * size) {
        const double r = observed(Y[0]) ? resp[k * n_rows + start + t] : 0.0;
        const double evidence = multinomial_evidence(coef, X, n_free, n_features, n_rows).value();
        count[k * size] = r;
        for (i64 c = 0; c < n_free; ++c)
            out[c * size] =
                exp(linear(coef + c * n_features, X, n_features, n_rows) - evidence);
        for (i64 c = 0; c < n_free; ++c) {
            const double p = out[c * size];
            for (i64 b = 0; b < c; ++b, curvature += size)
                *curvature = -r * p * out[b * size];
            *curvature = r * p * (1.0 - p);
            curvature += size;
        }
        for (i64 c = 0; c < n_free; ++c) {
            const double y = Y[c * n_rows];
            out[c * size] = observed(y) ? r * (y - out[c * size]) : 0.0;
        }
    }
}
