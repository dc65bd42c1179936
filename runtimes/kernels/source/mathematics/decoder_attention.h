// Attention of a decoder's new tokens: to what stands before them, and to a source.
//
// Keys and values are read where they lie, one after the other, and those that nobody looks at are
// not read at all. So a query's answer is that of its own keys alone, whatever the buffers have room
// for. Scores are sums over 32 lanes; answers go key by key.
#pragma once
#include <atomic>

namespace edgebert {
namespace {

constexpr size_t kOfLine = 16;  // floats that are fetched together

// A query, the keys and values that it looks at, and where its answer goes.
struct Looking {
  const float *query;
  const float *const *keys, *const *values;
  float *y;
};

// Some queries that look at as many keys each: of several heads, or of the beams of a source.
struct Together {
  Looking *all;
  size_t queries, count;
  size_t size;    // dimensions
  float scale;    // times log2(e): weights are powers of two
  float *scores;  // [queries, padded]
  float *by;      // [queries]

  size_t padded() const { return rounded_up(count, kLanes); }
};

// What a task works in: room for so many queries at once, of so many keys, in so many lists of them.
struct LookingRoom {
  Memory memory;
  Together together;
  const float **keys, **values;  // [lists, keys]

  bool take(size_t queries, size_t most, size_t lists, size_t size, float scale) {
    const size_t pointers = lists * most, scores = queries * rounded_up(most, kSpan);
    char *all = memory.take<char>(2 * Pieces::room<const float *>(pointers) + Pieces::room<float>(scores) +
                                  Pieces::room<float>(queries) + Pieces::room<Looking>(queries));
    if (!all) return false;
    Pieces pieces(all);
    keys = pieces.next<const float *>(pointers);
    values = pieces.next<const float *>(pointers);
    together = {pieces.next<Looking>(queries), queries, 0, size, scale * kLog2E, pieces.next<float>(scores),
                pieces.next<float>(queries)};
    return true;
  }
};

// `kSpans` spans of dimensions are known when it is compiled; 0: any number of them.
template <int kSpans>
LANE void score_keys(const Together &t, const Looking &one, float *scores) {
  const size_t size = kSpans ? kSpans * kSpan : t.size;
  for (size_t j = 0; j < t.count; j++) {
    const float *key = one.keys[j], *value = one.values[j];
    for (size_t at = 0; at < size; at += kOfLine) __builtin_prefetch(value + at);
    Reduction sum;
    each_register(size, [&](int part, size_t at, int count) {
      sum.part[part] = fma(load_of(one.query + at, count), load_of(key + at, count), sum.part[part]);
    });
    scores[j] = sum.sum() * t.scale;
  }
  for (size_t j = t.count; j < t.padded(); j++) scores[j] = kNoKey;
}

template <int kSpans>
LANE void mix_values(const Together &t, const Looking &one, const float *scores, float by) {
  if constexpr (kSpans > 0) {
    F sums[kSpans * kParts];
    UNROLLED for (int n = 0; n < kSpans * kParts; n++) sums[n] = splat(0.f);
#pragma nounroll
    for (size_t j = 0; j < t.count; j++) {
      const F weight = splat(scores[j]);
      UNROLLED for (int n = 0; n < kSpans * kParts; n++)
        sums[n] = fma(weight, load(one.values[j] + n * kLanes), sums[n]);
    }
    UNROLLED for (int n = 0; n < kSpans * kParts; n++) store(one.y + n * kLanes, mul(sums[n], splat(by)));
  } else {
    each_register(t.size, [&](int, size_t at, int some) {
      F sum = splat(0.f);
      for (size_t j = 0; j < t.count; j++)
        sum = fma(splat(scores[j]), load_of(one.values[j] + at, some), sum);
      store_of(one.y + at, mul(sum, splat(by)), some);
    });
  }
}

// The answers of queries that look at `count` keys each.
template <int kSpans>
static void look(const Together &t) {
  const size_t padded = t.padded();
  if (!t.count) {
    for (size_t i = 0; i < t.queries; i++) memset(t.all[i].y, 0, t.size * sizeof(float));
    return;
  }
  for (size_t i = 0; i < t.queries; i++) score_keys<kSpans>(t, t.all[i], t.scores + i * padded);
  rows_together(t.queries, WeighedQueries{t.scores, padded, {0, padded}, t.by});
  for (size_t i = 0; i < t.queries; i++) mix_values<kSpans>(t, t.all[i], t.scores + i * padded, t.by[i]);
}

using Look = void (*)(const Together &);
static Look look_at(size_t size) { return size == kSpan ? look<1> : size == 2 * kSpan ? look<2> : look<0>; }

constexpr size_t kLookingRows = 8;  // of a task, so that a few rows are not shared out

// Runs `job.run(first, end)` for all rows, some in a task; false where one had no memory.
template <class Job>
static bool looked_by_rows(Job &job, size_t rows, size_t of_task, Threads threads) {
  struct Some {
    Job &job;
    size_t rows, of_task;
    std::atomic<bool> failed{false};
  } some{job, rows, of_task};
  const auto task = [](void *user, size_t index) {
    Some &s = *static_cast<Some *>(user);
    const size_t first = index * s.of_task, left = s.rows - first;
    if (!s.job.run(first, first + (left < s.of_task ? left : s.of_task))) s.failed = true;
  };
  threads.for_each(threads.pool, task, (rows + of_task - 1) / of_task, &some);
  return !some.failed;
}

// ---- to what stands before, and to the new tokens up to one's own

struct PastJob {
  const PastCall &c;
  Look look;

  size_t place_of(size_t row, size_t token) const {  // of a token of the first head, in the past
    return (row * c.heads * c.room + token) * c.head_size;
  }
  void keep(size_t row, size_t length) const {
    const size_t bytes = c.head_size * sizeof(float);
    for (size_t t = 0; t < c.tokens; t++)
      for (size_t head = 0; head < c.heads; head++) {
        const size_t from = head * c.head_size, token = row * c.tokens + t;
        const size_t to = place_of(row, length + t) + head * c.room * c.head_size;
        memcpy(c.past_key + to, c.key + token * c.key_stride + from, bytes);
        memcpy(c.past_value + to, c.value + token * c.value_stride + from, bytes);
      }
  }
  void list(const LookingRoom &room, size_t row, size_t length) const {
    const size_t all = length + c.tokens, next = c.room * c.head_size;
    for (size_t j = 0; j < length; j++) {
      const size_t place = place_of(row, j);
      for (size_t head = 0; head < c.heads; head++) {
        room.keys[head * all + j] = c.past_key + place + head * next;
        room.values[head * all + j] = c.past_value + place + head * next;
      }
    }
    for (size_t t = 0; t < c.tokens; t++)
      for (size_t head = 0; head < c.heads; head++) {
        const size_t token = row * c.tokens + t, at = head * c.head_size;
        room.keys[head * all + length + t] = c.key + token * c.key_stride + at;
        room.values[head * all + length + t] = c.value + token * c.value_stride + at;
      }
  }
  void attend(LookingRoom &room, size_t row) const {
    const size_t length = static_cast<size_t>(c.lengths[row]), all = length + c.tokens;
    list(room, row, length);
    for (size_t t = 0; t < c.tokens; t++) {
      const size_t token = row * c.tokens + t;
      room.together.count = length + t + 1;
      for (size_t head = 0; head < c.heads; head++) {
        const size_t at = head * c.head_size;
        room.together.all[head] = {c.query + token * c.query_stride + at, room.keys + head * all,
                                   room.values + head * all, c.y + token * c.heads * c.head_size + at};
      }
      look(room.together);
    }
    if (c.kept) keep(row, length);
  }
  void fetch_keys(size_t row) const {
    const size_t floats = static_cast<size_t>(c.lengths[row]) * c.head_size;
    for (size_t head = 0; head < c.heads; head++) {
      const float *keys = c.past_key + place_of(row, 0) + head * c.room * c.head_size;
      for (size_t at = 0; at < floats; at += kOfLine) __builtin_prefetch(keys + at);
    }
  }
  bool run(size_t first, size_t end) const {
    LookingRoom room;
    if (!room.take(c.heads, c.room + c.tokens, c.heads, c.head_size, c.scale)) return false;
    for (size_t row = first; row < end; row++) {
      if (row + 1 < c.rows) fetch_keys(row + 1);
      attend(room, row);
    }
    return true;
  }
};

static bool run_past_attention(const PastCall &call, Threads threads) {
  const PastJob job{call, look_at(call.head_size)};
  return looked_by_rows(job, call.rows, kLookingRows, threads);
}

// ---- to a source

constexpr size_t kMostTogether = 64;  // queries of a head whose scores are held at once

struct SourceJob {
  const SourceCall &c;
  Look look;

  bool run(size_t first, size_t end) const {
    LookingRoom room;
    const size_t most = c.queries < kMostTogether ? c.queries : kMostTogether;
    if (!room.take(c.heads * most, c.room, c.heads, c.head_size, c.scale)) return false;
    for (size_t source = first; source < end; source++) {
      if (source + 1 < c.sources) fetch_keys(source + 1);
      room.together.count = list(room, source);
      for (size_t q = 0; q < c.queries; q += most)
        attend(room, source, q, c.queries - q < most ? c.queries - q : most);
    }
    return true;
  }
  void fetch_keys(size_t source) const {
    for (size_t j = 0; j < c.room; j++) {
      if (!c.mask[source * c.room + j]) continue;
      for (size_t head = 0; head < c.heads; head++) {
        const float *key = c.key + ((source * c.heads + head) * c.room + j) * c.head_size;
        for (size_t at = 0; at < c.head_size; at += kOfLine) __builtin_prefetch(key + at);
      }
    }
  }
  size_t list(const LookingRoom &room, size_t source) const {
    size_t count = 0;
    for (size_t j = 0; j < c.room; j++) {
      if (!c.mask[source * c.room + j]) continue;
      for (size_t head = 0; head < c.heads; head++) {
        const size_t at = ((source * c.heads + head) * c.room + j) * c.head_size;
        room.keys[head * c.room + count] = c.key + at;
        room.values[head * c.room + count] = c.value + at;
      }
      count++;
    }
    return count;
  }
  void attend(LookingRoom &room, size_t source, size_t first, size_t queries) const {
    Looking *to = room.together.all;
    for (size_t head = 0; head < c.heads; head++)
      for (size_t q = first; q < first + queries; q++) {
        const size_t row = source * c.queries + q, at = head * c.head_size;
        *to++ = {c.query + row * c.heads * c.head_size + at, room.keys + head * c.room, room.values + head * c.room,
                 c.y + row * c.heads * c.head_size + at};
      }
    room.together.queries = c.heads * queries;
    look(room.together);
  }
};

static bool run_source_attention(const SourceCall &call, Threads threads) {
  const SourceJob job{call, look_at(call.head_size)};
  const size_t of_task = call.queries < kLookingRows ? kLookingRows / call.queries : 1;
  return looked_by_rows(job, call.sources, of_task, threads);
}

}  // namespace
}  // namespace edgebert
