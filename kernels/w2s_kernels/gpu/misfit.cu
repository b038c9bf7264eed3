// Misfit and both errors of many tasks: six weighted sums of each, in one launch. Sums are double.
#include "rows.cuh"

#define N_SUMS 6

struct Errors {
    double total = 0.0, labelled = 0.0, misfit = 0.0, there = 0.0, weak = 0.0, student = 0.0;

    // Rows of the weak model, the student, the truth (NaN where there is none) and, if M is 4, of
    // the weights. A row of weight zero does not count, whatever its numbers.
    template <int N, int M, class wide>
    __device__ __forceinline__ void add_rows(const wide (&x)[M][N])
    {
#pragma unroll
        for (int i = 0; i < N; ++i) {
            const double w = M == 4 ? static_cast<double>(x[M - 1][i]) : 1.0;
            const bool counts = w > 0.0;
            const double a = counts ? x[0][i] : 0.0, b = counts ? x[1][i] : 0.0, c = x[2][i];
            const double known = c == c ? w : 0.0, truth = known > 0.0 ? c : 0.0;
            const double apart = (b - a) * (b - a);
            total += w;
            labelled += known;
            misfit += w * apart;
            there += known * apart;
            weak += known * ((truth - a) * (truth - a));
            student += known * ((truth - b) * (truth - b));
        }
    }

    template <int N, class wide> __device__ __forceinline__ void add(const wide (&x)[3][N])
    {
        add_rows<N>(x);
    }
    template <int N, class wide> __device__ __forceinline__ void add(const wide (&x)[4][N])
    {
        add_rows<N>(x);
    }
};

// A chunk of a task's rows a block; the task's last block adds what the others have left.
template <int M>
__device__ __forceinline__ void add_chunk(const REAL* const (&rows)[M], i64 size, double* part,
                                          unsigned* counter, double* sums, u64* n_bad)
{
    Errors errors;
    visit(rows, size, threadIdx.x, blockDim.x, errors);
    double own[N_SUMS] = {errors.total, errors.labelled, errors.misfit,
                          errors.there, errors.weak,     errors.student};
    double* task = part + static_cast<i64>(blockIdx.x) * gridDim.y * N_SUMS;
#pragma unroll
    for (int s = 0; s < N_SUMS; ++s) {
        own[s] = block_sum(own[s]);
        if (threadIdx.x == 0)
            task[blockIdx.y * N_SUMS + s] = own[s];
    }
    if (!last_block(counter + blockIdx.x, gridDim.y))
        return;
    bool finite = true;
    for (int s = 0; s < N_SUMS; ++s) {
        double sum = 0.0;
        for (unsigned block = threadIdx.x; block < gridDim.y; block += blockDim.x)
            sum += __ldcg(task + block * N_SUMS + s);
        sum = block_sum(sum);
        if (threadIdx.x == 0) {
            const double all = sums[blockIdx.x * N_SUMS + s] += sum;
            finite = finite && all - all == 0.0;
        }
    }
    if (threadIdx.x == 0 && !finite)
        atomicAdd(n_bad, 1ull);
}

extern "C" __global__ void __launch_bounds__(256)
squared_errors(const REAL* weak, const REAL* student, const REAL* truth, double* part,
               unsigned* counter, double* sums, u64* n_bad, i64 n, i64 chunk)
{
    const i64 first = blockIdx.y * chunk, at = blockIdx.x * n + first;
    const REAL* const rows[3] = {weak + at, student + at, truth + at};
    add_chunk(rows, min(chunk, n - first), part, counter, sums, n_bad);
}

// `every` is 0 where one row of weights is every task's, and n where each has its own.
extern "C" __global__ void __launch_bounds__(256)
weighted_squared_errors(const REAL* weak, const REAL* student, const REAL* truth,
                        const REAL* weight, i64 every, double* part, unsigned* counter,
                        double* sums, u64* n_bad, i64 n, i64 chunk)
{
    const i64 first = blockIdx.y * chunk, at = blockIdx.x * n + first;
    const REAL* const rows[4] = {weak + at, student + at, truth + at,
                                 weight + blockIdx.x * every + first};
    add_chunk(rows, min(chunk, n - first), part, counter, sums, n_bad);
}
