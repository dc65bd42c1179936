// Which classes this CPU has: asked of the CPU and, for the registers, of the operating system.
#include <cstring>

#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__linux__)
#include <sys/auxv.h>
#endif

namespace edgebert {

extern const Class avx512_vnni, avx_vnni, avx2, neon_i8mm, neon_dotprod, plain;
bool attention_avx512_bf16(const AttentionCall &, Threads);

namespace {

constexpr size_t kMost = 8;

#if defined(__x86_64__)
struct Features {
  bool avx2 = false, avx_vnni = false, avx512_vnni = false, avx512_bf16 = false;
};

bool bit(unsigned word, int place) { return word >> place & 1; }

Features features() {
  Features found;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !bit(c, 27)) return found;  // xgetbv is there
  const bool fma = bit(c, 12);
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const bool ymm = (low & 0x06) == 0x06, zmm = (low & 0xe6) == 0xe6;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  found.avx2 = ymm && fma && bit(b, 5);
  const bool avx512 = bit(b, 16) && bit(b, 17) && bit(b, 30) && bit(b, 31);  // F, DQ, BW, VL
  found.avx512_vnni = found.avx2 && zmm && avx512 && bit(c, 11);
  if (a < 1 || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return found;
  found.avx_vnni = found.avx2 && bit(a, 4);
  found.avx512_bf16 = found.avx512_vnni && bit(a, 5);
  return found;
}

void find(const Class **to) {
  const Features found = features();
  if (found.avx512_vnni) *to++ = &avx512_vnni;
  if (found.avx_vnni) *to++ = &avx_vnni;
  if (found.avx2) *to++ = &avx2;
  *to = &plain;
}

Attention find_bf16() { return features().avx512_bf16 ? attention_avx512_bf16 : nullptr; }
#elif defined(__aarch64__)
#if defined(__linux__)
bool has_dotprod() { return getauxval(AT_HWCAP) >> 20 & 1; }
bool has_i8mm() { return getauxval(AT_HWCAP2) >> 13 & 1; }
#else  // every 64-bit Mac has dotprod; which of them has more is not asked for
#if defined(_WIN32)
extern "C" __declspec(dllimport) int IsProcessorFeaturePresent(unsigned long feature);
bool has_dotprod() { return IsProcessorFeaturePresent(43); }
#else
bool has_dotprod() { return true; }
#endif
bool has_i8mm() { return false; }
#endif

void find(const Class **to) {
  if (has_i8mm()) *to++ = &neon_i8mm;
  if (has_dotprod()) *to++ = &neon_dotprod;
  *to = &plain;
}
#else
void find(const Class **to) { *to = &plain; }
#endif
#if !defined(__x86_64__)
Attention find_bf16() { return nullptr; }
#endif

struct Found {
  const Class *all[kMost] = {};
  Attention bf16 = find_bf16();
  Found() { find(all); }
};

const Found found;  // when the library is loaded: no thread sees it half done

}  // namespace

const Class *const *classes() { return found.all; }

Attention bf16_attention() { return found.bf16; }

const Class *class_named(const char *name) {
  const Class *const *all = classes();
  if (!*name) return all[0];
  for (; *all; all++)
    if (!strcmp((*all)->name, name)) return *all;
  return nullptr;
}

}  // namespace edgebert
