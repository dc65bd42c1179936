// SelfAttention: see README.md for what it computes.
#include <cmath>

#include "memory.h"
#include "onnxruntime/operator_io.h"
#include "onnxruntime/operators.h"

namespace edgebert {
namespace {

enum { kQuery, kKey, kValue, kMask, kBias, kCosines, kSines };  // places of the inputs

struct Kernel {
  Attention run;
  size_t heads, window;
  float scale;
};

ort::StatusPtr ORT_CALL create(const ort::Operator *, const ort::Api *api,
                               const ort::KernelInfo *info, void **kernel) {
  NodeReader node(api, info);
  const int64_t heads = node.integer("heads"), window = node.integer("window");
  const float scale = node.number("scale");
  node.require(heads > 0 && window >= 0, "attention has no heads, or a window below zero");
  const int64_t bf16 = node.integer("bf16");
  const Attention run = bf16 ? bf16_attention() : chosen_class().attention;
  node.require(run != nullptr, "this CPU has no products of bfloat16");
  node.require(std::isfinite(scale) && scale > 0.f, "the scale of attention is not above zero");
  return node.keep(Kernel{run, static_cast<size_t>(heads), static_cast<size_t>(window), scale}, kernel);
}

// Query, key and value, side by side in one tensor or in three.
void read_values(RunReader &run, AttentionCall &call) {
  const Tensor query = run.input(kQuery), key = run.input(kKey), value = run.input(kValue);
  run.require(query.rank == 3, "the query of attention has not three dimensions");
  run.require(!key == !value, "attention has a key or a value, and not both");
  if (run.any()) return;
  const size_t parts = key ? 1 : 3, width = query.last() / parts;
  run.require(width && width % call.heads == 0 && query.last() % parts == 0,
              "the width of attention is no multiple of its heads");
  for (const Tensor &other : {key, value})
    run.require(!other || (other.rank == 3 && other.shape[0] == query.shape[0] &&
                           other.shape[1] == query.shape[1] && other.last() == query.last()),
                "key and value of attention are not of the query's shape");
  if (run.any()) return;
  call.texts = static_cast<size_t>(query.shape[0]);
  call.tokens = static_cast<size_t>(query.shape[1]);
  call.head_size = width / call.heads;
  call.query_stride = call.key_stride = call.value_stride = query.last();
  call.query = query.floats();
  call.key = key ? key.floats() : call.query + width;
  call.value = value ? value.floats() : call.query + 2 * width;
}

void read_mask(RunReader &run, AttentionCall &call) {
  const Tensor mask = run.input(kMask);
  if (!mask) return;
  run.require(mask.is(ort::int32, 2) && mask.count() == call.texts * call.tokens &&
                  static_cast<size_t>(mask.shape[0]) == call.texts,
              "the mask of attention is not one number for each token");
  call.mask = static_cast<const int32_t *>(mask.data);
}

void read_bias(RunReader &run, AttentionCall &call) {
  const Tensor bias = run.input(kBias);
  if (!bias) return;
  const int64_t texts = static_cast<int64_t>(call.texts), heads = static_cast<int64_t>(call.heads);
  const int64_t tokens = static_cast<int64_t>(call.tokens);
  run.require(bias.is(ort::float32, 4) && (bias.shape[0] == 1 || bias.shape[0] == texts) &&
                  (bias.shape[1] == 1 || bias.shape[1] == heads) && bias.shape[2] == tokens &&
                  bias.shape[3] == tokens,
              "the bias of attention is not one number for each pair of tokens");
  if (run.any()) return;
  const size_t square = call.tokens * call.tokens;
  call.bias = bias.floats();
  call.bias_of_head = bias.shape[1] == 1 ? 0 : square;
  call.bias_of_text = bias.shape[0] == 1 ? 0 : square * static_cast<size_t>(bias.shape[1]);
}

void read_rotation(RunReader &run, AttentionCall &call) {
  const Tensor cosines = run.input(kCosines), sines = run.input(kSines);
  run.require(!cosines == !sines, "attention has cosines or sines, and not both");
  if (!cosines || run.any()) return;
  for (const Tensor &table : {cosines, sines})
    run.require(table.is(ort::float32, 2) && 2 * table.last() == call.head_size &&
                    static_cast<size_t>(table.shape[0]) >= call.tokens,
                "the rotation of attention has no row for each token, or another width");
  call.cosines = cosines.floats();
  call.sines = sines.floats();
}

ort::StatusPtr ORT_CALL compute(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  AttentionCall call{};
  call.heads = kernel.heads;
  call.window = kernel.window;
  call.scale = kernel.scale;
  read_values(run, call);
  if (!run.any()) read_mask(run, call);
  if (!run.any()) read_bias(run, call);
  if (!run.any()) read_rotation(run, call);
  const int64_t shape[] = {static_cast<int64_t>(call.texts), static_cast<int64_t>(call.tokens),
                           static_cast<int64_t>(call.heads * call.head_size)};
  call.y = run.output(shape, 3);
  if (run.any() || !call.texts || !call.tokens) return run.taken();
  return run.done(kernel.run(call, run.threads()));
}

constexpr Input kInputs[] = {
    kFloats, kFloatsOrNone, kFloatsOrNone, {ort::int32, ort::optional}, kFloatsOrNone, kFloatsOrNone, kFloatsOrNone};
const Definition kSelfAttention = define("SelfAttention", kInputs, create, compute, release);

}  // namespace

const Definition *attention_operator() { return &kSelfAttention; }

}  // namespace edgebert
