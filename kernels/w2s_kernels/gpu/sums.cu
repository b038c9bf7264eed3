// Weighted sums, over rows, of products of features: what every step of the EM needs of its rows.
#include "reduce.cuh"

// Row i and column j <= i of number q of a lower triangle.
__device__ __forceinline__ void place_in_triangle(i64 q, i64& i, i64& j)
{
    i = static_cast<i64>((sqrt(8.0 * static_cast<double>(q) + 1.0) - 1.0) / 2.0);
    while (i * (i + 1) / 2 > q)
        --i;
    while ((i + 1) * (i + 2) / 2 <= q)
        ++i;
    j = q - i * (i + 1) / 2;
}

// For every block of rows: sum w x_i x_j (j <= i) for weights `second`, sum w x_i for `first` and
// sum w for `zeroth`, one after the other in `partial`. X (n_features, n_rows) is read from row
// `start` on; the weights have `size` rows. A thread has one product and up to four weights; where
// there are fewer such tasks than threads, groups of threads share the rows.
extern "C" __global__ void __launch_bounds__(THREADS, 3) partial_sums(
    const double* X, i64 n_rows, i64 start, i64 size, i64 n_features,
    const double* second, i64 n_second, const double* first, i64 n_first,
    const double* zeroth, i64 n_zeroth, i64 length, i64 width, double* partial)
{
    __shared__ double room[FEATURE_ROOM];
    const i64 n_pairs = n_features * (n_features + 1) / 2;
    const i64 tasks_second = (n_second + SHARING - 1) / SHARING * n_pairs;
    const i64 tasks_first = (n_first + SHARING - 1) / SHARING * n_features;
    const i64 n_tasks = tasks_second + tasks_first + (n_zeroth + SHARING - 1) / SHARING;
    const int group = threadIdx.x / width, n_groups = THREADS / width;
    const i64 number = blockIdx.y * width + threadIdx.x % width;
    const bool busy = group < n_groups && number < n_tasks;

    // The task: which features, which weights, and where the sums go. Feature n_features is 1.
    i64 i = n_features, j = n_features, begin = 0, n_weights = n_zeroth, step = 1, task = number;
    i64 out = n_second * n_pairs + n_first * n_features;
    const double* weight = zeroth;
    if (task < tasks_second) {
        place_in_triangle(task % n_pairs, i, j);
        begin = task / n_pairs * SHARING;
        weight = second, n_weights = n_second, step = n_pairs, out = task % n_pairs;
    } else if ((task -= tasks_second) < tasks_first) {
        i = task % n_features;
        begin = task / n_features * SHARING;
        weight = first, n_weights = n_first, step = n_features, out = n_second * n_pairs + i;
    } else {
        begin = (task - tasks_first) * SHARING;
    }
    weight += begin * size;
    // Past the last weight it is taken again, and not written.
    int skip[SHARING];
    for (int u = 0; u < SHARING; ++u)
        skip[u] = static_cast<int>((min(begin + u, n_weights - 1) - begin) * size);

    const int n_here = static_cast<int>(length);  // rows of a strip: a thread loads of one of them
    const int pitch = n_here | 1;                 // odd: features of a row lie in different banks
    const int own = threadIdx.x % n_here, loaders = THREADS / n_here;
    const int first_feature = threadIdx.x / n_here;
    const double *a = room + i * pitch, *b = room + j * pitch;
    if (first_feature == 0)
        room[n_features * pitch + own] = 1.0;
    double sum[SHARING] = {};
    for (i64 at = blockIdx.x * length; at < size; at += gridDim.x * length) {
        const int stop = static_cast<int>(min(length, size - at));
        __syncthreads();
        if (own < stop && first_feature < loaders)
            for (int feature = first_feature; feature < n_features; feature += loaders)
                room[feature * pitch + own] = X[feature * n_rows + start + at + own];
        __syncthreads();
        if (!busy)
            continue;
        for (int t = group; t < stop; t += n_groups) {
            const double* own_weight = weight + at + t;
            const double product = a[t] * b[t];
#pragma unroll
            for (int u = 0; u < SHARING; ++u)
                sum[u] += __ldg(own_weight + skip[u]) * product;
        }
    }
    // The groups' sums, always in the same order.
    __syncthreads();
    for (int u = 0; u < SHARING; ++u)
        room[u * THREADS + threadIdx.x] = sum[u];
    __syncthreads();
    if (!busy || group > 0)
        return;
    const i64 n_sums = n_second * n_pairs + n_first * n_features + n_zeroth;
    for (int u = 0; u < SHARING && begin + u < n_weights; ++u) {
        double total = 0.0;
        for (int g = 0; g < n_groups; ++g)
            total += room[u * THREADS + g * width + threadIdx.x];
        partial[blockIdx.x * n_sums + out + (begin + u) * step] = total;
    }
}

// Sums over the blocks, one warp for each; both triangles of the products are written.
extern "C" __global__ void total_sums(
    const double* partial, i64 n_blocks, i64 n_sums, i64 n_features, i64 n_second, double* out)
{
    const i64 number = blockIdx.x, n_pairs = n_features * (n_features + 1) / 2;
    double sum = 0.0;
    for (i64 b = threadIdx.x; b < n_blocks; b += 32)
        sum += partial[b * n_sums + number];
    sum = lanes_sum(sum);
    if (threadIdx.x > 0)
        return;
    if (number < n_second * n_pairs) {
        i64 i, j;
        place_in_triangle(number % n_pairs, i, j);
        double* square = out + number / n_pairs * n_features * n_features;
        square[i * n_features + j] = square[j * n_features + i] = sum;
    } else {
        out[n_second * (n_features * n_features - n_pairs) + number] = sum;
    }
}
