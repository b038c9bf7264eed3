// Types of numbers, 16-byte loads, and constants. Compiled by NVRTC, without CUDA's own headers.

typedef unsigned long long u64;
typedef long long i64;

#define FULL_WARP 0xffffffffu

struct half_t { unsigned short bits; };
struct bfloat16_t { unsigned short bits; };

// What numbers of a type are computed in.
template <class T> struct Wide { typedef float type; };
template <> struct Wide<double> { typedef double type; };

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ double widen(double x) { return x; }
__device__ __forceinline__ float widen(bfloat16_t x)
{
    return __uint_as_float(static_cast<unsigned>(x.bits) << 16);
}
__device__ __forceinline__ float widen(half_t x)
{
#ifdef __CUDACC__
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
    return wide;
#else
    return emulator::float_of_half(x.bits);
#endif
}

__device__ __forceinline__ double not_a_number() { return __longlong_as_double(0x7ff8000000000000ll); }
__device__ __forceinline__ double infinity() { return __longlong_as_double(0x7ff0000000000000ll); }

// Sixteen bytes, read at once and not kept in caches; p is a multiple of 16.
__device__ __forceinline__ uint4 load_wide(const void* p)
{
    return __ldcs(static_cast<const uint4*>(p));
}

// How many numbers of a type they hold.
template <class T> struct Pack { static constexpr int size = 16 / sizeof(T); };

__device__ __forceinline__ void unpack(uint4 w, const float*, float* out)
{
    out[0] = __uint_as_float(w.x);
    out[1] = __uint_as_float(w.y);
    out[2] = __uint_as_float(w.z);
    out[3] = __uint_as_float(w.w);
}
__device__ __forceinline__ double double_of(unsigned low, unsigned high)
{
    return __longlong_as_double(static_cast<i64>((static_cast<u64>(high) << 32) | low));
}
__device__ __forceinline__ void unpack(uint4 w, const double*, double* out)
{
    out[0] = double_of(w.x, w.y);
    out[1] = double_of(w.z, w.w);
}
template <class T> __device__ __forceinline__ void unpack(uint4 w, const T*, float* out)
{
    const unsigned word[4] = {w.x, w.y, w.z, w.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        out[2 * i] = widen(T{static_cast<unsigned short>(word[i] & 0xffffu)});
        out[2 * i + 1] = widen(T{static_cast<unsigned short>(word[i] >> 16)});
    }
}

// Bytes by which p lies above a multiple of 16.
__device__ __forceinline__ unsigned misaligned(const void* p)
{
    return static_cast<unsigned>(reinterpret_cast<u64>(p)) & 15u;
}
