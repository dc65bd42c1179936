// The operators of the domain `edgebert.kernels`, as onnxruntime asks for them.
#pragma once
#include "kernels.h"
#include "onnxruntime/onnxruntime_api.h"

namespace edgebert {

constexpr char kDomain[] = "edgebert.kernels";

struct Input {
  ort::ElementType type;  // undefined: any
  ort::Characteristic characteristic;
};

constexpr Input kFloats = {ort::float32, ort::required};
constexpr Input kFloatsOrNone = {ort::float32, ort::optional};
constexpr Input kIntegers = {ort::undefined, ort::required};  // int32 or int64
constexpr Input kAnyOrNone = {ort::undefined, ort::optional};

// An operator with its inputs and outputs; the first output is of floats, and those behind it of `more`
// types, where a node wants them.
struct Definition : ort::Operator {
  const char *called;
  const Input *takes;
  size_t count;
  const ort::ElementType *more;
  size_t outputs_more;
};

const Definition *linear_operator();
const Definition *float_linear_operator();
const Definition *attention_operator();
const Definition *layer_norm_operator();
const Definition *embedding_operator();
const Definition *pooling_operator();
const Definition *target_operator();
const Definition *past_operator();
const Definition *source_operator();
const Definition *likelihood_operator();

using Create = decltype(ort::Operator::create);
using Compute = decltype(ort::Operator::compute);
using Destroy = decltype(ort::Operator::destroy);

Definition define(const char *name, const Input *inputs, size_t count, Create, Compute, Destroy);

template <size_t kCount>
Definition define(const char *name, const Input (&inputs)[kCount], Create create, Compute compute,
                  Destroy destroy) {
  return define(name, inputs, kCount, create, compute, destroy);
}

template <size_t kCount>
Definition with_outputs(Definition definition, const ort::ElementType (&more)[kCount]) {
  definition.more = more;
  definition.outputs_more = kCount;
  return definition;
}

// The class that kernels made from now on use.
const Class &chosen_class();

// The table of onnxruntime that the library was registered with.
const ort::Api *registered_api();

}  // namespace edgebert
