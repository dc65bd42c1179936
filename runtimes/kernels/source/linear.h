// Linear layers: weights packed for the products, and rows shared out to threads.
#pragma once
#include <atomic>
#include <new>
#include <type_traits>

namespace edgebert {
namespace {

// A layer as this class keeps it.
struct Packed {
  Rounding rounding;
  size_t outputs, panels, steps;  // steps of the inputs in a panel
  bool floats, words;             // words: products in 16 bits (AVX2, where bytes could overflow)
  Activation activation;
  Norm after;
  const int8_t *weights;
  const float *float_weights, *column_scales, *bias;
  const int32_t *start;  // what the code of 0 adds, taken off
  Memory memory[10];

  size_t code_bytes() const { return rounding.padded * (words ? 2 : 1); }
};

#ifdef EDGEBERT_WORDS
// Whether sums of two neighbouring products of u8 x s8 may leave 16 bits.
static bool leaves_16_bits(const LinearSpec &spec) {
  for (size_t k = 0; k + 1 < spec.inputs; k += 2)
    for (size_t n = 0; n < spec.outputs; n++) {
      const int a = spec.weight[k * spec.outputs + n], b = spec.weight[(k + 1) * spec.outputs + n];
      const int above = (a > 0 ? a : 0) + (b > 0 ? b : 0), below = (a < 0 ? a : 0) + (b < 0 ? b : 0);
      if (255 * above > 32767 || 255 * below < -32768) return true;
    }
  return false;
}
#endif

template <class Form>
static bool pack_integers(Packed &layer, const LinearSpec &spec) {
  using Weight = std::conditional_t<Form::kWeightBytes == 2, int16_t, int8_t>;
  constexpr size_t kStep = Form::kStep;
  const size_t inputs = spec.inputs, outputs = spec.outputs;
  layer.rounding.padded = rounded_up(inputs, kStep);
  layer.steps = layer.rounding.padded / kStep;
  const size_t size = layer.panels * layer.steps * kPanel * kStep;
  Weight *to = layer.memory[0].take<Weight>(size);
  int32_t *start = layer.memory[1].take<int32_t>(layer.panels * kPanel);
  if (!to || !start) return false;
  memset(to, 0, size * sizeof(Weight));
  memset(start, 0, layer.panels * kPanel * sizeof(int32_t));
  for (size_t p = 0; p < layer.panels; p++) {
    const size_t first = p * kPanel, wide = outputs - first < kPanel ? outputs - first : kPanel;
    for (size_t k = 0; k < inputs; k++) {
      Weight *column = to + (p * layer.steps + k / kStep) * kPanel * kStep + k % kStep;
      const int8_t *row = spec.weight + k * outputs + first;
      for (size_t c = 0; c < wide; c++) {
        column[c * kStep] = row[c];
        start[first + c] -= (spec.zero_point - Form::kSignedBy) * row[c];
      }
    }
  }
  layer.weights = reinterpret_cast<const int8_t *>(to);
  layer.start = start;
  return true;
}

static bool pack_floats(Packed &layer, const LinearSpec &spec) {
  layer.steps = spec.inputs;
  const size_t size = layer.panels * spec.inputs * kPanel;
  float *to = layer.memory[0].take<float>(size);
  if (!to) return false;
  memset(to, 0, size * sizeof(float));
  for (size_t p = 0; p < layer.panels; p++) {
    const size_t first = p * kPanel, left = spec.outputs - first, wide = left < kPanel ? left : kPanel;
    for (size_t k = 0; k < spec.inputs; k++)
      memcpy(to + (p * spec.inputs + k) * kPanel, spec.float_weight + k * spec.outputs + first,
             wide * sizeof(float));
  }
  layer.float_weights = to;
  return true;
}

static bool pack(Packed &layer, const LinearSpec &spec) {
  layer.floats = spec.float_weight != nullptr;
  if (layer.floats) return pack_floats(layer, spec);
#ifdef EDGEBERT_WORDS
  layer.words = leaves_16_bits(spec);
  if (layer.words) return pack_integers<Words>(layer, spec);
#endif
  return pack_integers<Bytes>(layer, spec);
}

// A copy of a vector that may be missing: then null, which is right.
static bool keep(Memory &memory, const float *&kept, const float *from, size_t count) {
  if (!from) return true;
  kept = copied(memory, from, count, rounded_up(count, kPanel));
  return kept != nullptr;
}

static bool keep_columns(Packed &layer, const LinearSpec &spec) {
  const size_t room = layer.panels * kPanel;
  layer.bias = copied(layer.memory[2], spec.bias, spec.outputs, room);
  if (!layer.bias || layer.floats) return layer.bias != nullptr;
  float *scales = layer.memory[3].take<float>(room);
  if (!scales) return false;
  for (size_t n = 0; n < room; n++)
    scales[n] = n < spec.outputs ? spec.weight_scale[spec.one_weight_scale ? 0 : n] : 0.f;
  layer.column_scales = scales;
  return true;
}

static Linear *make_linear(const LinearSpec &spec) {
  void *room = malloc(sizeof(Packed));
  if (!room) return nullptr;
  Packed *layer = new (room) Packed();
  Rounding &r = layer->rounding;
  r.inputs = r.padded = spec.inputs;
  r.before.epsilon = spec.before.epsilon;
  r.gate = spec.gate;
  r.gated = spec.gated;
  r.scale = spec.scale;
  r.zero_point = spec.zero_point;
  r.levels = spec.levels;
  layer->outputs = spec.outputs;
  layer->panels = (spec.outputs + kPanel - 1) / kPanel;
  layer->activation = spec.activation;
  layer->after.epsilon = spec.after.epsilon;
  const bool made = pack(*layer, spec) && keep_columns(*layer, spec) &&
                    keep(layer->memory[4], r.multiplier, spec.multiplier, spec.inputs) &&
                    keep(layer->memory[5], r.offset, spec.offset, spec.inputs) &&
                    keep(layer->memory[6], r.before.gain, spec.before.gain, spec.inputs) &&
                    keep(layer->memory[7], r.before.shift, spec.before.shift, spec.inputs) &&
                    keep(layer->memory[8], layer->after.gain, spec.after.gain, spec.outputs) &&
                    keep(layer->memory[9], layer->after.shift, spec.after.shift, spec.outputs);
  Linear *linear = reinterpret_cast<Linear *>(layer);
  if (made) return linear;
  layer->~Packed();
  free(layer);
  return nullptr;
}

static void free_linear(Linear *linear) {
  Packed *layer = reinterpret_cast<Packed *>(linear);
  layer->~Packed();
  free(layer);
}

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
  const float *x() const {
    const size_t stride = layer.rounding.inputs * (layer.rounding.gated ? 2 : 1);
    return call.x + first * stride;
  }
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
  return residual || (a != Activation::gelu && a != Activation::tanh_gelu);
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

// Codes and scales of some rows, and a row of floats to make them in.
struct Codes {
  Memory memory;
  uint8_t *codes = nullptr;
  float *scales = nullptr, *row = nullptr;

  bool take(const Packed &layer, size_t rows) {
    if (layer.floats) return true;
    const size_t code_room = Pieces::room<uint8_t>(layer.code_bytes() * rows + kBehind);
    const size_t scale_room = Pieces::room<float>(rows);
    char *all = memory.take<char>(code_room + scale_room +
                                  Pieces::room<float>(layer.rounding.inputs + kSpan));
    if (!all) return false;
    Pieces pieces(all);
    codes = pieces.next<uint8_t>(layer.code_bytes() * rows + kBehind);
    scales = pieces.next<float>(rows);
    row = pieces.next<float>(layer.rounding.inputs + kSpan);
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

static void run_block(void *user, size_t index) {
  Job &job = *static_cast<Job *>(user);
  const Block block = job.block(index);
  Codes own;
  if (!own.take(job.layer, block.rows)) {
    job.failed = true;
    return;
  }
  if (!job.layer.floats) quantize_block(block, own.row, own.codes, own.scales);
  multiply(block, own.codes, own.scales, 0, job.layer.panels);
  norm_after(block);
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

constexpr size_t kManyBlocks = 4;  // from here on every thread has rows enough
constexpr size_t kGroups = 8;      // of panels, where there are fewer

static bool run_linear(const Linear &linear, const LinearCall &call, Threads threads) {
  const Packed &layer = reinterpret_cast<const Packed &>(linear);
  const size_t blocks = (call.rows + kBlock - 1) / kBlock;
  Codes shared;
  Job job{layer, call, blocks, layer.panels < kGroups ? layer.panels : kGroups, &shared};
  if (blocks >= kManyBlocks) {
    threads.for_each(threads.pool, run_block, blocks, &job);
    return !job.failed;
  }
  if (!shared.take(layer, call.rows)) return false;
  if (!layer.floats)
    quantize_block({layer, call, 0, call.rows}, shared.row, shared.codes, shared.scales);
  threads.for_each(threads.pool, run_group, blocks * job.groups, &job);
  if (layer.after.gain) threads.for_each(threads.pool, run_norm, blocks, &job);
  return true;
}

}  // namespace
}  // namespace edgebert
