// Self-attention of one head over one text at a time, in floats.
//
// Keys are transposed once, so that a register holds one dimension of several keys. Scores of a
// few queries stay in registers while dimensions are summed up one by one, and answers while keys
// are: the order is that of a text alone, whatever it is batched with. Tokens behind the last one
// that counts are left out altogether.
#pragma once
#include <atomic>

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

// ---- rotary positions

// The two halves of each row of a head turned against each other
// (Su et al., https://arxiv.org/abs/2104.09864).
static void rotate(const AttentionCall &c, const float *from, size_t stride, size_t tokens,
                   float *to) {
  const size_t half = c.head_size / 2;
  for (size_t j = 0; j < tokens; j++)
    for (size_t d = 0; d < half; d++) {
      const float *x = from + j * stride;
      const float cosine = c.cosines[j * half + d], sine = c.sines[j * half + d];
      const float left = x[d] * cosine, right = x[d + half] * cosine;
      to[j * c.head_size + d] = left - x[d + half] * sine;
      to[j * c.head_size + d + half] = right + x[d] * sine;
    }
}

// ---- all heads of all texts

struct AttentionJob {
  const AttentionCall &call;
  std::atomic<bool> failed{false};
};

// How many tokens there are up to the last that counts; all of them where none does.
static size_t tokens_that_count(const AttentionCall &c, size_t text) {
  if (!c.mask) return c.tokens;
  const int32_t *mask = c.mask + text * c.tokens;
  size_t tokens = c.tokens;
  while (tokens && !mask[tokens - 1]) tokens--;
  return tokens ? tokens : c.tokens;
}

static void fill_added(const AttentionCall &c, size_t text, const Head &h, float *added) {
  memset(added, 0, h.tokens * sizeof(float));
  for (size_t j = 0; c.mask && j < h.tokens; j++)
    if (!c.mask[text * c.tokens + j]) added[j] = kMasked * kLog2E;
  for (size_t j = h.tokens; j < h.padded(); j++) added[j] = kNoKey;
}

static void clear_rest(const AttentionCall &c, const Head &h) {
  for (size_t j = h.tokens; j < c.tokens; j++) memset(h.y + j * h.y_stride, 0, h.size * sizeof(float));
}

static Head head_of(const AttentionCall &c, size_t text, size_t head) {
  const size_t row = text * c.tokens, at = head * c.head_size, width = c.heads * c.head_size;
  Head h{};
  h.query = c.query + row * c.query_stride + at;
  h.key = c.key + row * c.key_stride + at;
  h.value = c.value + row * c.value_stride + at;
  h.query_stride = c.query_stride;
  h.key_stride = c.key_stride;
  h.value_stride = c.value_stride;
  h.tokens = tokens_that_count(c, text);
  h.size = c.head_size;
  h.window = c.window;
  h.scale = c.scale * kLog2E;
  if (c.bias) h.bias = c.bias + text * c.bias_of_text + head * c.bias_of_head;
  h.bias_stride = c.tokens;
  h.y = c.y + row * width + at;
  h.y_stride = width;
  return h;
}

// `How` computes a head, in so many floats of room.
template <class How>
static void run_head(void *user, size_t index) {
  AttentionJob &job = *static_cast<AttentionJob *>(user);
  const AttentionCall &c = job.call;
  const size_t text = index / c.heads;
  Head h = head_of(c, text, index % c.heads);
  const size_t inside = How::floats(h.tokens, h.size), added = rounded_up(h.tokens, kSpan);
  const size_t rotated = c.cosines ? h.tokens * h.size : 0;
  Memory memory;
  float *room = memory.take<float>(inside + added + 2 * rotated);
  if (!room) {
    job.failed = true;
    return;
  }
  fill_added(c, text, h, room + inside);
  h.added = room + inside;
  if (c.cosines) {
    float *query = room + inside + added, *key = query + rotated;
    rotate(c, h.query, h.query_stride, h.tokens, query);
    rotate(c, h.key, h.key_stride, h.tokens, key);
    h.query = query;
    h.key = key;
    h.query_stride = h.key_stride = h.size;
  }
  How::attend(h, room);
  clear_rest(c, h);
}

template <class How>
static bool run_attention(const AttentionCall &call, Threads threads) {
  AttentionJob job{call};
  threads.for_each(threads.pool, run_head<How>, call.texts * call.heads, &job);
  return !job.failed;
}

}  // namespace
}  // namespace edgebert
