// Runs each operator on the same numbers in every class that this CPU has.
//
// Prints a hash of the answer of every case, by which CPUs are compared, and a line for each answer
// that is not the one of emulated lanes, that the order of tasks changes, or that neighbours change.
// With a sanitizer arrays have no room behind them, so that it sees each number read in excess.
#include <cmath>

#include "comparing.h"
#ifdef __SANITIZE_ADDRESS__
#include "no_memory.h"
#endif

namespace {

constexpr uint32_t kDrawn = 30;  // cases of sizes that are drawn, of each kind

// ---- linear layers

struct Layer {
  const char *name;
  size_t rows, inputs, outputs;
  Activation activation, gate;
  bool residual, before, after, shifted, one_scale;
  float scale;  // 0: a row has its own
  int zero_point, levels, most;  // most: of a weight; 0 for floats
  float magnitude;
  bool no_numbers = false;  // some inputs are none
};

constexpr Activation kNone = Activation::none;
constexpr Layer kLayers[] = {
    {"query-key-value", 33, 384, 1152, kNone, kNone, false, false, false, true, false, 0, 128, 127, 127, 2},
    {"output", 50, 384, 384, kNone, kNone, true, false, true, true, false, 0, 128, 127, 127, 1},
    {"gelu", 17, 384, 1536, Activation::gelu, kNone, false, false, false, true, false, 0, 128, 127, 127, 2},
    {"down", 19, 1536, 384, kNone, kNone, true, false, true, false, false, 0, 128, 127, 127, 4},
    {"narrow-weights", 13, 384, 384, Activation::tanh_gelu, kNone, false, false, false, false, false, 0, 128, 127, 63, 2},
    {"static", 21, 384, 320, kNone, kNone, true, false, true, true, true, .0173f, 121, 255, 127, 1},
    {"static-alone", 1, 768, 64, Activation::gelu, kNone, false, false, false, false, false, .03f, 7, 255, 127, 1},
    {"positive", 9, 312, 312, Activation::relu, kNone, true, false, false, false, false, 0, 0, 255, 127, 1},
    {"norm-before", 35, 312, 936, kNone, kNone, false, true, false, true, false, 0, 128, 127, 127, 3},
    {"gate", 11, 200, 72, Activation::silu, Activation::gelu, true, false, true, false, true, 0, 128, 127, 127, 2},
    {"odd", 7, 37, 53, Activation::tanh, kNone, false, false, true, true, false, 0, 128, 127, 127, 1},
    {"smallest", 1, 1, 1, kNone, kNone, false, false, false, false, false, 0, 128, 127, 127, 1},
    {"no-rows", 0, 64, 64, kNone, kNone, false, false, false, false, false, 0, 128, 127, 127, 1},
    {"zeros", 5, 64, 64, kNone, kNone, false, false, false, false, false, 0, 128, 127, 127, 0},
    {"large", 6, 64, 64, Activation::gelu, kNone, false, false, false, false, false, 0, 128, 127, 127, 1e18f},
    {"no-numbers", 6, 64, 64, Activation::gelu, kNone, true, false, true, true, false, 0, 128, 127, 127, 1, true},
    {"no-numbers-static", 6, 64, 40, kNone, kNone, false, true, false, false, false, .02f, 99, 255, 127, 1, true},
    {"floats", 23, 384, 48, Activation::tanh, kNone, true, false, true, false, false, 0, 0, 0, 0, 1},
    {"floats-odd", 3, 131, 5, kNone, kNone, false, false, false, false, false, 0, 0, 0, 0, 1},
};

Layer drawn_layer(const char *name, Numbers &draw) {
  Layer l = {name, 1 + draw.below(120), 1 + draw.below(400), 1 + draw.below(260)};
  l.most = draw.below(3) ? draw.sometimes() ? 127 : 63 : 0;
  l.activation = static_cast<Activation>(draw.below(6));
  l.residual = draw.sometimes();
  l.after = draw.sometimes();
  l.magnitude = 4;
  l.no_numbers = draw.below(8) == 0;
  if (!l.most) return l;
  l.gate = draw.below(4) ? kNone : static_cast<Activation>(1 + draw.below(5));
  l.before = draw.sometimes();
  l.shifted = draw.sometimes();
  l.one_scale = draw.sometimes();
  l.scale = draw.sometimes() ? .02f : 0;
  l.zero_point = l.scale > 0 ? static_cast<int>(draw.below(256)) : draw.sometimes() ? 128 : 0;
  l.levels = l.zero_point ? 127 : 255;
  return l;
}

void linear(const Layer &l) {
  Numbers numbers(l.inputs * 31 + l.outputs);
  Array<float> x(l.rows * l.inputs * (l.gate == kNone ? 1 : 2)), residual(l.rows * l.outputs);
  Array<float> bias(l.outputs), multiplier(l.inputs), offset(l.inputs), scales(l.one_scale ? 1 : l.outputs);
  Array<float> before(l.inputs), before_shift(l.inputs), after(l.outputs), after_shift(l.outputs);
  Array<float> floats(l.most ? 0 : l.inputs * l.outputs), wanted(l.rows * l.outputs);
  Array<int8_t> weight(l.most ? l.inputs * l.outputs : 0);
  numbers.fill(x, l.magnitude);
  if (l.no_numbers)
    x[3 % x.count] = NAN, x[(l.inputs + 5) % x.count] = INFINITY, x[2 * l.inputs % x.count] = -INFINITY;
  numbers.fill(residual, 1);
  for (Array<float> *each : {&bias, &multiplier, &before, &before_shift, &after, &after_shift, &floats})
    numbers.fill(*each, 1);
  numbers.fill(offset, .01f);
  numbers.fill(scales, .01f);
  numbers.fill(weight, l.most);
  LinearSpec spec;
  spec.inputs = l.inputs;
  spec.outputs = l.outputs;
  spec.weight = weight.given(l.most);
  spec.float_weight = floats.given(!l.most);
  spec.weight_scale = scales.given(l.most);
  spec.one_weight_scale = l.one_scale;
  spec.bias = bias;
  if (l.shifted) spec.multiplier = multiplier, spec.offset = offset;
  if (l.before) spec.before = {before, before_shift, 1e-5f};
  if (l.after) spec.after = {after, after_shift.given(!l.one_scale), 1e-12f};
  spec.scale = l.scale;
  spec.zero_point = l.zero_point;
  spec.levels = l.levels;
  spec.activation = l.activation;
  spec.gate = l.gate;
  spec.gated = l.gate != kNone;
  const size_t width = l.inputs * (spec.gated ? 2 : 1);
  const auto rows = [&](const Class &of, const Threads &threads, size_t first, size_t count, float *y) {
    Linear *made = of.make_linear(spec);
    if (!made) return false;
    const LinearCall call = {x + first * width, l.residual ? residual + first * l.outputs : nullptr, count, y};
    const bool done = of.linear(*made, call, threads);
    of.free_linear(made);
    return done;
  };
  compare(l.name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    return !l.rows || rows(of, threads, 0, l.rows, y);
  });
  Array<float> alone(l.outputs);
  for (const Class *const *one = classes(); *one; one++)
    for (size_t row = 0; row < l.rows; row += 1 + l.rows / 3) {
      rows(**one, kOrders[0], row, 1, alone);
      hold(l.name, (*one)->name, " alone", alone, wanted + row * l.outputs, l.outputs);
    }
}

// ---- attention

struct Heads {
  const char *name;
  size_t texts, tokens, heads, size, window;
  bool packed, masked, biased, rotary;
};

constexpr Heads kHeads[] = {
    {"attention", 2, 37, 12, 32, 0, true, true, false, false},
    {"heads-of-64", 1, 130, 3, 64, 0, true, true, false, false},
    {"heads-of-26", 2, 19, 12, 26, 0, true, true, false, false},
    {"heads-of-128", 1, 33, 2, 128, 0, false, false, false, false},
    {"heads-of-7", 1, 20, 3, 7, 0, false, true, false, false},
    {"bias", 2, 21, 4, 64, 0, false, true, true, false},
    {"window-rotary", 1, 70, 2, 64, 16, true, true, false, true},
    {"rotary", 2, 9, 3, 32, 0, false, true, false, true},
    {"one-token", 3, 1, 2, 32, 0, true, true, false, false},
    {"no-tokens", 1, 0, 2, 32, 0, true, false, false, false},
};

Heads drawn_heads(const char *name, Numbers &draw) {
  constexpr size_t kSizes[] = {4, 26, 32, 33, 64, 80, 128};
  Heads h = {name, 1 + draw.below(3), 1 + draw.below(100), 1 + draw.below(3), kSizes[draw.below(7)]};
  h.window = draw.sometimes() ? 0 : 1 + draw.below(40);
  h.packed = draw.sometimes();
  h.masked = draw.sometimes();
  h.biased = draw.sometimes();
  h.rotary = h.size % 2 == 0 && draw.sometimes();
  return h;
}

void attention(const Heads &h) {
  Numbers numbers(h.tokens * 7 + h.size);
  const size_t width = h.heads * h.size, stride = width * (h.packed ? 3 : 1), rows = h.texts * h.tokens;
  Array<float> query(rows * stride), key(h.packed ? 0 : rows * width), value(h.packed ? 0 : rows * width);
  Array<float> bias(h.biased ? h.heads * h.tokens * h.tokens : 0), wanted(rows * width);
  Array<float> cosines(h.rotary ? h.tokens * h.size / 2 : 0), sines(cosines.count);
  Array<int32_t> mask(rows);
  for (Array<float> *each : {&query, &key, &value, &bias}) numbers.fill(*each, 1);
  for (size_t i = 0; i < cosines.count; i++) {  // of a rotation, exactly the same everywhere
    const float t = static_cast<float>(numbers.below(1024)) / 1024;
    cosines[i] = (1 - t * t) / (1 + t * t);
    sines[i] = 2 * t / (1 + t * t);
  }
  // Text 0 is padded behind, text 1 has a hole too, and of text 2 nothing counts.
  const size_t counting = h.tokens - h.tokens / 3;
  for (size_t i = 0; i < rows; i++) {
    const size_t text = i / h.tokens, token = i % h.tokens;
    mask[i] = text < 2 && token < counting && !(text == 1 && token == 1);
  }
  const auto run = [&](Attention of, const Threads &threads, size_t texts, size_t tokens, float *y) {
    const float *const k = h.packed ? query + width : key, *const v = h.packed ? query + 2 * width : value;
    const AttentionCall call = {query, k, v, stride, stride, stride, mask.given(h.masked),
                                bias.given(h.biased), 0, h.tokens * h.tokens,
                                cosines.given(h.rotary), sines.given(h.rotary),
                                texts, tokens, h.heads, h.size, h.window,
                                1 / std::sqrt(static_cast<float>(h.size)), y};
    return of(call, threads);
  };
  compare(h.name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    return run(of.attention, threads, h.texts, h.tokens, y);
  });
  if (!h.masked || h.biased) return;  // a bias of fewer tokens lies in other places
  Array<float> alone(counting * width);
  for (const Class *const *one = classes(); *one; one++) {
    run((*one)->attention, kOrders[0], 1, counting, alone);
    hold(h.name, (*one)->name, " without padding", alone, wanted, alone.count);
  }
  if (!bf16_attention()) return;
  run(bf16_attention(), kOrders[1], h.texts, h.tokens, wanted);
  run(bf16_attention(), kOrders[0], 1, counting, alone);
  hold(h.name, "bf16", " without padding", alone, wanted, alone.count);
}

// ---- what is done to rows

void embedding(const char *name, bool integers, bool types, bool given, bool norm, size_t width) {
  Numbers numbers(width);
  const size_t texts = 3, tokens = 17, words = 40, positions = 24;
  Array<int64_t> ids(texts * tokens), kinds(texts * tokens), places(texts * tokens);
  numbers.fill(ids, words);
  numbers.fill(kinds, 2);
  numbers.fill(places, positions);
  Array<int8_t> word(words * width), position(positions * width);
  Array<float> word_floats(words * width), position_floats(positions * width), type(2 * width);
  Array<float> scales(words), gain(width), shift(width), wanted(texts * tokens * width);
  numbers.fill(word, 127);
  numbers.fill(position, 127);
  for (Array<float> *each : {&word_floats, &position_floats, &type, &gain, &shift}) numbers.fill(*each, 1);
  numbers.fill(scales, .01f);
  Table of_words, of_types, of_positions;
  of_words.rows = words;
  of_positions.rows = positions;
  of_types.rows = 2;
  of_types.floats = type;
  if (integers) {
    of_words.integers = word, of_words.scales = scales;
    of_positions.integers = position, of_positions.scales = scales;
  } else {
    of_words.floats = word_floats;
    of_positions.floats = position_floats;
  }
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    Norm after;
    if (norm) after = {gain, shift, 1e-12f};
    const EmbeddingCall call = {ids, kinds.given(types), places.given(given), texts, tokens,
                                width, given ? size_t(0) : size_t(2), false, of_words, of_types,
                                of_positions, after, y};
    return of.embedding(call, threads);
  });
}

void pooling(const char *name, bool mean, bool normalize, size_t texts, size_t tokens, size_t width) {
  Numbers numbers(width + tokens);
  Array<float> hidden(texts * tokens * width), wanted(texts * width);
  Array<int64_t> mask(texts * tokens);
  numbers.fill(hidden, 1);
  for (size_t i = 0; i < mask.count; i++) mask[i] = i % tokens < 1 + i / tokens * 5;
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    const PoolingCall call = {hidden, mask, texts, tokens, width, mean, normalize, 1e-12f, 1e-9f, y};
    return of.pooling(call, threads);
  });
}

void norm(const char *name, bool residual, size_t rows, size_t width) {
  Numbers numbers(width);
  Array<float> x(rows * width), added(rows * width), gain(width), shift(width), wanted(rows * width);
  for (Array<float> *each : {&x, &added, &gain, &shift}) numbers.fill(*each, 1);
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    return of.norm({x, added.given(residual), rows, width, {gain, shift, 1e-5f}, y}, threads);
  });
}

// ---- what a decoder does

void target(const char *name, bool integers, size_t width) {
  Numbers numbers(width);
  const size_t rows = 5, tokens = 3, words = 40;
  Array<int64_t> ids(rows * tokens), lengths(rows);
  numbers.fill(ids, words);
  numbers.fill(lengths, 3000);
  Array<int8_t> word(words * width);
  Array<float> floats(words * width), scales(words), multiplier(width), rates(width / 2), gain(width), shift(width);
  Array<float> wanted(rows * tokens * width);
  numbers.fill(word, 127);
  for (Array<float> *each : {&floats, &scales, &multiplier, &gain, &shift}) numbers.fill(*each, 1);
  for (size_t i = 0; i < rates.count; i++) rates[i] = static_cast<float>(1 + numbers.below(1 << 16)) / (1 << 16);
  Table table;
  table.rows = words;
  if (integers) table.integers = word, table.scales = scales;
  else table.floats = floats;
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    const TargetCall call = {ids, lengths, rows, tokens, width, table, multiplier, rates, {gain, shift, 1e-5f}, y};
    return of.target(call, threads);
  });
}

void past(const char *name, size_t rows, size_t tokens, size_t room, size_t heads, size_t size, bool kept) {
  Numbers numbers(room * 7 + size);
  const size_t width = heads * size, cache = rows * heads * room * size;
  Array<float> whole(rows * tokens * 3 * width), keys(cache), values(cache), wanted(rows * tokens * width);
  Array<int64_t> lengths(rows);
  for (Array<float> *each : {&whole, &keys, &values}) numbers.fill(*each, 1);
  numbers.fill(lengths, static_cast<uint32_t>(room - (kept ? tokens : 0) + 1));
  const auto run = [&](const Class &of, const Threads &threads, size_t row, size_t count, float *y) {
    PastCall call{};
    call.query = whole + row * tokens * 3 * width + 2 * width;
    call.key = call.query - 2 * width;
    call.value = call.query - width;
    call.query_stride = call.key_stride = call.value_stride = 3 * width;
    call.past_key = keys + row * heads * room * size;
    call.past_value = values + row * heads * room * size;
    call.lengths = lengths + row;
    call.rows = count;
    call.tokens = tokens;
    call.heads = heads;
    call.head_size = size;
    call.room = room;
    call.kept = kept;
    call.scale = 1 / std::sqrt(static_cast<float>(size));
    call.y = y;
    return of.past(call, threads);
  };
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    return run(of, threads, 0, rows, y);
  });
  Array<float> alone(tokens * width);
  for (const Class *const *one = classes(); *one; one++) {
    run(**one, kOrders[0], rows - 1, 1, alone);
    hold(name, (*one)->name, " alone", alone, wanted + (rows - 1) * tokens * width, alone.count);
  }
}

void source(const char *name, size_t sources, size_t queries, size_t room, size_t heads, size_t size) {
  Numbers numbers(room * 5 + size);
  const size_t width = heads * size;
  Array<float> query(sources * queries * width), keys(sources * width * room), values(sources * width * room);
  Array<float> wanted(sources * queries * width), alone(width);
  Array<int64_t> mask(sources * room);
  for (Array<float> *each : {&query, &keys, &values}) numbers.fill(*each, 1);
  for (size_t i = 0; i < mask.count; i++)  // the last has a hole, and of the first of some nothing counts
    mask[i] = i % room < 1 + room / 2 && !(i / room == 0 && sources > 2) && numbers.below(5);
  const auto run = [&](const Class &of, const Threads &threads, size_t from, size_t count, size_t each, float *y) {
    SourceCall call{};
    call.query = query + from * queries * width;
    call.key = keys + from * width * room;
    call.value = values + from * width * room;
    call.mask = mask + from * room;
    call.sources = count;
    call.queries = each;
    call.heads = heads;
    call.head_size = size;
    call.room = room;
    call.scale = 1 / std::sqrt(static_cast<float>(size));
    call.y = y;
    return of.source(call, threads);
  };
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    return run(of, threads, 0, sources, queries, y);
  });
  for (const Class *const *one = classes(); *one; one++) {
    run(**one, kOrders[0], sources - 1, 1, 1, alone);
    hold(name, (*one)->name, " alone", alone, wanted + (sources - 1) * queries * width, width);
  }
}

// Log-probabilities of all tokens, or the likeliest and, behind them, what these are.
void likelihood(const char *name, size_t rows, size_t width, size_t most, bool no_numbers) {
  Numbers numbers(width + most);
  Array<float> x(rows * width), before(rows), wanted(rows * (most ? 2 * most : width));
  numbers.fill(x, 8);
  numbers.fill(before, 4);
  if (no_numbers) x[3 % x.count] = NAN, x[(2 * width + 1) % x.count] = INFINITY;
  compare(name, wanted, [&](const Class &of, const Threads &threads, float *y) {
    Array<int64_t> tokens(rows * most);
    LikelihoodCall call{};
    call.x = x;
    call.rows = rows;
    call.width = width;
    call.most = most;
    call.before = before.given(most);
    call.y = most ? nullptr : y;
    call.candidates = y;
    call.tokens = tokens;
    if (!of.likelihood(call, threads)) return false;
    for (size_t i = 0; i < tokens.count; i++) y[rows * most + i] = static_cast<float>(tokens[i]);
    return true;
  });
}

}  // namespace

int main() {
  printf("CLASSES");
  for (const Class *const *one = classes(); *one; one++) printf(" %s", (*one)->name);
  printf("\n");
  for (const Layer &layer : kLayers) linear(layer);
  for (const Heads &heads : kHeads) attention(heads);
  embedding("embedding", true, true, false, true, 384);
  embedding("embedding-of-floats", false, false, true, true, 312);
  embedding("embedding-alone", false, true, false, false, 5);
  pooling("mean", true, true, 3, 19, 384);
  pooling("first", false, true, 3, 19, 312);
  pooling("mean-odd", true, false, 2, 8, 7);
  norm("norm", false, 20, 384);
  norm("norm-of-sum", true, 5, 312);
  norm("norm-of-one", false, 3, 1);
  target("target", true, 384);
  target("target-of-floats", false, 62);
  past("past", 9, 1, 24, 6, 64, true);
  past("past-of-32", 3, 2, 40, 12, 32, false);
  past("past-of-26", 2, 1, 7, 3, 26, true);
  past("past-at-once", 2, 21, 0, 2, 64, false);
  source("source", 3, 4, 19, 6, 64);
  source("source-of-32", 2, 1, 33, 12, 32);
  source("source-at-once", 2, 70, 9, 2, 26);
  likelihood("likelihood", 3, 8000, 0, false);
  likelihood("likelihood-odd", 2, 131, 0, false);
  likelihood("likelihood-of-one", 2, 1, 1, false);
  likelihood("likeliest", 5, 8000, 8, false);
  likelihood("likeliest-many", 3, 77, 40, false);
  likelihood("likelihood-no-numbers", 4, 100, 0, true);
  likelihood("likeliest-no-numbers", 4, 100, 3, true);
  Numbers draw(2026);
  for (uint32_t i = 0; i < kDrawn; i++) {
    char name[32];
    const auto called = [&](const char *kind) {
      snprintf(name, sizeof name, "%s-%u", kind, static_cast<unsigned>(i));
      return name;
    };
    linear(drawn_layer(called("layer"), draw));
    attention(drawn_heads(called("heads"), draw));
    const size_t width = 1 + draw.below(400), texts = 1 + draw.below(4), tokens = 1 + draw.below(40);
    const bool a = draw.sometimes(), b = draw.sometimes(), c = draw.sometimes(), d = draw.sometimes();
    embedding(called("embedding"), a, b, c, d, width);
    pooling(called("pooling"), a, b, texts, tokens, width);
    norm(called("norm"), a, tokens, width);
  }
  Numbers steps(2027);
  for (uint32_t i = 0; i < kDrawn; i++) {
    char name[32];
    const auto called = [&](const char *kind) {
      snprintf(name, sizeof name, "%s-%u", kind, static_cast<unsigned>(i));
      return name;
    };
    const size_t rows = 1 + steps.below(40), tokens = 1 + steps.below(4), heads = 1 + steps.below(4);
    const size_t size = 1 + steps.below(96), room = tokens + steps.below(30), width = 1 + steps.below(400);
    target(called("target"), steps.sometimes(), 2 * width);
    past(called("past"), rows, tokens, room, heads, size, steps.sometimes());
    source(called("source"), tokens, rows, room, heads, size);
    likelihood(called("likelihood"), rows, width, steps.sometimes() ? 1 + steps.below(width) : 0, false);
  }
#ifdef __SANITIZE_ADDRESS__
  no_memory::try_classes();
#endif
  return wrong ? 1 : 0;
}
