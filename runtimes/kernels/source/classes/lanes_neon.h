// 4 floats in a register of NEON, and sums of four products of bytes in each (dotprod), or of eight
// for two rows and two columns (EDGEBERT_I8MM).
#pragma once
#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "mathematics/unrolled.h"

namespace edgebert {
namespace {

#define LANE static inline __attribute__((always_inline))

using F = float32x4_t;
using I = int32x4_t;

constexpr int kLanes = 4;         // floats in F
constexpr int kRows = 6;          // rows of a tile of a product
constexpr int kColumns = 4;       // its registers side by side
constexpr int kScoreColumns = 4;  // registers of keys in a tile of attention scores
constexpr int kValueColumns = 4;  // registers of a head's dimensions in a tile of its answers
constexpr int kBlock = 48;        // rows that go through a layer together

LANE F load(const float *p) { return vld1q_f32(p); }
LANE void store(float *p, F v) { vst1q_f32(p, v); }
LANE F load_first(const float *p, int n) {
  float all[4] = {};
  memcpy(all, p, sizeof(float) * n);
  return load(all);
}
LANE void store_first(float *p, F v, int n) {
  float all[4];
  store(all, v);
  memcpy(p, all, sizeof(float) * n);
}
LANE F keep_first(F v, int n) {
  float all[4];
  store(all, v);
  return load_first(all, n);
}
LANE F splat(float v) { return vdupq_n_f32(v); }
LANE F add(F a, F b) { return vaddq_f32(a, b); }
LANE F sub(F a, F b) { return vsubq_f32(a, b); }
LANE F mul(F a, F b) { return vmulq_f32(a, b); }
LANE F div(F a, F b) { return vdivq_f32(a, b); }
LANE F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
LANE F larger(F a, F b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
LANE F smaller(F a, F b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
LANE F absolute(F a) { return vabsq_f32(a); }
LANE F nearest(F a) { return vrndnq_f32(a); }
LANE F zero_where_less(F v, F a, F b) { return vbslq_f32(vcltq_f32(a, b), splat(0.f), v); }
LANE F choose_where_less(F a, F b, F yes, F no) { return vbslq_f32(vcltq_f32(a, b), yes, no); }
LANE F times_power_of_two(F v, F n) {
  return vreinterpretq_f32_s32(
      vaddq_s32(vreinterpretq_s32_f32(v), vshlq_n_s32(vcvtnq_s32_f32(n), 23)));
}

LANE float lane_sum(const F *v) {  // of 32 lanes: 16 apart, then 8, 4, 2, 1
  F a = add(add(v[0], v[4]), add(v[2], v[6])), b = add(add(v[1], v[5]), add(v[3], v[7]));
  F q = add(a, b);
  float32x2_t pair = vadd_f32(vget_low_f32(q), vget_high_f32(q));
  return vget_lane_f32(pair, 0) + vget_lane_f32(pair, 1);
}
LANE float lane_largest(const F *v) {
  F a = larger(larger(v[0], v[4]), larger(v[2], v[6]));
  F b = larger(larger(v[1], v[5]), larger(v[3], v[7]));
  float q[4];
  store(q, larger(a, b));
  float even = q[0] > q[2] ? q[0] : q[2], odd = q[1] > q[3] ? q[1] : q[3];
  return even > odd ? even : odd;
}

LANE I load_sums(const int32_t *p) { return vld1q_s32(p); }
LANE I add_sums(I a, I b) { return vaddq_s32(a, b); }
LANE F to_float(I a) { return vcvtq_f32_s32(a); }

// Codes are kept less 128: products of two signed bytes are what NEON has.
LANE void store_signed(uint8_t *p, F v) {
  int16x4_t words = vmovn_s32(vsubq_s32(vcvtnq_s32_f32(v), vdupq_n_s32(128)));
  int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
  uint32_t four = vget_lane_u32(vreinterpret_u32_s8(bytes), 0);
  memcpy(p, &four, 4);
}

#ifdef EDGEBERT_I8MM
struct Bytes {  // eight to a step, two rows by two columns in a register
  static constexpr int kStep = 8, kCodeBytes = 1, kWeightBytes = 1, kSignedBy = 128;
  static constexpr int kTileRows = kRows;
  // of numbers from 0 to 255, rounded to the nearest, halves to even
  LANE void store_codes(uint8_t *p, F v) { store_signed(p, v); }
};

template <int kHigh>
struct PairSums {
  static constexpr int kPairs = (kHigh + 1) / 2;
  I sums[kPairs][2 * kColumns];

  LANE_MEMBER void add(const uint8_t *codes, size_t stride, const int8_t *weights) {
    int8x16_t rows[kPairs];
    UNROLLED for (int r = 0; r < kPairs; r++) {
      const uint8_t *first = codes + 2 * r * stride;
      const uint8_t *second = 2 * r + 1 < kHigh ? first + stride : first;
      rows[r] = vreinterpretq_s8_u8(vcombine_u8(vld1_u8(first), vld1_u8(second)));
    }
    UNROLLED for (int n = 0; n < 2 * kColumns; n++) {
      const int8x16_t columns = vld1q_s8(weights + n * 16);
      UNROLLED for (int r = 0; r < kPairs; r++) sums[r][n] = vmmlaq_s32(sums[r][n], rows[r], columns);
    }
  }
  LANE_MEMBER I of(int row, int column) const {
    const I left = sums[row / 2][2 * column], right = sums[row / 2][2 * column + 1];
    return row % 2 ? vcombine_s32(vget_high_s32(left), vget_high_s32(right))
                   : vcombine_s32(vget_low_s32(left), vget_low_s32(right));
  }
};
#else
struct Bytes {  // four to a step
  static constexpr int kStep = 4, kCodeBytes = 1, kWeightBytes = 1, kSignedBy = 128;
  static constexpr int kTileRows = kRows;
  LANE I weights(const int8_t *p) { return vreinterpretq_s32_s8(vld1q_s8(p)); }
  LANE I codes(const uint8_t *p) {
    int v;
    memcpy(&v, p, 4);
    return vdupq_n_s32(v);
  }
  LANE I dot(I sums, I codes, I weights) {
    return vdotq_s32(sums, vreinterpretq_s8_s32(weights), vreinterpretq_s8_s32(codes));
  }
  // of numbers from 0 to 255, rounded to the nearest, halves to even
  LANE void store_codes(uint8_t *p, F v) { store_signed(p, v); }
};
#endif

LANE void transpose(const float *from, size_t stride, float *to, size_t to_stride) {
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 4; k++) to[k * to_stride + i] = from[i * stride + k];
}

}  // namespace
}  // namespace edgebert
