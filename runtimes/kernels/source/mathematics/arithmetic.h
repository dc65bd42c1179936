// Functions of floats, made of one sequence of roundings that every class of CPU repeats.
//
// No function of the C library and no compiler's contraction: products and sums are fused where
// `fma` says so and nowhere else. A number that is none, and infinity, end as some number; they do
// not trap.
#pragma once
#include "kernels.h"
#include "memory.h"
#include "mathematics/unrolled.h"

namespace edgebert {
namespace {

constexpr int kSpan = 32;                // lanes of a reduction
constexpr int kParts = kSpan / kLanes;   // registers that hold them

// 2^z, relative error 2e-7; 0 below 2^-125, 2^126 above and where z is no number.
LANE F exp2(F z) {
  z = smaller(z, splat(126.f));
  const F whole = nearest(z), rest = sub(z, whole);
  F p = splat(0.0013276470126584172f);  // minimax of 2^r for |r| <= 1/2
  p = fma(p, rest, splat(0.009675541892647743f));
  p = fma(p, rest, splat(0.05550713464617729f));
  p = fma(p, rest, splat(0.24022120237350464f));
  p = fma(p, rest, splat(0.6931469440460205f));
  p = fma(p, rest, splat(1.f));
  return zero_where_less(times_power_of_two(p, whole), z, splat(-125.f));
}

constexpr float kLog2E = 1.44269504f;

// x / (1 + 2^z)
LANE F over_one_and_exp2(F x, F z) { return div(x, add(splat(1.f), exp2(z))); }

// x times the normal distribution's share below x, by tanh: x / (1 + exp(-2 u)),
// u = sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks and Gimpel, https://arxiv.org/abs/1606.08415).
LANE F tanh_gelu(F x) {
  F slope = fma(splat(-0.1029432397f), mul(x, x), splat(-2.302208198f));
  return over_one_and_exp2(x, mul(x, slope));
}

// The same without tanh. 1 - erf by Abramowitz and Stegun, 7.1.26; absolute error 2e-7.
LANE F gelu(F x) {
  F z = mul(absolute(x), splat(0.70710678f));
  F t = div(splat(1.f), fma(z, splat(0.3275911f), splat(1.f)));
  F p = splat(1.061405429f);
  p = fma(p, t, splat(-1.453152027f));
  p = fma(p, t, splat(1.421413741f));
  p = fma(p, t, splat(-0.284496736f));
  p = fma(p, t, splat(0.254829592f));
  F beyond = mul(mul(p, t), exp2(mul(mul(z, z), splat(-kLog2E))));  // 1 - erf(z)
  F half = mul(splat(0.5f), beyond);
  F below = choose_where_less(x, splat(0.f), half, sub(splat(1.f), half));
  return mul(x, below);
}

LANE F silu(F x) { return over_one_and_exp2(x, mul(x, splat(-kLog2E))); }
LANE F tanh(F x) {  // 1 - 2 / (1 + exp(2 x)); absolute error 2e-7
  return sub(splat(1.f), over_one_and_exp2(splat(2.f), mul(x, splat(2.f * kLog2E))));
}
LANE F relu(F x) { return larger(x, splat(0.f)); }

LANE F activated_by(Activation kind, F x) {
  switch (kind) {
    case Activation::gelu: return gelu(x);
    case Activation::tanh_gelu: return tanh_gelu(x);
    case Activation::silu: return silu(x);
    case Activation::tanh: return tanh(x);
    case Activation::relu: return relu(x);
    case Activation::none: break;
  }
  return x;
}

// Call `of(register, place, how many of it count)` for a row, register by register; register r
// belongs to part r % kParts of a reduction.
template <class Function>
LANE void each_register(size_t length, Function of) {
  size_t i = 0;
  for (; i + kSpan <= length; i += kSpan)
    UNROLLED for (int part = 0; part < kParts; part++) of(part, i + part * kLanes, kLanes);
  UNROLLED for (int part = 0; part < kParts; part++) {
    const size_t at = i + part * kLanes;
    if (at < length) of(part, at, length - at < kLanes ? static_cast<int>(length - at) : kLanes);
  }
}
LANE F load_of(const float *p, int count) { return count == kLanes ? load(p) : load_first(p, count); }
LANE void store_of(float *p, F v, int count) {
  if (count == kLanes) store(p, v);
  else store_first(p, v, count);
}
LANE F kept(F v, int count) { return count == kLanes ? v : keep_first(v, count); }

struct Reduction {
  F part[kParts];
  explicit Reduction(float start = 0.f) {
    UNROLLED for (int i = 0; i < kParts; i++) part[i] = splat(start);
  }
  float sum() const { return lane_sum(part); }
  float largest() const { return lane_largest(part); }
};

// Rows that are reduced together: while one waits for the lanes of its sum, others go on.
constexpr int kTogether = kParts <= 2 ? 4 : 2;

// Call `of.template run<rows>(first)` for some rows together, and for those that are left alone.
template <class Rows>
LANE void rows_together(size_t rows, const Rows &of) {
  size_t i = 0;
  for (; i + kTogether <= rows; i += kTogether) of.template run<kTogether>(i);
  for (; i < rows; i++) of.template run<1>(i);
}

// Layer norms of rows of `width`, from x to y; both may be the same.
struct NormedRows {
  const float *x;
  float *y;
  size_t width;
  const Norm &norm;

  template <int kRows>
  LANE_MEMBER void run(size_t first) const {
    const float *from = x + first * width;
    float *to = y + first * width;
    Reduction sums[kRows];
    each_register(width, [&](int part, size_t at, int count) {
      UNROLLED for (int r = 0; r < kRows; r++)
        sums[r].part[part] = add(sums[r].part[part], load_of(from + r * width + at, count));
    });
    F mean[kRows], by[kRows];
    Reduction squares[kRows];
    UNROLLED for (int r = 0; r < kRows; r++) mean[r] = splat(sums[r].sum() / static_cast<float>(width));
    each_register(width, [&](int part, size_t at, int count) {
      UNROLLED for (int r = 0; r < kRows; r++) {
        const F off = kept(sub(load_of(from + r * width + at, count), mean[r]), count);
        squares[r].part[part] = fma(off, off, squares[r].part[part]);
      }
    });
    UNROLLED for (int r = 0; r < kRows; r++) {
      const float variance = squares[r].sum() / static_cast<float>(width);
      by[r] = splat(1.f / square_root(variance + norm.epsilon));
    }
    each_register(width, [&](int, size_t at, int count) {
      const F gain = load_of(norm.gain + at, count);
      const F shift = norm.shift ? load_of(norm.shift + at, count) : splat(0.f);
      UNROLLED for (int r = 0; r < kRows; r++) {
        const F off = sub(load_of(from + r * width + at, count), mean[r]);
        store_of(to + r * width + at, fma(mul(off, by[r]), gain, shift), count);
      }
    });
  }
};

// (x - mean) / sqrt(variance + epsilon) * gain + shift over each row; without a gain, x as it is.
static inline void layer_norm(const float *x, float *y, size_t rows, size_t width, const Norm &norm) {
  rows_together(rows, NormedRows{x, y, width, norm});
}

}  // namespace
}  // namespace edgebert
