// CPUs with AVX-512's products of bfloat16: Cooper Lake, Sapphire Rapids, Zen 4 and later.
#include "lanes_avx512.h"
#include "arithmetic.h"
#include "product.h"
#include "attention.h"
#include "attention_bf16.h"

namespace edgebert {
bool attention_avx512_bf16(const AttentionCall &call, Threads threads) {
  return run_attention<InBf16>(call, threads);
}
}  // namespace edgebert
