// LayerNorm, Embedding and Pooling: see README.md for what they compute.
#include <cmath>

#include "memory.h"
#include "onnxruntime/operator_io.h"
#include "onnxruntime/operator_tables.h"
#include "onnxruntime/operators.h"

namespace edgebert {
namespace {

// A kernel that reads its constants at every run: they are inputs like any other.
struct Kernel {
  const Class *of;
  float epsilon, least_norm, least_count;
  size_t first_position;
  bool mean, normalize;
};

// ---- LayerNorm(x, residual?, gain, shift?)

ort::StatusPtr ORT_CALL create_norm(const ort::Operator *, const ort::Api *api,
                                    const ort::KernelInfo *info, void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  kernel.of = &chosen_class();
  kernel.epsilon = node.number("epsilon");
  return node.keep(kernel, made);
}

ort::StatusPtr ORT_CALL compute_norm(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  const Tensor x = run.input(0), residual = run.input(1);
  NormCall call{};
  call.width = x.last();
  call.norm = norm_of(run, 2, 3, kernel.epsilon, call.width);
  run.require(call.norm.gain && x.rank >= 1, "a layer norm has no gain");
  run.require(!residual || residual.count() == x.count(), "what is added to a value has another shape");
  call.y = run.output(x.shape, x.rank);
  if (run.any() || !x.count()) return run.taken();
  call.x = x.floats();
  call.residual = residual ? residual.floats() : nullptr;
  call.rows = x.count() / call.width;
  return run.done(kernel.of->norm(call, run.threads()));
}

// ---- Embedding(input_ids, word, word_scale?, token_types?, token_type?, position_ids?, position?,
//      position_scale?, gain?, shift?)

enum { kIds, kWord, kWordScale, kTypes, kType, kPositionIds, kPosition, kPositionScale, kGain, kShift };

ort::StatusPtr ORT_CALL create_embedding(const ort::Operator *, const ort::Api *api,
                                         const ort::KernelInfo *info, void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  kernel.of = &chosen_class();
  kernel.epsilon = node.number("epsilon");
  const int64_t first = node.integer("first_position");
  node.require(first >= 0, "the first position is below zero");
  kernel.first_position = static_cast<size_t>(first);
  return node.keep(kernel, made);
}

ort::StatusPtr ORT_CALL compute_embedding(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  const Integers ids(run, kIds), types(run, kTypes), positions(run, kPositionIds);
  const Tensor word = run.input(kWord);
  run.require(ids.tensor.rank == 2 && word.rank == 2, "ids are not one number for each token");
  if (run.any()) return run.taken();
  EmbeddingCall call{};
  call.texts = static_cast<size_t>(ids.tensor.shape[0]);
  call.tokens = static_cast<size_t>(ids.tensor.shape[1]);
  call.width = word.last();
  call.first_position = kernel.first_position;
  const size_t count = call.texts * call.tokens;
  call.word = table(run, kWord, kWordScale, call.width);
  call.type = table(run, kType, 0, call.width);
  call.position = table(run, kPosition, kPositionScale, call.width);
  run.require(!types.values == !call.type.rows, "types of tokens and their table go together");
  run.require(!types.values || types.tensor.count() == count, "types of tokens have another shape");
  const size_t given = positions.tensor.count();
  run.require(!positions.values || given == count || given == call.tokens, "positions have another shape");
  call.positions_shared = given != count;
  call.ids = ids.values;
  call.types = types.values;
  call.positions = positions.values;
  require_rows(run, call.ids, count, call.word);
  require_rows(run, call.types, count, call.type);
  require_rows(run, call.positions, given, call.position);
  const int64_t last = static_cast<int64_t>(call.first_position + call.tokens) - 1;
  if (call.position.rows && !call.positions && call.tokens) require_rows(run, &last, 1, call.position);
  call.norm = norm_of(run, kGain, kShift, kernel.epsilon, call.width);
  const int64_t shape[] = {ids.tensor.shape[0], ids.tensor.shape[1], static_cast<int64_t>(call.width)};
  call.y = run.output(shape, 3);
  if (run.any() || !count) return run.taken();
  return run.done(kernel.of->embedding(call, run.threads()));
}

// ---- Pooling(hidden, mask)

ort::StatusPtr ORT_CALL create_pooling(const ort::Operator *, const ort::Api *api,
                                       const ort::KernelInfo *info, void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  kernel.of = &chosen_class();
  static constexpr const char *kHow[] = {"first", "mean"};
  kernel.mean = node.word("how", kHow) == 1;
  kernel.normalize = node.integer("normalize") != 0;
  kernel.least_norm = node.number("least_norm");
  kernel.least_count = node.number("least_count");
  return node.keep(kernel, made);
}

ort::StatusPtr ORT_CALL compute_pooling(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  const Tensor hidden = run.input(0);
  const Integers mask(run, 1);
  run.require(hidden.rank == 3, "what is pooled has not three dimensions");
  run.require(mask.tensor.rank == 2 && mask.tensor.shape[0] == hidden.shape[0] &&
                  mask.tensor.shape[1] == hidden.shape[1],
              "the mask is not one number for each token");
  run.require(kernel.mean || hidden.shape[1] > 0, "there is no first token");
  const int64_t shape[] = {hidden.shape[0], hidden.shape[2]};
  float *y = run.output(shape, 2);
  if (run.any() || !shape[0] || !shape[1]) return run.taken();
  const PoolingCall call = {hidden.floats(),
                            mask.values,
                            static_cast<size_t>(hidden.shape[0]),
                            static_cast<size_t>(hidden.shape[1]),
                            hidden.last(),
                            kernel.mean,
                            kernel.normalize,
                            kernel.least_norm,
                            kernel.least_count,
                            y};
  return run.done(kernel.of->pooling(call, run.threads()));
}

constexpr Input kNormInputs[] = {kFloats, kFloatsOrNone, kFloats, kFloatsOrNone};
constexpr Input kEmbeddingInputs[] = {kIntegers,  kIntegers,  kFloatsOrNone, kAnyOrNone,    kFloatsOrNone,
                                      kAnyOrNone, kAnyOrNone, kFloatsOrNone, kFloatsOrNone, kFloatsOrNone};
constexpr Input kPoolingInputs[] = {kFloats, kIntegers};
const Definition kLayerNorm = define("LayerNorm", kNormInputs, create_norm, compute_norm, release);
const Definition kEmbedding = define("Embedding", kEmbeddingInputs, create_embedding, compute_embedding, release);
const Definition kPooling = define("Pooling", kPoolingInputs, create_pooling, compute_pooling, release);

}  // namespace

const Definition *layer_norm_operator() { return &kLayerNorm; }
const Definition *embedding_operator() { return &kEmbedding; }
const Definition *pooling_operator() { return &kPooling; }

}  // namespace edgebert
