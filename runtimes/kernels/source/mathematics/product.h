// Products of a tile of rows with a panel of columns, whose sums stay in registers.
//
// A panel is a few registers of columns, stored step by step of the inputs, so that one pass over
// it reads memory in order. Sums of integers are exact; those of floats go input by input,
// so that no tile, block or thread changes a bit.
#pragma once

namespace edgebert {
namespace {

constexpr size_t kPanel = kColumns * kLanes;  // columns of a panel

// What is done to the sums of a tile in registers, after their scales and the bias.
enum class End { plain, residual, gelu, tanh_gelu, relu };

// Where the sums of a tile go, and what becomes of them.
struct Finish {
  const float *row_scales, *column_scales, *bias;
  const float *residual;
  size_t residual_stride;
  float *y;
  size_t y_stride;
  size_t columns;  // of all panels: the last may be narrower
};

template <End end>
LANE void finish(const Finish &f, F v, size_t row, size_t column) {
  if constexpr (end == End::gelu) v = gelu(v);
  if constexpr (end == End::tanh_gelu) v = tanh_gelu(v);
  if constexpr (end == End::relu) v = relu(v);
  const size_t left = f.columns - column;
  const int count = left < kLanes ? static_cast<int>(left) : kLanes;
  if constexpr (end == End::residual)
    v = add(v, load_of(f.residual + row * f.residual_stride + column, count));
  store_of(f.y + row * f.y_stride + column, v, count);
}

#ifndef EDGEBERT_I8MM
// Sums of a tile, a register for each row and each register of columns.
template <class Form, int kHigh>
struct LaneSums {
  I sums[kHigh][kColumns];

  LANE_MEMBER void add(const uint8_t *upper, size_t stride, const int8_t *weights) {
    const uint8_t *lower = upper + 4 * stride;  // fewer registers hold addresses
    (void)lower;
    decltype(Form::weights(nullptr)) w[kColumns];
    UNROLLED for (int n = 0; n < kColumns; n++) w[n] = Form::weights(weights + n * kLanes * 4);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      auto c = Form::codes(m < 4 ? upper + m * stride : lower + (m - 4) * stride);
      UNROLLED for (int n = 0; n < kColumns; n++) sums[m][n] = Form::dot(sums[m][n], c, w[n]);
    }
  }
  LANE_MEMBER I of(int row, int column) const { return sums[row][column]; }
};
template <class Form, int kHigh>
using TileSums = LaneSums<Form, kHigh>;
#else
template <class Form, int kHigh>
using TileSums = PairSums<kHigh>;
#endif

template <class Form, int kHigh, End end>
static __attribute__((noinline)) void integer_tile(const uint8_t *codes, size_t stride,
                                                   const int8_t *weights, const int32_t *start,
                                                   size_t steps, const Finish &f, size_t row,
                                                   size_t column, const char *next) {
  constexpr size_t kStepBytes = Form::kStep * Form::kCodeBytes;
  TileSums<Form, kHigh> tile{};
#pragma nounroll
  for (size_t k = 0; k < steps; k++) {
    UNROLLED for (size_t n = 0; n < (kPanel * kStepBytes + 63) / 64; n++)
      __builtin_prefetch(next + n * 64);
    tile.add(codes, stride, weights);
    next += kPanel * kStepBytes;
    weights += kPanel * kStepBytes;
    codes += kStepBytes;
  }
  UNROLLED for (int n = 0; n < kColumns; n++) {
    const size_t at = column + n * kLanes;
    if (at >= f.columns) break;
    const F scale = load(f.column_scales + at), bias = load(f.bias + at);
    const I less = load_sums(start + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      const F sum = to_float(add_sums(tile.of(m, n), less));
      finish<end>(f, fma(mul(sum, splat(f.row_scales[row + m])), scale, bias), row + m, at);
    }
  }
}

template <int kHigh, End end>
static __attribute__((noinline)) void float_tile(const float *x, size_t stride,
                                                 const float *weights, size_t inputs,
                                                 const Finish &f, size_t row, size_t column) {
  F sums[kHigh][kColumns];
  UNROLLED for (int n = 0; n < kColumns; n++)
    UNROLLED for (int m = 0; m < kHigh; m++) sums[m][n] = splat(0.f);
  const float *upper = x, *lower = x + 4 * stride;
  (void)lower;
#pragma nounroll
  for (size_t k = 0; k < inputs; k++) {
    F w[kColumns];
    UNROLLED for (int n = 0; n < kColumns; n++) w[n] = load(weights + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      F v = splat(*(m < 4 ? upper + m * stride : lower + (m - 4) * stride));
      UNROLLED for (int n = 0; n < kColumns; n++) sums[m][n] = fma(v, w[n], sums[m][n]);
    }
    weights += kPanel;
    upper++;
    lower++;
  }
  UNROLLED for (int n = 0; n < kColumns; n++) {
    const size_t at = column + n * kLanes;
    if (at >= f.columns) break;
    const F bias = load(f.bias + at);
    UNROLLED for (int m = 0; m < kHigh; m++)
      finish<end>(f, add(sums[m][n], bias), row + m, at);
  }
}

// Calls `tile.template run<high>(...)` for the number of rows that are left.
template <int kMost, class Tile>
LANE void of_height(size_t high, const Tile &tile) {
  if constexpr (kMost > 1) {
    if (high < kMost) return of_height<kMost - 1>(high, tile);
  }
  tile.template run<kMost>();
}

template <class Form, End end>
struct IntegerTile {
  const uint8_t *codes;
  size_t stride;
  const int8_t *weights;
  const int32_t *start;
  size_t steps;
  const Finish &f;
  size_t row, column;
  const char *next;
  template <int kHigh>
  void run() const {
    integer_tile<Form, kHigh, end>(codes, stride, weights, start, steps, f, row, column,
                                               next);
  }
};

template <End end>
struct FloatTile {
  const float *x;
  size_t stride;
  const float *weights;
  size_t inputs;
  const Finish &f;
  size_t row, column;
  template <int kHigh>
  void run() const {
    float_tile<kHigh, end>(x, stride, weights, inputs, f, row, column);
  }
};

}  // namespace
}  // namespace edgebert
