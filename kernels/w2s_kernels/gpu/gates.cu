// Gates: log p(k | x) of a tile, and what their sums add up. A thread has a row.
#include "em.cuh"

extern "C" __global__ void softmax_log_prob(
    const double* X, const double* coef, i64 n_rows, i64 n_features, i64 n_experts, double* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    out[t] = linear(coef, X + t, n_features, n_rows);
    LogSumExp evidence(out[t]);
    for (i64 k = 1; k < n_experts; ++k) {
        const double logit = linear(coef + k * n_features, X + t, n_features, n_rows);
        out[k * n_rows + t] = logit;
        evidence.add(logit);
    }
    for (i64 k = 0; k < n_experts; ++k)
        out[k * n_rows + t] -= evidence.value();
}

// Of rows from `start` on: resp_k - w p_k for k = 1, 2, ..., then w p_k (1[j = k] - p_j) for
// 1 <= j <= k. The weight w is the sum of the row's responsibilities.
extern "C" __global__ void softmax_weights(
    const double* log_prob, const double* resp, i64 n_rows, i64 start, i64 size, i64 n_experts,
    double* out)
{
    const i64 t = own_row();
    if (t >= size)
        return;
    log_prob += start + t;
    resp += start + t;
    out += t;
    double weight = 0.0;
    for (i64 k = 0; k < n_experts; ++k)
        weight += resp[k * n_rows];
    double* curvature = out + (n_experts - 1) * size;
    for (i64 k = 1; k < n_experts; ++k) {
        const double p = exp(log_prob[k * n_rows]);
        out[(k - 1) * size] = resp[k * n_rows] - weight * p;
        for (i64 j = 1; j < k; ++j, curvature += size)
            *curvature = -weight * p * exp(log_prob[j * n_rows]);
        *curvature = weight * p * (1.0 - p);
        curvature += size;
    }
}

// (1, z, z_i z_j for i <= j) of rows (1, z).
extern "C" __global__ void quadratic_features(
    const double* X, i64 n_rows, i64 n_features, double* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    for (i64 i = 0; i < n_features; ++i, out += n_rows)
        out[t] = X[i * n_rows + t];
    for (i64 i = 1; i < n_features; ++i)
        for (i64 j = i; j < n_features; ++j, out += n_rows)
            out[t] = X[i * n_rows + t] * X[j * n_rows + t];
}
