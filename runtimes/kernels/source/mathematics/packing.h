// Linear layers as a class keeps them: weights in the order in which the products read them.
#pragma once
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
  size_t weight_bytes() const {
    return rounding.padded * outputs * (floats ? sizeof(float) : words ? 2 : 1);
  }
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

}  // namespace
}  // namespace edgebert
