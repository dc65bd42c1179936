/* The most multiplications and additions that one core starts in a second, from registers alone.
 *
 *     gcc -O2 -DAVX_VNNI peak.c -o peak && ./peak
 *
 * Prints a line for each kind of instruction this CPU has: precision, instructions and 10^9
 * operations a second (a multiply-add is two), separated by tabs. Twelve accumulators keep more
 * operations in flight than any of these instructions has cycles of latency times ports.
 */
#if !defined(__x86_64__)
#error "only x86-64 instructions are known here"
#endif
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

#define REPEAT12(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define RUNS 60
#define LOOPS 400000L

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* One function a kind: STEP(i) is what is done to accumulator i, worth OPERATIONS. */
#define KIND(NAME, TARGET, TYPE, ZERO, STEP, OPERATIONS)                        \
    __attribute__((target(TARGET), noinline)) static double NAME(void) {        \
        TYPE x = ZERO, y = ZERO, t = ZERO, acc[12];                             \
        for (int i = 0; i < 12; i++) acc[i] = ZERO;                             \
        TYPE REPEAT12(DECLARE) unused_ = ZERO;                                  \
        double best = 1e9;                                                      \
        (void)t, (void)unused_;                                                 \
        for (int run = 0; run < RUNS; run++) {                                  \
            double start = seconds();                                           \
            for (long n = 0; n < LOOPS / RUNS; n++) { REPEAT12(STEP) }          \
            double taken = seconds() - start;                                   \
            if (taken < best) best = taken;                                     \
        }                                                                       \
        return 12.0 * (LOOPS / RUNS) * (OPERATIONS) / best / 1e9;               \
    }
#define DECLARE(i) a##i = acc[i],

#define FMA(i) __asm__ volatile("vfmadd231ps %1, %2, %0" : "+v"(a##i) : "v"(x), "v"(y));
#define DOT(i) __asm__ volatile("vpdpbusd %1, %2, %0" : "+v"(a##i) : "v"(x), "v"(y));
#define DOT_VEX(i) __asm__ volatile("{vex} vpdpbusd %1, %2, %0" : "+x"(a##i) : "x"(x), "x"(y));
/* u8 x s8 pairs to 16 bit, saturating, then pairs of those to 32 bit: int8 before VNNI */
#define PAIRS8(i)                                                                         \
    __asm__ volatile("vpmaddubsw %2, %3, %1\n vpmaddwd %2, %1, %1\n vpaddd %1, %0, %0" \
                     : "+x"(a##i), "=&x"(t) : "x"(x), "x"(y));
/* the same in 16 bit, which does not saturate */
#define PAIRS16(i)                                                   \
    __asm__ volatile("vpmaddwd %2, %3, %1\n vpaddd %1, %0, %0"     \
                     : "+x"(a##i), "=&x"(t) : "x"(x), "x"(y));

KIND(fma256, "avx2,fma", __m256, _mm256_setzero_ps(), FMA, 16)
KIND(pairs8, "avx2", __m256i, _mm256_setzero_si256(), PAIRS8, 64)
KIND(pairs16, "avx2", __m256i, _mm256_setzero_si256(), PAIRS16, 32)
KIND(fma512, "avx512f", __m512, _mm512_setzero_ps(), FMA, 32)
KIND(dot512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), DOT, 128)
KIND(dot256, "avx512f,avx512vl,avx512vnni", __m256i, _mm256_setzero_si256(), DOT, 64)
#if defined(AVX_VNNI) /* for compilers and assemblers that know it */
KIND(dot_vex, "avx2,avxvnni", __m256i, _mm256_setzero_si256(), DOT_VEX, 64)
#endif

static void report(const char *precision, const char *instructions, double gops) {
    printf("%s\t%s\t%.1f\n", precision, instructions, gops);
}

int main(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        report("fp32", "vfmadd231ps ymm", fma256());
        report("int8", "vpmaddubsw + vpmaddwd + vpaddd ymm", pairs8());
        report("int8", "vpmaddwd + vpaddd ymm", pairs16());
    }
    if (__builtin_cpu_supports("avx512f")) report("fp32", "vfmadd231ps zmm", fma512());
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl")) {
        report("int8", "vpdpbusd zmm", dot512());
        report("int8", "vpdpbusd ymm", dot256());
    }
#if defined(AVX_VNNI)
    if (__builtin_cpu_supports("avxvnni")) report("int8", "vpdpbusd ymm (VEX)", dot_vex());
#endif
    return 0;
}
