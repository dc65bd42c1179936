// 8 floats in a register of AVX2; products of bytes by AVX-VNNI where EDGEBERT_AVX_VNNI is defined.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace edgebert {
namespace {

#define LANE static inline __attribute__((always_inline))

using F = __m256;
using I = __m256i;

constexpr int kLanes = 8;         // floats in F
constexpr int kRows = 6;          // rows of a tile of a product of floats
constexpr int kColumns = 2;       // its registers side by side
constexpr int kScoreColumns = 2;  // registers of keys in a tile of attention scores
constexpr int kValueColumns = 2;  // registers of a head's dimensions in a tile of its answers
constexpr int kBlock = 60;        // rows that go through a layer together

LANE F load(const float *p) { return _mm256_loadu_ps(p); }
LANE void store(float *p, F v) { _mm256_storeu_ps(p, v); }
LANE I first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
LANE F load_first(const float *p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
LANE void store_first(float *p, F v, int n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
LANE F keep_first(F v, int n) { return _mm256_and_ps(v, _mm256_castsi256_ps(first_lanes(n))); }
LANE F splat(float v) { return _mm256_set1_ps(v); }
LANE F add(F a, F b) { return _mm256_add_ps(a, b); }
LANE F sub(F a, F b) { return _mm256_sub_ps(a, b); }
LANE F mul(F a, F b) { return _mm256_mul_ps(a, b); }
LANE F div(F a, F b) { return _mm256_div_ps(a, b); }
LANE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
LANE F larger(F a, F b) { return _mm256_max_ps(a, b); }
LANE F smaller(F a, F b) { return _mm256_min_ps(a, b); }
LANE F absolute(F a) { return _mm256_andnot_ps(splat(-0.f), a); }
LANE F nearest(F a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
LANE F zero_where_less(F v, F a, F b) { return _mm256_and_ps(v, _mm256_cmp_ps(a, b, _CMP_NLT_UQ)); }
LANE F choose_where_less(F a, F b, F yes, F no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
LANE F times_power_of_two(F v, F n) {
  return _mm256_castsi256_ps(
      _mm256_add_epi32(_mm256_castps_si256(v), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
}

LANE float lane_sum(const F *v) {  // of 32 lanes: 16 apart, then 8, 4, 2, 1
  F h = add(add(v[0], v[2]), add(v[1], v[3]));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
LANE float lane_largest(const F *v) {
  F h = larger(larger(v[0], v[2]), larger(v[1], v[3]));
  __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

LANE I load_sums(const int32_t *p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
}
LANE I add_sums(I a, I b) { return _mm256_add_epi32(a, b); }
LANE F to_float(I a) { return _mm256_cvtepi32_ps(a); }

LANE __m128i as_words(F v) {
  I whole = _mm256_cvtps_epi32(v);
  return _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
}
LANE I four_bytes(const uint8_t *p) {
  int v;
  __builtin_memcpy(&v, p, 4);
  return _mm256_set1_epi32(v);
}

struct Bytes {  // codes as they are, four to a step
  static constexpr int kStep = 4, kCodeBytes = 1, kWeightBytes = 1, kSignedBy = 0;
  LANE I weights(const int8_t *p) { return load_sums(reinterpret_cast<const int32_t *>(p)); }
  LANE I codes(const uint8_t *p) { return four_bytes(p); }
#ifdef EDGEBERT_AVX_VNNI
  static constexpr int kTileRows = 6;
  LANE I dot(I sums, I codes, I weights) { return _mm256_dpbusd_avx_epi32(sums, codes, weights); }
#else
  // Sums of two products are kept in 16 bits: right for weights that cannot leave them, no others.
  static constexpr int kTileRows = 5;
  LANE I dot(I sums, I codes, I weights) {
    I pairs = _mm256_maddubs_epi16(codes, weights);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
#endif
  // of numbers from 0 to 255, rounded to the nearest, halves to even
  LANE void store_codes(uint8_t *p, F v) {
    __m128i words = as_words(v);
    _mm_storel_epi64(reinterpret_cast<__m128i *>(p), _mm_packus_epi16(words, words));
  }
};

#ifndef EDGEBERT_AVX_VNNI
#define EDGEBERT_WORDS
struct Words {  // codes and weights in 16 bits, two to a step: right for all weights
  static constexpr int kStep = 2, kCodeBytes = 2, kWeightBytes = 2, kSignedBy = 0;
  static constexpr int kTileRows = 6;
  LANE I weights(const int8_t *p) { return load_sums(reinterpret_cast<const int32_t *>(p)); }
  LANE I codes(const uint8_t *p) { return four_bytes(p); }
  LANE I dot(I sums, I codes, I weights) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(codes, weights));
  }
  LANE void store_codes(uint8_t *p, F v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), as_words(v));
  }
};
#endif

LANE void transpose(const float *from, size_t stride, float *to, size_t to_stride) {
  F r[8], t[8];
  for (int i = 0; i < 8; i++) r[i] = load(from + i * stride);
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) {
      r[4 * i + 2 * j] = _mm256_shuffle_ps(t[4 * i + j], t[4 * i + j + 2], 0x44);
      r[4 * i + 2 * j + 1] = _mm256_shuffle_ps(t[4 * i + j], t[4 * i + j + 2], 0xee);
    }
  for (int i = 0; i < 4; i++) {
    store(to + i * to_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    store(to + (i + 4) * to_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

}  // namespace
}  // namespace edgebert
