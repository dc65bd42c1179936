// Self-attention of one head over one text at a time, in floats.
//
// Keys are transposed once, so that a register holds one dimension of several keys. Scores of a
// few queries stay in registers while dimensions are summed up one by one, and answers while keys
// are: the order is that of a text alone, whatever it is batched with. Tokens behind the last one
// that counts are left out altogether.
#pragma once

namespace edgebert {
namespace {

constexpr float kMasked = -10000.f;  // added to the score of a key that does not count
constexpr float kNoKey = -3e38f;     // score of a key that is not there

struct Head {
  const float *query, *key, *value;
  size_t query_stride, key_stride, value_stride;
  size_t tokens;       // that are looked at
  size_t size;         // dimensions
  size_t window;
  float scale;         // times log2(e): weights are powers of two
  const float *added;  // [padded()], to the scores of every query
  const float *bias;   // [tokens, bias_stride] or null
  size_t bias_stride;
  float *y;
  size_t y_stride;

  size_t padded() const { return rounded_up(tokens, kLanes); }
  size_t padded_size() const { return rounded_up(size, kLanes); }
};

// What one head is computed in.
struct HeadRoom {
  float *keys;    // [size, padded]
  float *values;  // [tokens, padded_size]
  float *scores;  // [kRows, padded]

  static size_t floats(size_t tokens, size_t size) {
    const size_t padded = rounded_up(tokens, kSpan);
    return (size + kRows) * padded + padded * rounded_up(size, kSpan);
  }
  HeadRoom(float *at, const Head &h)
      : keys(at), values(keys + h.size * h.padded()), scores(values + h.tokens * h.padded_size()) {}
};

static void transpose_keys(const Head &h, float *keys) {
  const size_t padded = h.padded();
  for (size_t j = 0; j < padded; j += kLanes)
    for (size_t d = 0; d < h.size; d += kLanes) {
      if (j + kLanes <= h.tokens && d + kLanes <= h.size) {
        transpose(h.key + j * h.key_stride + d, h.key_stride, keys + d * padded + j, padded);
        continue;
      }
      for (size_t k = d; k < d + kLanes && k < h.size; k++)
        for (size_t i = j; i < j + kLanes; i++)
          keys[k * padded + i] = i < h.tokens ? h.key[i * h.key_stride + k] : 0.f;
    }
}

// Values side by side: as they come they lie a page apart.
static void gather_values(const Head &h, float *values) {
  const size_t padded = h.padded_size();
  for (size_t j = 0; j < h.tokens; j++)
    for (size_t d = 0; d < padded; d += kLanes) {
      const size_t left = h.size - d;
      const int count = left < kLanes ? static_cast<int>(left) : kLanes;
      store(values + j * padded + d, load_of(h.value + j * h.value_stride + d, count));
    }
}

template <int kHigh, int kWide>
LANE void score_tile(const Head &h, const float *keys, size_t first, size_t at, float *scores) {
  const size_t padded = h.padded();
  const float *queries = h.query + first * h.query_stride;
  F sums[kHigh][kWide];
  UNROLLED for (int m = 0; m < kHigh; m++)
    UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = splat(0.f);
#pragma nounroll
  for (size_t d = 0; d < h.size; d++) {
    F k[kWide];
    UNROLLED for (int n = 0; n < kWide; n++) k[n] = load(keys + d * padded + at + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      const F q = splat(queries[m * h.query_stride + d]);
      UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = fma(q, k[n], sums[m][n]);
    }
  }
  const F scale = splat(h.scale);
  UNROLLED for (int n = 0; n < kWide; n++) {
    const F added = load(h.added + at + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++)
      store(scores + m * padded + at + n * kLanes, fma(sums[m][n], scale, added));
  }
}

// The keys that some queries look at: from a whole span on, to a whole register.
struct Seen {
  size_t from, to;
};

static Seen seen_by(const Head &h, size_t first, size_t last) {
  if (!h.window) return {0, h.padded()};
  const size_t from = first > h.window ? first - h.window : 0;
  const size_t to = last + h.window + 1 < h.tokens ? last + h.window + 1 : h.tokens;
  return {from / kSpan * kSpan, rounded_up(to, kLanes)};
}

// What is added to scores of one query alone.
static void adjust_scores(const Head &h, size_t query, Seen seen, float *scores) {
  if (h.bias) {
    const float *bias = h.bias + query * h.bias_stride + seen.from;
    const size_t to = seen.to < h.tokens ? seen.to : h.tokens;
    each_register(to - seen.from, [&](int, size_t at, int count) {
      float *score = scores + seen.from + at;
      store_of(score, fma(load_of(bias + at, count), splat(kLog2E), load_of(score, count)), count);
    });
  }
  if (!h.window) return;
  for (size_t j = seen.from; j < seen.to; j++)
    if (j + h.window < query || j > query + h.window) scores[j] = kNoKey;
}

// Scores of queries to weights, and one over the sum of each.
struct WeighedQueries {
  float *scores;
  size_t stride;
  Seen seen;
  float *by;

  template <int kQueries>
  LANE_MEMBER void run(size_t first) const {
    float *from = scores + first * stride + seen.from;
    const size_t length = seen.to - seen.from;
    Reduction all[kQueries];
    F top[kQueries];
    find_largest<kQueries>(from, length, top);
    each_register(length, [&](int part, size_t at, int) {
      UNROLLED for (int q = 0; q < kQueries; q++) {
        const F weight = exp2(sub(load(from + q * stride + at), top[q]));
        all[q].part[part] = add(all[q].part[part], weight);
        store(from + q * stride + at, weight);
      }
    });
    UNROLLED for (int q = 0; q < kQueries; q++) by[first + q] = 1.f / all[q].sum();
  }

  template <int kQueries>
  LANE_MEMBER void find_largest(const float *from, size_t length, F *top) const {
    Reduction most[kQueries];
    UNROLLED for (int q = 0; q < kQueries; q++) most[q] = Reduction(kNoKey);
    each_register(length, [&](int part, size_t at, int) {
      UNROLLED for (int q = 0; q < kQueries; q++)
        most[q].part[part] = larger(most[q].part[part], load(from + q * stride + at));
    });
    UNROLLED for (int q = 0; q < kQueries; q++) top[q] = splat(most[q].largest());
  }
};

template <int kHigh, int kWide>
LANE void value_tile(const Head &h, const HeadRoom &room, Seen seen, const float *by, size_t first,
                     size_t at) {
  const size_t padded = h.padded(), stride = h.padded_size();
  const size_t end = seen.to < h.tokens ? seen.to : h.tokens;
  F sums[kHigh][kWide];
  UNROLLED for (int m = 0; m < kHigh; m++)
    UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = splat(0.f);
#pragma nounroll
  for (size_t j = seen.from; j < end; j++) {
    F v[kWide];
    UNROLLED for (int n = 0; n < kWide; n++) v[n] = load(room.values + j * stride + at + n * kLanes);
    UNROLLED for (int m = 0; m < kHigh; m++) {
      const F weight = splat(room.scores[m * padded + j]);
      UNROLLED for (int n = 0; n < kWide; n++) sums[m][n] = fma(weight, v[n], sums[m][n]);
    }
  }
  UNROLLED for (int n = 0; n < kWide; n++) {
    const size_t d = at + n * kLanes, left = h.size - d;
    const int count = left < kLanes ? static_cast<int>(left) : kLanes;
    UNROLLED for (int m = 0; m < kHigh; m++)
      store_of(h.y + (first + m) * h.y_stride + d, mul(sums[m][n], splat(by[m])), count);
  }
}

struct QueryTile {
  const Head &h;
  const HeadRoom &room;
  size_t first;

  template <int kHigh>
  __attribute__((noinline)) void run() const {
    const Seen seen = seen_by(h, first, first + kHigh - 1);
    size_t j = seen.from;
    for (; j + kScoreColumns * kLanes <= seen.to; j += kScoreColumns * kLanes)
      score_tile<kHigh, kScoreColumns>(h, room.keys, first, j, room.scores);
    for (; j + 2 * kLanes <= seen.to; j += 2 * kLanes)
      score_tile<kHigh, 2>(h, room.keys, first, j, room.scores);
    for (; j < seen.to; j += kLanes) score_tile<kHigh, 1>(h, room.keys, first, j, room.scores);
    float by[kHigh];
    if (h.bias || h.window)
      for (int m = 0; m < kHigh; m++)
        adjust_scores(h, first + m, seen, room.scores + m * h.padded());
    rows_together(kHigh, WeighedQueries{room.scores, h.padded(), seen, by});
    size_t d = 0;
    for (; d + kValueColumns * kLanes <= h.padded_size(); d += kValueColumns * kLanes)
      value_tile<kHigh, kValueColumns>(h, room, seen, by, first, d);
    for (; d < h.padded_size(); d += kLanes) value_tile<kHigh, 1>(h, room, seen, by, first, d);
  }
};

struct InFloats {
  static size_t floats(size_t tokens, size_t size) { return HeadRoom::floats(tokens, size); }
  static void attend(const Head &h, float *at) {
    const HeadRoom room(at, h);
    transpose_keys(h, room.keys);
    gather_values(h, room.values);
    for (size_t first = 0; first < h.tokens; first += kRows)
      of_height<kRows>(h.tokens - first, QueryTile{h, room, first});
  }
};

}  // namespace
}  // namespace edgebert
