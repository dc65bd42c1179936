// A layer's input: gated, normed, shifted and scaled, and rounded to codes from 0 to 255.
#pragma once

namespace edgebert {
namespace {

// What `quantize` needs of a layer.
struct Rounding {
  size_t inputs, padded;  // codes of a row; `padded` is a whole number of steps
  const float *multiplier, *offset;
  Norm before;
  Activation gate;
  bool gated;
  float scale;  // of every row; 0: each has its own
  int zero_point, levels;
};

template <bool kMultiplied, bool kShifted>
LANE F transformed(const Rounding &r, const float *row, size_t at, int count) {
  F v = load_of(row + at, count);
  if (kMultiplied) v = mul(v, load_of(r.multiplier + at, count));
  if (kShifted) v = add(v, load_of(r.offset + at, count));
  return v;
}

constexpr float kSmallestScale = 1e-9f;  // of a row that is all zeros

template <bool kMultiplied, bool kShifted>
static float scale_of(const Rounding &r, const float *row) {
  Reduction found(0.f);
  each_register(r.inputs, [&](int part, size_t at, int count) {
    F v = transformed<kMultiplied, kShifted>(r, row, at, count);
    if (r.zero_point) v = absolute(v);
    found.part[part] = larger(found.part[part], v);
  });
  const float step = found.largest() * (1.f / static_cast<float>(r.levels));
  return step > kSmallestScale ? step : kSmallestScale;
}

template <class Form, bool kMultiplied, bool kShifted>
static float quantize_row(const Rounding &r, const float *row, uint8_t *codes) {
  const float scale = r.scale > 0.f ? r.scale : scale_of<kMultiplied, kShifted>(r, row);
  const F steps = splat(1.f / scale), zero = splat(static_cast<float>(r.zero_point));
  const F lowest = splat(0.f), highest = splat(255.f);
  size_t at = 0;
  for (; at + kLanes <= r.inputs; at += kLanes) {
    F v = nearest(mul(transformed<kMultiplied, kShifted>(r, row, at, kLanes), steps));
    v = smaller(larger(add(v, zero), lowest), highest);  // no number becomes 0
    Form::store_codes(codes + at * Form::kCodeBytes, v);
  }
  if (at < r.padded) {  // what is past the inputs meets weights of zero
    const int count = static_cast<int>(r.inputs - at);
    F v = nearest(mul(transformed<kMultiplied, kShifted>(r, row, at, count), steps));
    v = smaller(larger(add(v, zero), lowest), highest);
    uint8_t last[kLanes * Form::kCodeBytes];
    Form::store_codes(last, v);
    memcpy(codes + at * Form::kCodeBytes, last, (r.padded - at) * Form::kCodeBytes);
  }
  return scale;
}

// Gate and norm a row; `to` takes the result. Returns where it lies.
static const float *prepared(const Rounding &r, const float *row, float *to) {
  if (r.gated) {
    each_register(r.inputs, [&](int, size_t at, int count) {
      F left = activated_by(r.gate, load_of(row + at, count));
      store_of(to + at, mul(left, load_of(row + r.inputs + at, count)), count);
    });
    row = to;
  }
  if (r.before.gain) {
    layer_norm(row, to, r.before.gain, r.before.shift, r.inputs, r.before.epsilon);
    row = to;
  }
  return row;
}

template <class Form, bool kMultiplied, bool kShifted>
static void quantize_rows(const Rounding &r, const float *x, size_t rows, float *room,
                          uint8_t *codes, float *scales) {
  const size_t stride = r.gated ? 2 * r.inputs : r.inputs;
  for (size_t i = 0; i < rows; i++)
    scales[i] = quantize_row<Form, kMultiplied, kShifted>(
        r, prepared(r, x + i * stride, room), codes + i * r.padded * Form::kCodeBytes);
}

// Rows of floats to codes, and a scale for each row. `room` holds one row of floats.
template <class Form>
static void quantize(const Rounding &r, const float *x, size_t rows, float *room, uint8_t *codes,
                     float *scales) {
  auto with = quantize_rows<Form, false, false>;
  if (r.multiplier && r.offset) with = quantize_rows<Form, true, true>;
  else if (r.multiplier) with = quantize_rows<Form, true, false>;
  else if (r.offset) with = quantize_rows<Form, false, true>;
  with(r, x, rows, room, codes, scales);
}

}  // namespace
}  // namespace edgebert
