// 16 emulated lanes in C++ alone. They are the specification: every other class gives their bits.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace edgebert {
namespace {

#define LANE static inline

struct F {
  float lane[16];
};
struct I {
  int32_t lane[16];
};

constexpr int kLanes = 16;
constexpr int kRows = 4;
constexpr int kColumns = 1;
constexpr int kScoreColumns = 1;
constexpr int kValueColumns = 1;
constexpr int kBlock = 32;

template <class Function>
LANE F each(Function of) {
  F v;
  for (int i = 0; i < 16; i++) v.lane[i] = of(i);
  return v;
}

LANE F load(const float *p) {
  return each([=](int i) { return p[i]; });
}
LANE void store(float *p, F v) { memcpy(p, v.lane, sizeof v.lane); }
LANE F load_first(const float *p, int n) {
  return each([=](int i) { return i < n ? p[i] : 0.f; });
}
LANE void store_first(float *p, F v, int n) { memcpy(p, v.lane, sizeof(float) * n); }
LANE F keep_first(F v, int n) {
  return each([&](int i) { return i < n ? v.lane[i] : 0.f; });
}
LANE F splat(float v) {
  return each([=](int) { return v; });
}
LANE F add(F a, F b) {
  return each([&](int i) { return a.lane[i] + b.lane[i]; });
}
LANE F sub(F a, F b) {
  return each([&](int i) { return a.lane[i] - b.lane[i]; });
}
LANE F mul(F a, F b) {
  return each([&](int i) { return a.lane[i] * b.lane[i]; });
}
LANE F div(F a, F b) {
  return each([&](int i) { return a.lane[i] / b.lane[i]; });
}
LANE F fma(F a, F b, F c) {  // one rounding
  return each([&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
}
LANE float larger_of(float a, float b) { return a > b ? a : b; }   // b where one is not a number
LANE float smaller_of(float a, float b) { return a < b ? a : b; }
LANE F larger(F a, F b) {
  return each([&](int i) { return larger_of(a.lane[i], b.lane[i]); });
}
LANE F smaller(F a, F b) {
  return each([&](int i) { return smaller_of(a.lane[i], b.lane[i]); });
}
LANE F absolute(F a) {
  return each([&](int i) { return std::fabs(a.lane[i]); });
}
LANE F nearest(F a) {  // halves to even
  return each([&](int i) { return std::nearbyint(a.lane[i]); });
}
LANE F zero_where_less(F v, F a, F b) {
  return each([&](int i) { return a.lane[i] < b.lane[i] ? 0.f : v.lane[i]; });
}
LANE F choose_where_less(F a, F b, F yes, F no) {
  return each([&](int i) { return a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i]; });
}
LANE F times_power_of_two(F v, F n) {  // n whole; where n is below -126 nobody asks
  return each([&](int i) { return std::ldexp(v.lane[i], static_cast<int>(larger_of(n.lane[i], -126.f))); });
}

LANE float lane_sum(const F *v) {  // of 32 lanes: 16 apart, then 8, 4, 2, 1
  F s = add(v[0], v[1]);
  for (int apart = 8; apart; apart /= 2)
    for (int i = 0; i < apart; i++) s.lane[i] = s.lane[i] + s.lane[i + apart];
  return s.lane[0];
}
LANE float lane_largest(const F *v) {
  F s = larger(v[0], v[1]);
  for (int apart = 8; apart; apart /= 2)
    for (int i = 0; i < apart; i++) s.lane[i] = larger_of(s.lane[i], s.lane[i + apart]);
  return s.lane[0];
}

LANE I load_sums(const int32_t *p) {
  I v;
  memcpy(v.lane, p, sizeof v.lane);
  return v;
}
LANE I add_sums(I a, I b) {
  for (int i = 0; i < 16; i++) a.lane[i] += b.lane[i];
  return a;
}
LANE F to_float(I a) {
  return each([&](int i) { return static_cast<float>(a.lane[i]); });
}

struct Bytes {
  static constexpr int kStep = 4, kCodeBytes = 1, kWeightBytes = 1, kSignedBy = 0;
  static constexpr int kTileRows = kRows;
  struct Weights {
    const int8_t *at;
  };
  struct Codes {
    const uint8_t *at;
  };
  static Weights weights(const int8_t *p) { return {p}; }
  static Codes codes(const uint8_t *p) { return {p}; }
  static I dot(I sums, Codes codes, Weights weights) {
    for (int i = 0; i < 16; i++)
      for (int k = 0; k < 4; k++) sums.lane[i] += codes.at[k] * weights.at[4 * i + k];
    return sums;
  }
  static void store_codes(uint8_t *p, F v) {  // of numbers from 0 to 255, rounded to the nearest, halves to even
    for (int i = 0; i < 16; i++) p[i] = static_cast<uint8_t>(std::nearbyint(v.lane[i]));
  }
};

LANE void transpose(const float *from, size_t stride, float *to, size_t to_stride) {
  for (int i = 0; i < 16; i++)
    for (int k = 0; k < 16; k++) to[k * to_stride + i] = from[i * stride + k];
}

}  // namespace
}  // namespace edgebert
