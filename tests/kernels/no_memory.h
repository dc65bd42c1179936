// Takes the memory away at every place where some is asked for: all must say so, and leak nothing.
//
// Linked with --wrap=malloc, under a sanitizer that looks for leaks.
#pragma once
#include <cstdint>

#include "comparing.h"

namespace {
size_t left = SIZE_MAX;  // how often there is some
}

extern "C" void *__real_malloc(size_t size);
extern "C" void *__wrap_malloc(size_t size) {
  if (!left) return nullptr;
  left--;
  return __real_malloc(size);
}

namespace no_memory {
namespace {

constexpr size_t kInputs = 40, kOutputs = 50, kMostRows = 400;

float x[kMostRows * 3 * 64], y[kMostRows * 64], vector[64];
int8_t weight[kInputs * kOutputs];

bool linear(const Class &of, size_t rows) {
  LinearSpec spec;
  spec.inputs = kInputs;
  spec.outputs = kOutputs;
  spec.weight = weight;
  spec.weight_scale = spec.bias = spec.multiplier = spec.offset = vector;
  spec.before = spec.after = {vector, vector, 1e-5f};
  spec.zero_point = 128;
  spec.levels = 127;
  Linear *layer = of.make_linear(spec);
  if (!layer) return false;
  const bool ran = of.linear(*layer, {x, nullptr, rows, y}, kOrders[0]);
  of.free_linear(layer);
  return ran;
}

bool attention(const Class &of, size_t rows) {
  AttentionCall call{};
  call.query = x;
  call.key = x + 64;
  call.value = x + 128;
  call.query_stride = call.key_stride = call.value_stride = 192;
  call.texts = 2;
  call.tokens = rows / 2;
  call.heads = 2;
  call.head_size = 32;
  call.scale = 1.f;
  call.y = y;
  return of.attention(call, kOrders[0]);
}

bool step(const Class &of, size_t rows) {
  const int64_t lengths[4] = {3, 2, 1, 0};
  PastCall past{};
  past.query = past.key = past.value = past.past_key = past.past_value = x;
  past.query_stride = past.key_stride = past.value_stride = 64;
  past.lengths = lengths;
  past.rows = 4;
  past.tokens = 1;
  past.heads = 2;
  past.head_size = 32;
  past.room = rows / 40 + 3;
  past.scale = 1.f;
  past.y = y;
  if (!of.past(past, kOrders[0])) return false;
  float found[4];
  int64_t tokens[4];
  LikelihoodCall likely{};
  likely.x = x;
  likely.rows = 4;
  likely.width = rows;
  likely.most = 1;
  likely.candidates = found;
  likely.tokens = tokens;
  return of.likelihood(likely, kOrders[0]);
}

// How often `run` fails before it has memory enough.
int failures(bool (*run)(const Class &, size_t), const Class &of, size_t rows) {
  for (int given = 0;; given++) {
    left = static_cast<size_t>(given);
    if (run(of, rows)) return given;
  }
}

void try_classes() {
  for (const Class *const *of = classes(); *of; of++)
    for (size_t rows : {size_t{4}, kMostRows}) {
      const int layers = failures(linear, **of, rows), heads = failures(attention, **of, rows);
      const int steps = failures(step, **of, rows);
      if (layers >= 10 && heads >= 1 && steps >= 2) continue;
      wrong++;
      printf("WRONG no-memory: %s, %zu rows: a layer failed in %d ways, attention in %d, a step in %d\n",
             (*of)->name, rows, layers, heads, steps);
    }
}

}  // namespace
}  // namespace no_memory
