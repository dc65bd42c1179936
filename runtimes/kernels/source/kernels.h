// What operators ask of a class of CPUs, and what each class answers with.
#pragma once
#include <cstddef>
#include <cstdint>

namespace edgebert {

enum class Activation { none, gelu, tanh_gelu, tanh, relu, silu };

// Runs `task(user, 0)` to `task(user, count - 1)`, in any order, on the threads of a pool.
struct Threads {
  void *pool;
  void (*for_each)(void *pool, void (*task)(void *user, size_t index), size_t count, void *user);
};

// A layer norm over the last axis; without a gain there is none.
struct Norm {
  const float *gain = nullptr, *shift = nullptr;  // shift may be null
  float epsilon = 0.f;
};

// What a linear layer is made of. Read while the layer is made, and not afterwards.
struct LinearSpec {
  size_t inputs = 0, outputs = 0;
  const int8_t *weight = nullptr;  // [inputs, outputs]; null where the layer is of floats
  const float *float_weight = nullptr;
  const float *weight_scale = nullptr;  // [outputs], or one
  bool one_weight_scale = false;
  const float *bias = nullptr, *multiplier = nullptr, *offset = nullptr;  // may be null
  Norm before, after;
  float scale = 0.f;  // of every row; 0: each has its own
  int zero_point = 0, levels = 0;
  Activation activation = Activation::none, gate = Activation::none;
  bool gated = false;  // the input is twice as wide: activated(left) * right
};

struct LinearCall {
  const float *x, *residual;  // residual may be null
  size_t rows;
  float *y;
};

struct AttentionCall {
  const float *query, *key, *value;  // rows of a text follow each other
  size_t query_stride, key_stride, value_stride;
  const int32_t *mask;                            // [texts, tokens], may be null
  const float *bias;                              // of scores, may be null
  size_t bias_of_text, bias_of_head;              // steps; 0 where all share it
  const float *cosines, *sines;                   // [positions, head_size / 2], may be null
  size_t texts, tokens, heads, head_size, window; // window 0: all keys
  float scale;
  float *y;  // [texts, tokens, heads * head_size]
};

// A table of embeddings: floats, or int8 with a scale for each row.
struct Table {
  const float *floats = nullptr;
  const int8_t *integers = nullptr;
  const float *scales = nullptr;
  size_t rows = 0;
};

struct EmbeddingCall {
  const int64_t *ids, *types, *positions;  // types and positions may be null
  size_t texts, tokens, width, first_position;
  bool positions_shared;  // one row of them for all texts
  Table word, type, position;
  Norm norm;
  float *y;
};

struct PoolingCall {
  const float *hidden;
  const int64_t *mask;
  size_t texts, tokens, width;
  bool mean, normalize;
  float least_norm, least_count;
  float *y;
};

struct NormCall {
  const float *x, *residual;
  size_t rows, width;
  Norm norm;
  float *y;
};

// Embeddings of tokens of a target, at sinusoids of their places (Vaswani et al. 2017).
struct TargetCall {
  const int64_t *ids, *lengths;     // [rows, tokens]; [rows], the place of a row's first token
  size_t rows, tokens, width;
  Table word;
  const float *multiplier, *rates;  // [width], of words; [width / 2], of places
  Norm norm;
  float *y;
};

// Attention of some new tokens of each row to those before them and to each other.
struct PastCall {
  const float *query, *key, *value;  // of the new tokens; rows follow each other
  size_t query_stride, key_stride, value_stride;
  float *past_key, *past_value;      // [rows, heads, room, head_size]
  const int64_t *lengths;            // [rows], tokens before the new ones
  size_t rows, tokens, heads, head_size, room;
  bool kept;                         // whether keys and values of the new ones are put behind those
  float scale;
  float *y;  // [rows, tokens, heads * head_size]
};

// Attention of some queries of each source to its tokens.
struct SourceCall {
  const float *query;
  const float *key, *value;  // [sources, heads, room, head_size]
  const int64_t *mask;       // [sources, room]
  size_t sources, queries, heads, head_size, room;
  float scale;
  float *y;  // [sources * queries, heads * head_size]
};

// Scores to log-probabilities, and the likeliest tokens of each row.
struct LikelihoodCall {
  const float *x;
  size_t rows, width, most;
  const float *before;  // [rows], added to what is chosen by; may be null
  float *y;             // [rows, width], null where nobody asks for it
  float *candidates;    // [rows, most]
  int64_t *tokens;      // [rows, most]
  float *blocks;        // room of the class's own
};

struct Linear;  // a layer as its class keeps it

// All that a class of CPUs computes. False: there was no memory.
struct Class {
  const char *name;
  Linear *(*make_linear)(const LinearSpec &);  // null: no memory
  void (*free_linear)(Linear *);
  bool (*linear)(const Linear &, const LinearCall &, Threads);
  bool (*attention)(const AttentionCall &, Threads);
  bool (*embedding)(const EmbeddingCall &, Threads);
  bool (*pooling)(const PoolingCall &, Threads);
  bool (*norm)(const NormCall &, Threads);
  bool (*target)(const TargetCall &, Threads);
  bool (*past)(const PastCall &, Threads);
  bool (*source)(const SourceCall &, Threads);
  bool (*likelihood)(const LikelihoodCall &, Threads);
};

// Attention whose products are of bfloat16: faster, and of other bits than any class. Null where the
// CPU has no such products.
using Attention = bool (*)(const AttentionCall &, Threads);
Attention bf16_attention();

// The classes that this CPU has, best first; null ends them.
const Class *const *classes();
const Class *class_named(const char *name);  // "" is the best; null where it is not there

}  // namespace edgebert
