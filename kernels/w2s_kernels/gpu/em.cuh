// What a thread does with its row of a tile: arrays have a column for every row, and n_rows numbers
// lie between one number of a row and the next.
#pragma once
#include "base.cuh"

// The row of this thread; kernels return where it is past the last.
__device__ __forceinline__ i64 own_row()
{
    return static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ bool observed(double y) { return y == y; }

// coef @ x
__device__ __forceinline__ double linear(const double* coef, const double* x, i64 n_features,
                                         i64 n_rows)
{
    double sum = 0.0;
    for (i64 i = 0; i < n_features; ++i)
        sum += coef[i] * x[i * n_rows];
    return sum;
}

// The logarithm of a sum of exponentials that come one at a time.
struct LogSumExp {
    double top, total;
    __device__ __forceinline__ explicit LogSumExp(double first) : top(first), total(1.0) {}
    __device__ __forceinline__ void add(double value)
    {
        if (value > top) {
            total = total * exp(top - value) + 1.0;
            top = value;
        } else {
            total += exp(value - top);
        }
    }
    __device__ __forceinline__ double value() const { return top + log(total); }
};

// Turn log joint probabilities into weighted responsibilities; returns the log evidence.
__device__ __forceinline__ double normalise(double* joint, i64 n_experts, i64 n_rows, double weight)
{
    double top = joint[0];
    for (i64 k = 1; k < n_experts; ++k)
        top = joint[k * n_rows] > top ? joint[k * n_rows] : top;
    double total = 0.0;
    for (i64 k = 0; k < n_experts; ++k)
        total += joint[k * n_rows] = exp(joint[k * n_rows] - top);
    const double scale = weight / total;
    for (i64 k = 0; k < n_experts; ++k)
        joint[k * n_rows] *= scale;
    return top + log(total);
}
