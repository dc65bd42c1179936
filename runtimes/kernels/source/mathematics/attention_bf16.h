// Attention whose products take bfloat16 numbers two at a time; sums and the softmax stay floats.
//
// Its bits are those of the CPU's instruction, which flushes and rounds in its own way: no other
// class repeats them, so it is never chosen by itself.
#pragma once

namespace edgebert {
namespace {

// Two numbers in 32 bits, the first in the lower half.
using Pairs = __m512i;

LANE Pairs pairs(F first, F second) {
  const Pairs low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first));
  const Pairs high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}
LANE F dot_pairs(F sums, Pairs a, Pairs b) { return _mm512_dpbf16_ps(sums, (__m512bh)a, (__m512bh)b); }
LANE Pairs load_pairs(const uint32_t *p) { return _mm512_loadu_si512(p); }
LANE Pairs same_pair(const uint32_t *p) { return _mm512_set1_epi32(static_cast<int>(*p)); }
// 16 neighbours as 8 pairs
LANE void store_neighbours(uint32_t *p, F v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), (__m256i)_mm512_cvtneps_pbh(v));
}

constexpr size_t half(size_t n) { return (n + 1) / 2; }

struct Bf16Room {
  uint32_t *keys;     // [size / 2, padded]: pairs of dimensions
  uint32_t *values;   // [padded / 2, padded_size]: pairs of keys
  uint32_t *queries;  // [kRows, size / 2]
  uint32_t *weights;  // [kRows, padded / 2]
  float *scores;      // [kRows, padded]
  float *square;      // [kLanes, kLanes]

  static size_t floats(size_t tokens, size_t size) {
    const size_t padded = rounded_up(tokens, kSpan), wide = rounded_up(size, kSpan);
    return half(wide) * padded + padded / 2 * wide + kRows * (wide + 2 * padded) + kLanes * kLanes;
  }
  Bf16Room(float *at, const Head &h) {
    const size_t padded = h.padded(), wide = h.padded_size();
    keys = reinterpret_cast<uint32_t *>(at);
    values = keys + half(wide) * padded;
    queries = values + padded / 2 * wide;
    weights = queries + kRows * half(wide);
    scores = reinterpret_cast<float *>(weights + kRows * padded / 2);
    square = scores + kRows * padded;
  }
};

LANE F load_dimensions(const Head &h, const float *row, size_t d) {
  const size_t left = h.size - d;
  return load_of(row + d, left < kLanes ? static_cast<int>(left) : kLanes);
}

static void pair_keys(const Head &h, const Bf16Room &room) {
  const size_t padded = h.padded();
  for (size_t j = 0; j < padded; j += kLanes)
    for (size_t d = 0; d < h.size; d += kLanes) {
      float rows[kLanes * kLanes];
      for (size_t i = 0; i < kLanes; i++)
        store(rows + i * kLanes, j + i < h.tokens ? load_dimensions(h, h.key + (j + i) * h.key_stride, d) : splat(0.f));
      transpose(rows, kLanes, room.square, kLanes);
      for (size_t k = 0; k < kLanes && d + k < h.padded_size(); k += 2)
        _mm512_storeu_si512(room.keys + (d + k) / 2 * padded + j,
                            pairs(load(room.square + k * kLanes), load(room.square + (k + 1) * kLanes)));
    }
}

static void pair_values(const Head &h, const Bf16Room &room) {
  const size_t wide = h.padded_size();
  const auto value = [&](size_t j, size_t d) {
    return j < h.tokens ? load_dimensions(h, h.value + j * h.value_stride, d) : splat(0.f);
  };
  for (size_t j = 0; j < h.padded(); j += 2)
    for (size_t d = 0; d < wide; d += kLanes)
      _mm512_storeu_si512(room.values + j / 2 * wide + d, pairs(value(j, d), value(j + 1, d)));
}

template <int kHigh, int kWide>
LANE void bf16_scores(const Head &h, const Bf16Room &room, size_t at) {
  const size_t padded = h.padded(), steps = half(h.size), stride = half(h.padded_size());
  F sums[kHigh][kWide];
  UNROLLED for (int m = 0; m < kHigh; m++)
    UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = splat(0.f);
#pragma nounroll
  for (size_t d = 0; d < steps; d++) {
    Pairs k[kWide];
    UNROLLED for (int n = 0; n < kWide; n++) k[n] = load_pairs(room.keys + d * padded + at + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      const Pairs q = same_pair(room.queries + m * stride + d);
      UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = dot_pairs(sums[m][n], q, k[n]);
    }
  }
  const F scale = splat(h.scale);
  UNROLLED for (int n = 0; n < kWide; n++) {
    const F added = load(h.added + at + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++)
      store(room.scores + m * padded + at + n * kLanes, fma(sums[m][n], scale, added));
  }
}

template <int kHigh, int kWide>
LANE void bf16_values(const Head &h, const Bf16Room &room, Seen seen, const float *by, size_t first, size_t at) {
  const size_t pairs_of_row = h.padded() / 2, wide = h.padded_size();
  F sums[kHigh][kWide];
  UNROLLED for (int m = 0; m < kHigh; m++)
    UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = splat(0.f);
#pragma nounroll
  for (size_t j = seen.from / 2; j < seen.to / 2; j++) {
    Pairs v[kWide];
    UNROLLED for (int n = 0; n < kWide; n++) v[n] = load_pairs(room.values + j * wide + at + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      const Pairs weight = same_pair(room.weights + m * pairs_of_row + j);
      UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = dot_pairs(sums[m][n], weight, v[n]);
    }
  }
  UNROLLED for (int n = 0; n < kWide; n++) {
    const size_t d = at + n * kLanes, left = h.size - d;
    const int count = left < kLanes ? static_cast<int>(left) : kLanes;
    UNROLLED for (int m = 0; m < kHigh; m++)
      store_of(h.y + (first + m) * h.y_stride + d, mul(sums[m][n], splat(by[m])), count);
  }
}

struct Bf16Tile {
  const Head &h;
  const Bf16Room &room;
  size_t first;

  template <int kHigh>
  __attribute__((noinline)) void run() const {
    const Seen seen = seen_by(h, first, first + kHigh - 1);
    const size_t padded = h.padded(), wide = h.padded_size();
    for (int m = 0; m < kHigh; m++)
      for (size_t d = 0; d < wide; d += kLanes)
        store_neighbours(room.queries + m * half(wide) + d / 2,
                         load_dimensions(h, h.query + (first + m) * h.query_stride, d));
    size_t j = seen.from;
    for (; j + kScoreColumns * kLanes <= seen.to; j += kScoreColumns * kLanes)
      bf16_scores<kHigh, kScoreColumns>(h, room, j);
    for (; j < seen.to; j += kLanes) bf16_scores<kHigh, 1>(h, room, j);
    float by[kHigh];
    if (h.bias || h.window)
      for (int m = 0; m < kHigh; m++) adjust_scores(h, first + m, seen, room.scores + m * padded);
    rows_together(kHigh, WeighedQueries{room.scores, padded, seen, by});
    for (int m = 0; m < kHigh; m++)
      for (size_t k = seen.from; k < seen.to; k += kLanes)
        store_neighbours(room.weights + (m * padded + k) / 2, load(room.scores + m * padded + k));
    size_t d = 0;
    for (; d + kValueColumns * kLanes <= wide; d += kValueColumns * kLanes)
      bf16_values<kHigh, kValueColumns>(h, room, seen, by, first, d);
    for (; d < wide; d += kLanes) bf16_values<kHigh, 1>(h, room, seen, by, first, d);
  }
};

struct InBf16 {
  static size_t floats(size_t tokens, size_t size) { return Bf16Room::floats(tokens, size); }
  static void attend(const Head &h, float *at) {
    const Bf16Room room(at, h);
    pair_keys(h, room);
    pair_values(h, room);
    for (size_t first = 0; first < h.tokens; first += kRows)
      of_height<kRows>(h.tokens - first, Bf16Tile{h, room, first});
  }
};

}  // namespace
}  // namespace edgebert
