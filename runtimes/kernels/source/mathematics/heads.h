// All heads of all texts, each a task of its own.
#pragma once
#include <atomic>

namespace edgebert {
namespace {

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
