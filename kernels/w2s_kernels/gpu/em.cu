// What every EM pass does with a tile, whatever the experts and gates are: a thread has a row.
#include "em.cuh"

// matrix @ (row - shift) of the rows of a C-ordered (n_rows, n_features) array. Where the matrix is
// zero, a missing value does not count.
extern "C" __global__ void whiten(
    const REAL* rows, const double* shift, const double* matrix,
    i64 n_rows, i64 n_features, i64 n_components, double* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    const REAL* row = rows + t * n_features;
    for (i64 i = 0; i < n_components; ++i) {
        double sum = 0.0;
        for (i64 j = 0; j < n_features; ++j) {
            const double m = matrix[i * n_features + j];
            if (m != 0.0)
                sum += m * (static_cast<double>(row[j]) - shift[j]);
        }
        out[i * n_rows + t] = sum;
    }
}

extern "C" __global__ void posterior(
    double* log_joint, const double* weight, i64 n_rows, i64 n_experts, double* log_evidence)
{
    const i64 t = own_row();
    if (t < n_rows)
        log_evidence[t] = normalise(log_joint + t, n_experts, n_rows, weight[t]);
}

// One round of splitmix64 on the state xored with a value's bits.
__device__ __forceinline__ u64 mix(u64 state, u64 value)
{
    u64 z = (state ^ value) + 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// The bits of a number; those of -0.0 are those of 0.0.
__device__ __forceinline__ u64 bits_of(double x)
{
    const u64 bits = static_cast<u64>(__double_as_longlong(x));
    return bits == 0x8000000000000000ull ? 0 : bits;
}

// The same bits as on the CPU: a seed means the same start everywhere.
extern "C" __global__ void hash_rows(
    const REAL* X, const double* Y, i64 n_rows, i64 n_features, i64 n_outputs, i64 seed, u64* out)
{
    const i64 t = own_row();
    if (t >= n_rows)
        return;
    u64 state = mix(static_cast<u64>(seed), 0);
    for (i64 j = 0; j < n_features; ++j)
        state = mix(state, bits_of(static_cast<double>(X[t * n_features + j])));
    for (i64 j = 0; j < n_outputs; ++j) {
        const double y = Y[t * n_outputs + j];
        if (!observed(y))
            state = mix(state, 1);
        state = mix(state, bits_of(observed(y) ? y : 0.5));
    }
    out[t] = state;
}
