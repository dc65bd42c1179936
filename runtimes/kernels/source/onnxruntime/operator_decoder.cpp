// TargetEmbedding, PastAttention, SourceAttention and LogProbabilities: see README.md for what they compute.
#include <cmath>

#include "onnxruntime/operator_tables.h"
#include "onnxruntime/operators.h"

namespace edgebert {
namespace {

// A kernel that reads all but its attributes at every run.
struct Kernel {
  const Class *of;
  float epsilon, scale;
  size_t query_part, key_part, value_part;
  bool kept;
};

// Int64 of a shape; null where the input is left out.
const int64_t *whole_numbers(RunReader &run, const Tensor &tensor, size_t rank, size_t count, const char *what) {
  if (!tensor || run.any()) return nullptr;
  run.require(tensor.is(ort::int64, rank) && tensor.count() == count, what);
  return static_cast<const int64_t *>(tensor.data);
}

void require_between(RunReader &run, int64_t value, int64_t least, size_t end, const char *what) {
  if (value < least || value >= static_cast<int64_t>(end))
    run.say("edgebert.kernels: %s %lld is not between %lld and %zu", what, static_cast<long long>(value),
            static_cast<long long>(least), end);
}

size_t length(const Tensor &tensor, size_t axis) { return static_cast<size_t>(tensor.shape[axis]); }

// ---- TargetEmbedding(input_ids, past_lengths, word, word_scale?, multiplier, rates, gain, shift?)

ort::StatusPtr ORT_CALL create_target(const ort::Operator *, const ort::Api *api,
                                      const ort::KernelInfo *info, void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  kernel.of = &chosen_class();
  kernel.epsilon = node.number("epsilon");
  return node.keep(kernel, made);
}

const float *vector_of(RunReader &run, size_t place, size_t count, const char *what) {
  const Tensor tensor = run.input(place);
  run.require(tensor.is(ort::float32, 1) && tensor.count() == count, what);
  return tensor.floats();
}

ort::StatusPtr ORT_CALL compute_target(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  const Tensor ids = run.input(0), word = run.input(2);
  run.require(ids.is(ort::int64, 2) && word.rank == 2, "ids are not one number for each token");
  if (run.any()) return run.taken();
  TargetCall call{};
  call.rows = length(ids, 0);
  call.tokens = length(ids, 1);
  call.width = word.last();
  call.ids = static_cast<const int64_t *>(ids.data);
  call.lengths = whole_numbers(run, run.input(1), 1, call.rows, "past_lengths are not one number for each row");
  run.require(call.lengths && call.width % 2 == 0, "places of tokens are missing, or the width is odd");
  call.word = table(run, 2, 3, call.width);
  call.multiplier = vector_of(run, 4, call.width, "the multiplier of embeddings is of another length");
  call.rates = vector_of(run, 5, call.width / 2, "the rates of places are of another length");
  call.norm = norm_of(run, 6, 7, kernel.epsilon, call.width);
  if (!run.any()) require_rows(run, call.ids, ids.count(), call.word);
  const int64_t shape[] = {ids.shape[0], ids.shape[1], static_cast<int64_t>(call.width)};
  call.y = run.output(shape, 3);
  if (run.any() || !ids.count()) return run.taken();
  return run.done(kernel.of->target(call, run.threads()));
}

// ---- PastAttention(query, key, value, past_key, past_value, past_lengths)

void read_scale(NodeReader &node, Kernel &kernel) {
  kernel.of = &chosen_class();
  kernel.scale = node.number("scale");
  node.require(std::isfinite(kernel.scale) && kernel.scale > 0.f, "the scale of attention is not above zero");
}

size_t read_part(NodeReader &node, const char *name) {
  const int64_t part = node.integer(name);
  node.require(part >= 0 && part < 64, "a part of a value is none");
  return static_cast<size_t>(part);
}

ort::StatusPtr ORT_CALL create_past(const ort::Operator *, const ort::Api *api, const ort::KernelInfo *info,
                                    void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  read_scale(node, kernel);
  kernel.query_part = read_part(node, "query_part");
  kernel.key_part = read_part(node, "key_part");
  kernel.value_part = read_part(node, "value_part");
  kernel.kept = node.integer("kept") != 0;
  return node.keep(kernel, made);
}

// Keys and values [rows, heads, room, head_size] that lie before the new tokens, or are a source's.
template <class Call>
size_t read_kept(RunReader &run, size_t place, Call &call, const float *&keys, const float *&values) {
  const Tensor key = run.input(place), value = run.input(place + 1);
  run.require(key.is(ort::float32, 4) && value.is(ort::float32, 4), "keys and values have not four dimensions");
  for (size_t axis = 0; axis < 4 && !run.any(); axis++)
    run.require(key.shape[axis] == value.shape[axis], "keys and values are not of one shape");
  run.require(key.shape[1] > 0 && key.shape[3] > 0, "attention has no heads");
  if (run.any()) return 0;
  call.heads = length(key, 1);
  call.room = length(key, 2);
  call.head_size = length(key, 3);
  keys = key.floats();
  values = value.floats();
  return length(key, 0);
}

// A part of a value [rows, tokens, some times the width].
const float *read_part_of(RunReader &run, size_t place, size_t part, const PastCall &call, size_t &stride) {
  const Tensor whole = run.input(place);
  const size_t width = call.heads * call.head_size;
  run.require(whole.is(ort::float32, 3) && length(whole, 0) == call.rows && length(whole, 1) == call.tokens &&
                  whole.last() % width == 0 && whole.last() >= (part + 1) * width,
              "new tokens of attention are not of the shape of its past");
  stride = whole.last();
  return whole.floats() + part * width;
}

ort::StatusPtr ORT_CALL compute_past(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  PastCall call{};
  const float *keys = nullptr, *values = nullptr;
  call.rows = read_kept(run, 3, call, keys, values);
  const Tensor query = run.input(0);
  run.require(query.rank == 3, "the query of attention has not three dimensions");
  if (run.any()) return run.taken();
  call.tokens = length(query, 1);
  call.query = read_part_of(run, 0, kernel.query_part, call, call.query_stride);
  call.key = read_part_of(run, 1, kernel.key_part, call, call.key_stride);
  call.value = read_part_of(run, 2, kernel.value_part, call, call.value_stride);
  call.lengths = whole_numbers(run, run.input(5), 1, call.rows, "past_lengths are not one number for each row");
  run.require(call.lengths != nullptr, "past_lengths are missing");
  call.kept = kernel.kept;
  for (size_t row = 0; row < call.rows && !run.any(); row++) {
    require_between(run, call.lengths[row], 0, call.room + 1, "the length of a past,");
    if (!run.any()) call.kept &= static_cast<size_t>(call.lengths[row]) + call.tokens <= call.room;
  }
  call.past_key = const_cast<float *>(keys);  // memory that is passed on from step to step
  call.past_value = const_cast<float *>(values);
  call.scale = kernel.scale;
  const int64_t shape[] = {query.shape[0], query.shape[1], static_cast<int64_t>(call.heads * call.head_size)};
  call.y = run.output(shape, 3);
  if (run.any() || !call.rows || !call.tokens) return run.taken();
  return run.done(kernel.of->past(call, run.threads()));
}

// ---- SourceAttention(query, key, value, source_mask)

ort::StatusPtr ORT_CALL create_source(const ort::Operator *, const ort::Api *api, const ort::KernelInfo *info,
                                      void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  read_scale(node, kernel);
  return node.keep(kernel, made);
}

ort::StatusPtr ORT_CALL compute_source(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  SourceCall call{};
  call.sources = read_kept(run, 1, call, call.key, call.value);
  const Tensor query = run.input(0);
  call.mask = whole_numbers(run, run.input(3), 2, call.sources * call.room, "source_mask is not one number for each token");
  run.require(call.mask && query.rank == 3 && query.last() == call.heads * call.head_size,
              "the query of attention is not of the width of its source");
  if (run.any()) return run.taken();
  const size_t rows = length(query, 0) * length(query, 1);
  run.require(call.sources ? length(query, 0) % call.sources == 0 : !rows, "rows are no multiple of the sources");
  call.y = run.output(query.shape, 3);
  if (run.any() || !rows) return run.taken();
  call.query = query.floats();
  call.queries = rows / call.sources;
  call.scale = kernel.scale;
  return run.done(kernel.of->source(call, run.threads()));
}

// ---- LogProbabilities(scores, likely?, most?) to log_probabilities, candidates?, candidate_tokens?

ort::StatusPtr ORT_CALL create_likelihood(const ort::Operator *, const ort::Api *api,
                                          const ort::KernelInfo *info, void **made) {
  NodeReader node(api, info);
  Kernel kernel{};
  kernel.of = &chosen_class();
  return node.keep(kernel, made);
}

ort::StatusPtr ORT_CALL compute_likelihood(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  Tensor x = run.input(0);
  const Tensor likely = run.input(1), most = run.input(2);
  run.require(x.rank >= 1 && x.last() > 0, "there are no scores");
  if (run.any()) return run.taken();
  LikelihoodCall call{};
  call.x = x.floats();
  call.width = x.last();
  call.rows = x.count() / call.width;
  run.require(!likely || (likely.is(ort::float32, 1) && likely.count() == call.rows),
              "likely is not one number for each row");
  const int64_t *wanted = whole_numbers(run, most, 1, 1, "most is not one number");
  if (wanted && !run.any()) require_between(run, *wanted, 0, call.width + 1, "most,");
  if (run.any()) return run.taken();
  call.most = wanted ? static_cast<size_t>(*wanted) : 0;
  call.before = likely ? likely.floats() : nullptr;
  int64_t &last = x.shape[x.rank - 1];
  last = static_cast<int64_t>(call.most);
  call.candidates = run.output(x.shape, x.rank, 1);
  call.tokens = run.output<int64_t>(x.shape, x.rank, 2);
  run.require(!call.most || (call.candidates && call.tokens), "nobody takes the likeliest tokens");
  last = call.most ? 0 : static_cast<int64_t>(call.width);
  call.y = run.output(x.shape, x.rank);
  if (call.most) call.y = nullptr;
  if (run.any() || !call.rows) return run.taken();
  return run.done(kernel.of->likelihood(call, run.threads()));
}

constexpr Input kWhole = {ort::int64, ort::required}, kWholeOrNone = {ort::int64, ort::optional};
constexpr Input kTargetInputs[] = {kWhole, kWhole, kIntegers, kFloatsOrNone, kFloats, kFloats, kFloats, kFloatsOrNone};
constexpr Input kPastInputs[] = {kFloats, kFloats, kFloats, kFloats, kFloats, kWhole};
constexpr Input kSourceInputs[] = {kFloats, kFloats, kFloats, kWhole};
constexpr Input kLikelihoodInputs[] = {kFloats, kFloatsOrNone, kWholeOrNone};
constexpr ort::ElementType kCandidates[] = {ort::float32, ort::int64};
const Definition kTarget = define("TargetEmbedding", kTargetInputs, create_target, compute_target, release);
const Definition kPast = define("PastAttention", kPastInputs, create_past, compute_past, release);
const Definition kSource = define("SourceAttention", kSourceInputs, create_source, compute_source, release);
const Definition kLikelihood = with_outputs(
    define("LogProbabilities", kLikelihoodInputs, create_likelihood, compute_likelihood, release), kCandidates);

}  // namespace

const Definition *target_operator() { return &kTarget; }
const Definition *past_operator() { return &kPast; }
const Definition *source_operator() { return &kSource; }
const Definition *likelihood_operator() { return &kLikelihood; }

}  // namespace edgebert
