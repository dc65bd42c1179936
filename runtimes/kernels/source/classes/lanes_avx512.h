// 16 floats in a register of AVX-512, and sums of four products of bytes in each (VNNI).
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace edgebert {
namespace {

#define LANE static inline __attribute__((always_inline))

using F = __m512;
using I = __m512i;

constexpr int kLanes = 16;         // floats in F
constexpr int kRows = 8;           // rows of a tile of a product
constexpr int kColumns = 3;        // its registers side by side
constexpr int kScoreColumns = 3;   // registers of keys in a tile of attention scores
constexpr int kValueColumns = 2;   // registers of a head's dimensions in a tile of its answers
constexpr int kBlock = 48;         // rows that go through a layer together

LANE F load(const float *p) { return _mm512_loadu_ps(p); }
LANE void store(float *p, F v) { _mm512_storeu_ps(p, v); }
LANE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
LANE F load_first(const float *p, int n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
LANE void store_first(float *p, F v, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
LANE F keep_first(F v, int n) { return _mm512_maskz_mov_ps(first_lanes(n), v); }
LANE F splat(float v) { return _mm512_set1_ps(v); }
LANE F add(F a, F b) { return _mm512_add_ps(a, b); }
LANE F sub(F a, F b) { return _mm512_sub_ps(a, b); }
LANE F mul(F a, F b) { return _mm512_mul_ps(a, b); }
LANE F div(F a, F b) { return _mm512_div_ps(a, b); }
LANE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
LANE F larger(F a, F b) { return _mm512_max_ps(a, b); }
LANE F smaller(F a, F b) { return _mm512_min_ps(a, b); }
LANE F absolute(F a) { return _mm512_abs_ps(a); }
LANE F nearest(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
LANE F zero_where_less(F v, F a, F b) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ), v);
}
LANE F choose_where_less(F a, F b, F yes, F no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
LANE F times_power_of_two(F v, F n) { return _mm512_scalef_ps(v, n); }

LANE float lane_sum(const F *v) {  // of 32 lanes: 16 apart, then 8, 4, 2, 1
  __m512 s = add(v[0], v[1]);
  __m256 h = _mm256_add_ps(_mm512_castps512_ps256(s), _mm512_extractf32x8_ps(s, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
LANE float lane_largest(const F *v) {
  __m512 s = larger(v[0], v[1]);
  __m256 h = _mm256_max_ps(_mm512_castps512_ps256(s), _mm512_extractf32x8_ps(s, 1));
  __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

LANE I load_sums(const int32_t *p) { return _mm512_loadu_si512(p); }
LANE I add_sums(I a, I b) { return _mm512_add_epi32(a, b); }
LANE F to_float(I a) { return _mm512_cvtepi32_ps(a); }

struct Bytes {  // codes as they are, four to a step
  static constexpr int kStep = 4, kCodeBytes = 1, kWeightBytes = 1, kSignedBy = 0;
  static constexpr int kTileRows = kRows;
  LANE I weights(const int8_t *p) { return _mm512_loadu_si512(p); }
  LANE I codes(const uint8_t *p) {
    int v;
    __builtin_memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
  }
  LANE I dot(I sums, I codes, I weights) { return _mm512_dpbusd_epi32(sums, codes, weights); }
  // of numbers from 0 to 255, rounded to the nearest, halves to even
  LANE void store_codes(uint8_t *p, F v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
  }
};

LANE void transpose(const float *from, size_t stride, float *to, size_t to_stride) {
  F r[16], t[16];
  for (int i = 0; i < 16; i++) r[i] = load(from + i * stride);
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 2; j++) {
      __m512d a = _mm512_castps_pd(t[4 * i + j]), b = _mm512_castps_pd(t[4 * i + j + 2]);
      r[4 * i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
      r[4 * i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    store(to + i * to_stride, _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
    store(to + (i + 8) * to_stride, _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));
  }
}

}  // namespace
}  // namespace edgebert
