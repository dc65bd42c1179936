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

  size_t stride() const { return gated ? 2 * inputs : inputs; }  // from a row of the input to the next
};

template <bool kMultiplied, bool kShifted>
LANE F transformed(const Rounding &r, const float *row, size_t at, int count) {
  F v = load_of(row + at, count);
  if (kMultiplied) v = mul(v, load_of(r.multiplier + at, count));
  if (kShifted) v = add(v, load_of(r.offset + at, count));
  return v;
}

constexpr float kSmallestScale = 1e-9f;  // of a row that is all zeros

// Codes of rows that lie `stride` floats apart.
template <class Form, bool kMultiplied, bool kShifted>
struct CodedRows {
  const Rounding &r;
  const float *x;
  size_t stride;
  uint8_t *codes;
  float *scales;

  template <int kRows>
  LANE_MEMBER void run(size_t first) const {
    const float *from = x + first * stride;
    F steps[kRows];
    find_scales<kRows>(from, scales + first);
    UNROLLED for (int i = 0; i < kRows; i++) steps[i] = splat(1.f / scales[first + i]);
    const F zero = splat(static_cast<float>(r.zero_point)), lowest = splat(0.f), highest = splat(255.f);
    const auto code = [&](int i, size_t at, int count) {  // what is no number becomes 0
      const F v = fma(transformed<kMultiplied, kShifted>(r, from + i * stride, at, count), steps[i], zero);
      return smaller(larger(v, lowest), highest);
    };
    uint8_t *to = codes + first * r.padded * Form::kCodeBytes;
    size_t at = 0;
    for (; at + kLanes <= r.inputs; at += kLanes)
      UNROLLED for (int i = 0; i < kRows; i++)
        Form::store_codes(to + (i * r.padded + at) * Form::kCodeBytes, code(i, at, kLanes));
    if (at == r.padded) return;
    for (int i = 0; i < kRows; i++) {  // what is past the inputs meets weights of zero
      uint8_t last[kLanes * Form::kCodeBytes];
      Form::store_codes(last, code(i, at, static_cast<int>(r.inputs - at)));
      memcpy(to + (i * r.padded + at) * Form::kCodeBytes, last, (r.padded - at) * Form::kCodeBytes);
    }
  }

  template <int kRows>
  LANE_MEMBER void find_scales(const float *from, float *found) const {
    if (r.scale > 0.f) {
      for (int i = 0; i < kRows; i++) found[i] = r.scale;
      return;
    }
    Reduction largest[kRows];
    each_register(r.inputs, [&](int part, size_t at, int count) {
      UNROLLED for (int i = 0; i < kRows; i++) {
        F v = transformed<kMultiplied, kShifted>(r, from + i * stride, at, count);
        if (r.zero_point) v = absolute(v);
        largest[i].part[part] = larger(largest[i].part[part], v);
      }
    });
    const float level = 1.f / static_cast<float>(r.levels);
    UNROLLED for (int i = 0; i < kRows; i++) {
      const float step = largest[i].largest() * level;
      found[i] = step > kSmallestScale ? step : kSmallestScale;
    }
  }
};

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
    layer_norm(row, to, 1, r.inputs, r.before);
    row = to;
  }
  return row;
}

template <class Form, bool kMultiplied, bool kShifted>
static void quantize_rows(const Rounding &r, const float *x, size_t rows, float *room,
                          uint8_t *codes, float *scales) {
  if (!r.gated && !r.before.gain)
    return rows_together(rows, CodedRows<Form, kMultiplied, kShifted>{r, x, r.inputs, codes, scales});
  for (size_t i = 0; i < rows; i++) {
    const float *row = prepared(r, x + i * r.stride(), room);
    rows_together(1, CodedRows<Form, kMultiplied, kShifted>{r, row, 0, codes + i * r.padded * Form::kCodeBytes, scales + i});
  }
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
