// Linear layers, run: rows and columns shared out to threads.
#pragma once
#include <atomic>

namespace edgebert {
namespace {

// ---- a block of rows

struct Block {
  const Packed &layer;
  const LinearCall &call;
  size_t first, rows;

  Finish finish(const float *scales) const {
    const size_t outputs = layer.outputs;
    return {scales,
            layer.column_scales,
            layer.bias,
            call.residual ? call.residual + first * outputs : nullptr,
            outputs,
            call.y + first * outputs,
            outputs,
            outputs};
  }
  const float *x() const { return call.x + first * layer.rounding.stride(); }
};

template <class Form, End end>
static void integer_panels(const Block &b, const uint8_t *codes, const float *scales, size_t from,
                           size_t to) {
  const Packed &layer = b.layer;
  const size_t stride = layer.code_bytes(), size = layer.steps * kPanel * Form::kStep * Form::kWeightBytes;
  const Finish f = b.finish(scales);
  for (size_t p = from; p < to; p++) {
    const int8_t *weights = layer.weights + p * size;
    const char *next = reinterpret_cast<const char *>(p + 1 < to ? weights + size : weights);
    for (size_t row = 0; row < b.rows; row += Form::kTileRows) {
      IntegerTile<Form, end> tile{codes + row * stride, stride, weights, layer.start + p * kPanel,
                                  layer.steps, f, row, p * kPanel, next};
      of_height<Form::kTileRows>(b.rows - row, tile);
    }
  }
}

template <End end>
static void float_panels(const Block &b, size_t from, size_t to) {
  const Packed &layer = b.layer;
  const Finish f = b.finish(nullptr);
  const size_t inputs = layer.rounding.inputs;
  for (size_t p = from; p < to; p++)
    for (size_t row = 0; row < b.rows; row += kRows) {
      FloatTile<end> tile{b.x() + row * inputs, inputs, layer.float_weights + p * inputs * kPanel,
                          inputs, f, row, p * kPanel};
      of_height<kRows>(b.rows - row, tile);
    }
}

template <End end>
static void panels(const Block &b, const uint8_t *codes, const float *scales, size_t from, size_t to) {
  if (b.layer.floats) return float_panels<end>(b, from, to);
#ifdef EDGEBERT_WORDS
  if (b.layer.words) return integer_panels<Words, end>(b, codes, scales, from, to);
#endif
  integer_panels<Bytes, end>(b, codes, scales, from, to);
}

// Whether the activation is done apart: of those that are rare, or before a residual.
static bool apart(const Packed &layer, bool residual) {
  const Activation a = layer.activation;
  if (a == Activation::none) return false;
  return residual || a == Activation::tanh || a == Activation::silu;
}

static void activate_apart(const Block &b, size_t from, size_t columns) {
  const size_t outputs = b.layer.outputs;
  for (size_t row = b.first; row < b.first + b.rows; row++) {
    float *y = b.call.y + row * outputs + from;
    const float *residual = b.call.residual ? b.call.residual + row * outputs + from : nullptr;
    each_register(columns, [&](int, size_t at, int count) {
      F v = activated_by(b.layer.activation, load_of(y + at, count));
      if (residual) v = add(v, load_of(residual + at, count));
      store_of(y + at, v, count);
    });
  }
}

static void multiply(const Block &b, const uint8_t *codes, const float *scales, size_t from, size_t to) {
  const bool residual = b.call.residual != nullptr;
  if (apart(b.layer, residual)) {
    panels<End::plain>(b, codes, scales, from, to);
    const size_t first = from * kPanel, end = to * kPanel < b.layer.outputs ? to * kPanel : b.layer.outputs;
    activate_apart(b, first, end - first);
  } else if (residual) {
    panels<End::residual>(b, codes, scales, from, to);
  } else if (b.layer.activation == Activation::gelu) {
    panels<End::gelu>(b, codes, scales, from, to);
  } else if (b.layer.activation == Activation::tanh_gelu) {
    panels<End::tanh_gelu>(b, codes, scales, from, to);
  } else if (b.layer.activation == Activation::relu) {
    panels<End::relu>(b, codes, scales, from, to);
  } else {
    panels<End::plain>(b, codes, scales, from, to);
  }
}

static void quantize_block(const Block &b, float *room, uint8_t *codes, float *scales) {
#ifdef EDGEBERT_WORDS
  if (b.layer.words) return quantize<Words>(b.layer.rounding, b.x(), b.rows, room, codes, scales);
#endif
  quantize<Bytes>(b.layer.rounding, b.x(), b.rows, room, codes, scales);
}

static void norm_after(const Block &b) {
  const Packed &layer = b.layer;
  if (!layer.after.gain) return;
  float *y = b.call.y + b.first * layer.outputs;
  layer_norm(y, y, b.rows, layer.outputs, layer.after);
}

// ---- blocks and columns, shared out to threads

// Codes and scales of some rows, and for each block a row of floats to make them in.
struct Codes {
  Memory memory;
  uint8_t *codes = nullptr;
  float *scales = nullptr, *row = nullptr;
  size_t row_stride = 0;

  bool take(const Packed &layer, size_t blocks, size_t rows) {
    if (layer.floats) return true;
    row_stride = rounded_up(layer.rounding.inputs + kSpan, kAlignment);
    const size_t bytes = layer.code_bytes() * rows + kBehind;
    char *all = memory.take<char>(Pieces::room<uint8_t>(bytes) + Pieces::room<float>(rows) +
                                  Pieces::room<float>(row_stride * blocks));
    if (!all) return false;
    Pieces pieces(all);
    codes = pieces.next<uint8_t>(bytes);
    scales = pieces.next<float>(rows);
    row = pieces.next<float>(row_stride * blocks);
    return true;
  }
};

struct Job {
  const Packed &layer;
  const LinearCall &call;
  size_t blocks, groups;  // of rows, and of panels
  Codes *shared;          // codes of all rows, where panels are shared out
  std::atomic<bool> failed{false};

  Block block(size_t i) const {
    const size_t first = i * kBlock, left = call.rows - first;
    return {layer, call, first, left < kBlock ? left : kBlock};
  }
};

// Where weights are few: a block of rows goes through all of them, and stays near itself.
static void run_block(void *user, size_t index) {
  Job &job = *static_cast<Job *>(user);
  const Block block = job.block(index);
  Codes own;
  if (!own.take(job.layer, 1, block.rows)) {
    job.failed = true;
    return;
  }
  if (!job.layer.floats) quantize_block(block, own.row, own.codes, own.scales);
  multiply(block, own.codes, own.scales, 0, job.layer.panels);
  norm_after(block);
}

// Where they are many, or the rows few: all rows are rounded, then go through a group of panels.
static void run_rounding(void *user, size_t index) {
  Job &job = *static_cast<Job *>(user);
  const Block block = job.block(index);
  const Codes &to = *job.shared;
  quantize_block(block, to.row + index * to.row_stride, to.codes + block.first * job.layer.code_bytes(),
                 to.scales + block.first);
}

static void run_group(void *user, size_t index) {
  Job &job = *static_cast<Job *>(user);
  const Block block = job.block(index % job.blocks);  // a group's weights stay near for all blocks
  const size_t group = index / job.blocks, panels = job.layer.panels;
  const size_t from = panels * group / job.groups, to = panels * (group + 1) / job.groups;
  const uint8_t *codes = job.shared->codes;
  if (codes) codes += block.first * job.layer.code_bytes();
  const float *scales = job.shared->scales;
  multiply(block, codes, scales ? scales + block.first : nullptr, from, to);
}

static void run_norm(void *user, size_t index) {
  norm_after(static_cast<Job *>(user)->block(index));
}

constexpr size_t kManyBlocks = 4;           // from here on every thread has rows enough
constexpr size_t kNear = 768 << 10;         // bytes of weights that stay in a core's own cache
constexpr size_t kGroup = 256 << 10;        // bytes of a group of panels
constexpr size_t kLeastGroups = 8;          // so that few rows use all threads
constexpr size_t kMostRows = 32 * kBlock;   // whose codes are held at once

static size_t groups_of(const Packed &layer) {
  const size_t groups = layer.weight_bytes() / kGroup + 1;
  const size_t wanted = groups < kLeastGroups ? kLeastGroups : groups;
  return wanted < layer.panels ? wanted : layer.panels;
}

static bool run_groups(const Packed &layer, const LinearCall &call, Threads threads) {
  const size_t blocks = (call.rows + kBlock - 1) / kBlock;
  Codes shared;
  if (!shared.take(layer, blocks, call.rows)) return false;
  Job job{layer, call, blocks, groups_of(layer), &shared};
  if (!layer.floats) threads.for_each(threads.pool, run_rounding, blocks, &job);
  threads.for_each(threads.pool, run_group, blocks * job.groups, &job);
  if (layer.after.gain) threads.for_each(threads.pool, run_norm, blocks, &job);
  return true;
}

static bool run_linear(const Linear &linear, const LinearCall &call, Threads threads) {
  const Packed &layer = reinterpret_cast<const Packed &>(linear);
  const size_t blocks = (call.rows + kBlock - 1) / kBlock;
  if (blocks >= kManyBlocks && layer.weight_bytes() <= kNear) {
    Job job{layer, call, blocks, 0, nullptr};
    threads.for_each(threads.pool, run_block, blocks, &job);
    return !job.failed;
  }
  for (size_t first = 0; first < call.rows; first += kMostRows) {
    const size_t left = call.rows - first;
    const LinearCall some = {call.x + first * layer.rounding.stride(),
                             call.residual ? call.residual + first * layer.outputs : nullptr,
                             left < kMostRows ? left : kMostRows, call.y + first * layer.outputs};
    if (!run_groups(layer, some, threads)) return false;
  }
  return true;
}

}  // namespace
}  // namespace edgebert
