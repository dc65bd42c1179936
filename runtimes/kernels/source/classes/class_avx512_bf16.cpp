// CPUs with AVX-512's products of bfloat16: Cooper Lake, Sapphire Rapids, Zen 4 and later.
#include "classes/lanes_avx512.h"
#include "mathematics/arithmetic.h"
#include "mathematics/product.h"
#include "mathematics/attention.h"
#include "mathematics/attention_bf16.h"
#include "mathematics/heads.h"

namespace edgebert {
bool attention_avx512_bf16(const AttentionCall &call, Threads threads) {
  return run_attention<InBf16>(call, threads);
}
}  // namespace edgebert
