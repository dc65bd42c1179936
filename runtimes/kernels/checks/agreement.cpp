// Holds every class of this CPU to the emulated lanes, bit for bit, over made-up layers and texts.
//
// Prints one hash over all answers of the emulated lanes: machines of other kinds print the same.
// `agreement [REPEATS]`; ends with 1 where a class differs.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../source/kernels.h"

using namespace edgebert;

namespace {

// Numbers that every machine makes alike.
class Numbers {
 public:
  uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33);
  }
  size_t below(size_t end) { return next() % end; }
  bool sometimes() { return next() & 1; }
  float real(float most) { return (static_cast<float>(next() & 0xffff) / 32768.f - 1.f) * most; }

 private:
  uint64_t state_ = 20260101;
} numbers;

// A block of memory that ends where it says, so that a sanitizer sees who reads past it.
template <class T>
struct Array {
  explicit Array(size_t count) : count(count), at(static_cast<T *>(malloc(count * sizeof(T) + !count))) {}
  Array(const Array &) = delete;
  ~Array() { free(at); }
  size_t count;
  T *at;
};

struct Floats : Array<float> {
  Floats(size_t count, float most) : Array(count) {
    for (size_t i = 0; i < count; i++) at[i] = numbers.real(most);
  }
  const float *maybe() { return numbers.sometimes() ? at : nullptr; }
};

struct Bytes : Array<int8_t> {
  Bytes(size_t count, int most) : Array(count) {
    for (size_t i = 0; i < count; i++)
      at[i] = static_cast<int8_t>(static_cast<int>(numbers.below(2 * most + 1)) - most);
  }
};

void in_turn(void *, void (*task)(void *, size_t), size_t count, void *user) {
  for (size_t i = 0; i < count; i++) task(user, i);
}
const Threads kOneThread = {nullptr, in_turn};

uint64_t hash = 1469598103934665603u;
int differ = 0, cases = 0;

void hash_in(const Array<float> &answer) {
  const unsigned char *bytes = reinterpret_cast<const unsigned char *>(answer.at);
  for (size_t i = 0; i < answer.count * sizeof(float); i++) hash = (hash ^ bytes[i]) * 1099511628211u;
}

// Runs `on(class, answer)` on every class, and compares.
template <class Function>
void agree(const char *what, size_t count, Function on) {
  const Class &plain = *class_named("plain");
  Array<float> expected(count);
  memset(expected.at, 0, count * sizeof(float));
  if (!on(plain, expected.at)) abort();
  hash_in(expected);
  cases++;
  for (const Class *const *of = classes(); *of != &plain; of++) {
    Array<float> answer(count);
    memset(answer.at, 0, count * sizeof(float));
    if (!on(**of, answer.at)) abort();
    size_t wrong = 0, first = 0;
    for (size_t i = count; i-- > 0;)
      if (memcmp(answer.at + i, expected.at + i, sizeof(float))) wrong++, first = i;
    if (!wrong) continue;
    differ++;
    printf("%s: %s differs in %zu of %zu, first at %zu: %a where %a belongs\n", (*of)->name, what, wrong,
           count, first, static_cast<double>(answer.at[first]), static_cast<double>(expected.at[first]));
  }
}

Norm norm(Floats &gain, Floats &shift) {
  Norm made;
  made.gain = gain.maybe();
  if (made.gain) made.shift = shift.maybe();
  made.epsilon = 1e-12f;
  return made;
}

Activation some_activation() { return static_cast<Activation>(numbers.below(6)); }

void linear(bool of_floats) {
  const size_t inputs = 1 + numbers.below(400), outputs = 1 + numbers.below(260), rows = 1 + numbers.below(230);
  Bytes weight(inputs * outputs, numbers.sometimes() ? 64 : 127);
  Floats float_weight(of_floats ? inputs * outputs : 0, 0.1f), scale(outputs, 0.01f), bias(outputs, 1.f);
  Floats multiplier(inputs, 2.f), offset(inputs, 0.5f), gain(inputs, 2.f), shift(inputs, 1.f);
  Floats after_gain(outputs, 2.f), after_shift(outputs, 1.f), residual(rows * outputs, 3.f);
  LinearSpec spec;
  spec.inputs = inputs;
  spec.outputs = outputs;
  spec.weight = weight.at;
  spec.float_weight = of_floats ? float_weight.at : nullptr;
  spec.weight_scale = scale.at;
  spec.one_weight_scale = numbers.sometimes();
  spec.bias = bias.maybe();
  spec.activation = some_activation();
  spec.after = norm(after_gain, after_shift);
  if (!of_floats) {
    spec.multiplier = multiplier.maybe();
    spec.offset = offset.maybe();
    spec.before = norm(gain, shift);
    spec.scale = numbers.sometimes() ? 0.02f : 0.f;
    spec.zero_point = spec.scale > 0.f ? static_cast<int>(numbers.below(256)) : numbers.sometimes() ? 128 : 0;
    spec.levels = spec.zero_point ? 127 : 255;
    spec.gated = numbers.below(4) == 0;
    if (spec.gated) spec.gate = some_activation();
  }
  Floats x(rows * inputs * (spec.gated ? 2 : 1), 4.f);
  if (numbers.below(8) == 0) x.at[numbers.below(x.count)] = __builtin_nanf("");
  const float *added = residual.maybe();
  agree(of_floats ? "float linear" : "linear", rows * outputs, [&](const Class &of, float *y) {
    Linear *layer = of.make_linear(spec);
    const bool ran = layer && of.linear(*layer, {x.at, added, rows, y}, kOneThread);
    if (layer) of.free_linear(layer);
    return ran;
  });
}

void attention() {
  static const size_t kSizes[] = {26, 32, 64, 80, 128, 4, 33};
  AttentionCall call{};
  call.texts = 1 + numbers.below(3);
  call.tokens = 1 + numbers.below(100);
  call.heads = 1 + numbers.below(3);
  call.head_size = kSizes[numbers.below(7)];
  call.window = numbers.sometimes() ? 0 : 1 + numbers.below(40);
  call.scale = 0.2f;
  const size_t width = call.heads * call.head_size, rows = call.texts * call.tokens;
  Floats packed(rows * 3 * width, 2.f);
  call.query = packed.at;
  call.key = packed.at + width;
  call.value = packed.at + 2 * width;
  call.query_stride = call.key_stride = call.value_stride = 3 * width;
  Array<int32_t> mask(rows);
  for (size_t i = 0; i < rows; i++) mask.at[i] = numbers.below(4) != 0;
  if (numbers.sometimes()) memset(mask.at, 0, call.tokens * sizeof(int32_t));
  call.mask = numbers.sometimes() ? mask.at : nullptr;
  Floats bias(call.heads * call.tokens * call.tokens, 3.f);
  call.bias = bias.maybe();
  call.bias_of_head = call.tokens * call.tokens;
  Floats cosines(call.tokens * (call.head_size / 2), 1.f), sines(cosines.count, 1.f);
  if (call.head_size % 2 == 0 && numbers.sometimes()) {
    call.cosines = cosines.at;
    call.sines = sines.at;
  }
  agree("attention", rows * width, [&](const Class &of, float *y) {
    AttentionCall own = call;
    own.y = y;
    return of.attention(own, kOneThread);
  });
}

void rows() {
  const size_t width = 1 + numbers.below(400), texts = 1 + numbers.below(4), tokens = 1 + numbers.below(40);
  const size_t count = texts * tokens;
  Floats x(count * width, 3.f), other(count * width, 3.f), gain(width, 2.f), shift(width, 1.f);
  NormCall normed{x.at, other.maybe(), count, width, norm(gain, shift), nullptr};
  if (!normed.norm.gain) normed.norm.gain = gain.at;
  agree("layer norm", count * width, [&](const Class &of, float *y) {
    NormCall own = normed;
    own.y = y;
    return of.norm(own, kOneThread);
  });
  Array<int64_t> ids(count), mask(count);
  for (size_t i = 0; i < count; i++) ids.at[i] = static_cast<int64_t>(numbers.below(50));
  for (size_t i = 0; i < count; i++) mask.at[i] = numbers.sometimes();
  Bytes word(50 * width, 127);
  Floats scales(50, 0.1f), types(50 * width, 1.f), positions((tokens + 2) * width, 1.f);
  EmbeddingCall embedded{};
  embedded.ids = ids.at;
  embedded.types = numbers.sometimes() ? ids.at : nullptr;
  embedded.texts = texts;
  embedded.tokens = tokens;
  embedded.width = width;
  embedded.first_position = 2;
  embedded.word.integers = word.at;
  embedded.word.scales = scales.at;
  embedded.word.rows = embedded.type.rows = 50;
  embedded.type.floats = types.at;
  embedded.position.floats = positions.at;
  embedded.position.rows = tokens + 2;
  embedded.norm = norm(gain, shift);
  agree("embedding", count * width, [&](const Class &of, float *y) {
    EmbeddingCall own = embedded;
    own.y = y;
    return of.embedding(own, kOneThread);
  });
  const PoolingCall pooled = {x.at, mask.at, texts, tokens, width, numbers.sometimes(), numbers.sometimes(),
                              1e-12f, 1e-9f, nullptr};
  agree("pooling", texts * width, [&](const Class &of, float *y) {
    PoolingCall own = pooled;
    own.y = y;
    return of.pooling(own, kOneThread);
  });
}

}  // namespace

int main(int count, char **arguments) {
  const int repeats = count > 1 ? atoi(arguments[1]) : 40;
  for (int i = 0; i < repeats; i++) {
    linear(false);
    linear(true);
    attention();
    rows();
  }
  printf("%d cases, %d differ; answers %016llx; classes", cases, differ, static_cast<unsigned long long>(hash));
  for (const Class *const *of = classes(); *of; of++) printf(" %s", (*of)->name);
  printf("\n");
  return differ != 0;
}
