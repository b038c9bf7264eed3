// CUDA C++ on a CPU, as far as our kernels use it: one block after another, its threads as fibers
// that hand over at barriers and exchanges. Threads run in a shuffled order, so that a missing
// barrier shows; a barrier that not all threads reach is an error, as is a misaligned wide load.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <ucontext.h>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)

struct dim3 { unsigned x, y, z; };
struct alignas(16) uint4 { unsigned x, y, z, w; };

namespace emulator {

constexpr size_t stack_bytes = 64 * 1024;

struct Barrier { unsigned arrived = 0, expected = 0, generation = 0; };
struct Warp { Barrier barrier; unsigned char slot[2][32][16]; };
struct Fiber {
    dim3 index;
    unsigned number, exchanges;
    bool begun, done;
    const Barrier* waits_for;
    unsigned since;
    jmp_buf here;
    ucontext_t context;
};

inline dim3 block_index, block_size, grid_size;
inline Fiber* current;
inline std::vector<Fiber> fibers;
inline std::vector<Warp> warps;
inline std::vector<char> stacks;
inline Barrier block_barrier;
inline jmp_buf scheduler;
inline void (*call)();
inline const char* error;
inline u_int64_t most_blocks = ~u_int64_t(0);

[[noreturn]] inline void give_back() { _longjmp(scheduler, 1); }

[[noreturn]] inline void fail(const char* what)
{
    error = what;
    give_back();
}

inline void wait(Barrier& barrier)
{
    if (++barrier.arrived == barrier.expected) {
        barrier.arrived = 0;
        ++barrier.generation;
        return;
    }
    Fiber* own = current;
    own->waits_for = &barrier;
    own->since = barrier.generation;
    if (_setjmp(own->here) == 0)
        give_back();
}

inline void begin()
{
    call();
    current->done = true;
    give_back();
}

inline void resume(Fiber& fiber)
{
    current = &fiber;
    if (_setjmp(scheduler) != 0)
        return;
    if (fiber.begun)
        _longjmp(fiber.here, 1);
    fiber.begun = true;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stacks.data() + fiber.number * stack_bytes;
    fiber.context.uc_stack.ss_size = stack_bytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, begin, 0);
    setcontext(&fiber.context);
}

// Every thread of a block, until all are done or none can go on.
inline void run_block(unsigned stride)
{
    const unsigned n = block_size.x * block_size.y * block_size.z;
    block_barrier = Barrier{0, n, 0};
    warps.assign((n + 31) / 32, Warp());
    for (unsigned w = 0; w < warps.size(); ++w)
        warps[w].barrier.expected = n - 32 * w < 32 ? n - 32 * w : 32;
    for (unsigned i = 0; i < n; ++i) {
        Fiber& fiber = fibers[i];
        fiber.index = {i % block_size.x, i / block_size.x % block_size.y,
                       i / block_size.x / block_size.y};
        fiber.number = i;
        fiber.exchanges = 0;
        fiber.begun = fiber.done = false;
        fiber.waits_for = nullptr;
    }
    for (unsigned left = n; left > 0;) {
        bool moved = false;
        for (unsigned i = 0, at = stride % n; i < n; ++i, at = (at + stride) % n) {
            Fiber& fiber = fibers[at];
            const Barrier* barrier = fiber.waits_for;
            if (fiber.done || (barrier && barrier->generation == fiber.since))
                continue;
            fiber.waits_for = nullptr;
            moved = true;
            resume(fiber);
            if (error)
                return;
            left -= fiber.done;
        }
        if (!moved) {
            error = "threads of a block wait at a barrier that others never reach";
            return;
        }
    }
}

template <class... A, size_t... I>
void invoke(void (*kernel)(A...), void** arguments, std::index_sequence<I...>)
{
    static void (*function)(A...);
    static void** values;
    function = kernel;
    values = arguments;
    call = [] { function(*static_cast<std::remove_reference_t<A>*>(values[I])...); };
}

// Steps through the threads that visit every one of them, in another order for every block.
inline unsigned coprime(unsigned seed, unsigned n)
{
    for (unsigned stride = seed % n + 1;; ++stride) {
        unsigned a = stride, b = n;
        while (b) {
            const unsigned rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            return stride;
    }
}

template <class... A>
const char* launch(void (*kernel)(A...), const unsigned* grid, const unsigned* block, void** arguments)
{
    grid_size = {grid[0], grid[1], grid[2]};
    block_size = {block[0], block[1], block[2]};
    const unsigned n = block[0] * block[1] * block[2];
    if (n == 0 || n > 1024)
        return "a block has from 1 to 1024 threads";
    if (grid[0] > 0x7fffffffu || grid[1] > 65535 || grid[2] > 65535)
        return "a grid has at most 2**31 - 1, 65535 and 65535 blocks";
    if (fibers.size() < n)
        fibers.resize(n);
    if (stacks.size() < n * stack_bytes)
        stacks.resize(n * stack_bytes);
    error = nullptr;
    invoke(kernel, arguments, std::index_sequence_for<A...>());
    const u_int64_t n_blocks = u_int64_t(grid[0]) * grid[1] * grid[2];
    for (u_int64_t b = 0; b < n_blocks && b < most_blocks && !error; ++b) {
        // Blocks may not count on each other's order: the last ones come first.
        const u_int64_t at = n_blocks - 1 - b;
        block_index = {unsigned(at % grid[0]), unsigned(at / grid[0] % grid[1]),
                       unsigned(at / grid[0] / grid[1])};
        run_block(coprime(unsigned(b) * 7919u + 1u, n));
    }
    return error;
}

inline unsigned lane() { return current->number % 32; }

// The values of all lanes of the warp, each 16 bytes from the next.
template <class T> const unsigned char (&gather(T value, unsigned mask))[32][16]
{
    static_assert(sizeof(T) <= 16);
    if (mask != 0xffffffffu)
        fail("exchanges are emulated among whole warps only");
    const unsigned buffer = current->exchanges++ % 2;
    Warp& warp = warps[current->number / 32];
    if (warp.barrier.expected != 32)
        fail("an exchange needs whole warps");
    std::memcpy(warp.slot[buffer][lane()], &value, sizeof(T));
    wait(warp.barrier);
    return warp.slot[buffer];
}

template <class T> T exchange(T value, unsigned mask, unsigned width, unsigned source)
{
    const auto& slots = gather(value, mask);
    if (source / width == lane() / width && source < 32)
        std::memcpy(&value, slots[source], sizeof(T));
    return value;
}

// Bit i: whether lane i's value is this one.
template <class T> unsigned lanes_with(T wanted, T value, unsigned mask)
{
    const auto& slots = gather(value, mask);
    unsigned found = 0;
    for (unsigned i = 0; i < 32; ++i)
        found |= unsigned(std::memcmp(slots[i], &wanted, sizeof(T)) == 0) << i;
    return found;
}

template <class To, class From> To bits(From x)
{
    static_assert(sizeof(To) == sizeof(From));
    To y;
    std::memcpy(&y, &x, sizeof(To));
    return y;
}

inline float float_of_half(unsigned short h)
{
    const unsigned sign = (h & 0x8000u) << 16, rest = (h & 0x7fffu) << 13;
    const bool special = (h & 0x7c00u) == 0x7c00u;
    const float magnitude = bits<float>(rest) * 0x1p112f;
    return bits<float>(sign | (special ? 0x7f800000u | rest : bits<unsigned>(magnitude)));
}

}  // namespace emulator

// Of larger grids, run the last blocks only.
extern "C" void run_at_most(u_int64_t n_blocks) { emulator::most_blocks = n_blocks; }

#define threadIdx (emulator::current->index)
#define blockIdx emulator::block_index
#define blockDim emulator::block_size
#define gridDim emulator::grid_size

inline void __syncthreads() { emulator::wait(emulator::block_barrier); }
inline void __syncwarp(unsigned = 0xffffffffu)
{
    emulator::wait(emulator::warps[emulator::current->number / 32].barrier);
}
inline void __threadfence() {}

template <class T> T __shfl_xor_sync(unsigned mask, T value, unsigned step, unsigned width = 32)
{
    return emulator::exchange(value, mask, width, emulator::lane() ^ step);
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned step, unsigned width = 32)
{
    return emulator::exchange(value, mask, width, emulator::lane() + step);
}
template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned step, unsigned width = 32)
{
    return emulator::exchange(value, mask, width, emulator::lane() - step);
}
template <class T> T __shfl_sync(unsigned mask, T value, unsigned source, unsigned width = 32)
{
    const unsigned first = emulator::lane() / width * width;
    return emulator::exchange(value, mask, width, first + source % width);
}
inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    return emulator::lanes_with(1, predicate ? 1 : 0, mask);
}
template <class T> unsigned __match_any_sync(unsigned mask, T value)
{
    return emulator::lanes_with(value, value, mask);
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) == 0xffffffffu;
}

template <class T> T atomicAdd(T* at, std::common_type_t<T> value)
{
    const T before = *at;
    *at = before + value;
    return before;
}
template <class T> T atomicMax(T* at, std::common_type_t<T> value)
{
    const T before = *at;
    *at = before > value ? before : value;
    return before;
}
template <class T> T atomicMin(T* at, std::common_type_t<T> value)
{
    const T before = *at;
    *at = before < value ? before : value;
    return before;
}
inline unsigned atomicInc(unsigned* at, unsigned last)
{
    const unsigned before = *at;
    *at = before >= last ? 0u : before + 1u;
    return before;
}

template <class T> T aligned(const T* p)
{
    if (reinterpret_cast<size_t>(p) % sizeof(T) != 0)
        emulator::fail("a wide load is misaligned");
    return *p;
}
template <class T> T __ldg(const T* p) { return aligned(p); }
template <class T> T __ldcs(const T* p) { return aligned(p); }
template <class T> T __ldcg(const T* p) { return aligned(p); }

inline float __int_as_float(int x) { return emulator::bits<float>(x); }
inline int __float_as_int(float x) { return emulator::bits<int>(x); }
inline float __uint_as_float(unsigned x) { return emulator::bits<float>(x); }
inline unsigned __float_as_uint(float x) { return emulator::bits<unsigned>(x); }
inline double __longlong_as_double(long long x) { return emulator::bits<double>(x); }
inline long long __double_as_longlong(double x) { return emulator::bits<long long>(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned x, unsigned y)
{
    return unsigned((u_int64_t(x) * y) >> 32);
}
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y)
{
    return (unsigned long long)(((unsigned __int128)x * y) >> 64);
}
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
