// Linear and FloatLinear: see README.md for what they compute.
#include <cstdlib>
#include <new>

#include "memory.h"
#include "onnxruntime/operator_io.h"
#include "onnxruntime/operators.h"

namespace edgebert {
namespace {

// Places of the inputs.
enum { kX, kWeight, kWeightScale, kBias, kMultiplier, kOffset, kBeforeGain, kBeforeShift, kResidual,
       kAfterGain, kAfterShift };
enum { kFloatBias = 2, kFloatResidual, kFloatAfterGain, kFloatAfterShift };

struct Kernel {
  const Class &of;
  Linear *linear;
  size_t inputs, outputs, residual;  // `residual`: its place
};

const float *vector(NodeReader &node, size_t place, size_t length, const char *what) {
  const Tensor tensor = node.constant(place);
  if (!tensor) return nullptr;
  node.require(tensor.is(ort::float32, 1) && tensor.count() == length, what);
  return tensor.floats();
}

Norm norm(NodeReader &node, size_t gain, size_t shift, const char *epsilon, size_t length) {
  Norm read;
  read.gain = vector(node, gain, length, "the gain of a layer norm is of another length");
  read.shift = vector(node, shift, length, "the shift of a layer norm is of another length");
  read.epsilon = node.number(epsilon);
  node.require(read.gain || !read.shift, "a layer norm has a shift and no gain");
  return read;
}

void read_sizes(const Tensor &weight, NodeReader &node, LinearSpec &spec) {
  node.require(weight.rank == 2 && weight.shape[0] > 0 && weight.shape[1] > 0,
               "the weight of a linear layer is no constant matrix");
  if (node.any()) return;
  spec.inputs = static_cast<size_t>(weight.shape[0]);
  spec.outputs = static_cast<size_t>(weight.shape[1]);
}

void read_grid(NodeReader &node, LinearSpec &spec) {
  spec.scale = node.number("scale");
  const int64_t zero_point = node.integer("zero_point"), levels = node.integer("levels");
  node.require(spec.scale >= 0.f && zero_point >= 0 && zero_point <= 255,
               "a scale or a zero point is out of its range");
  const bool signed_rows = zero_point == 128 && levels == 127, positive = zero_point == 0 && levels == 255;
  node.require(spec.scale > 0.f || signed_rows || positive,
               "a scale for each row goes with the zero points 128 and 0 alone");
  spec.zero_point = static_cast<int>(zero_point);
  spec.levels = static_cast<int>(levels);
}

ort::StatusPtr made(NodeReader &node, const LinearSpec &spec, size_t residual, void **kernel) {
  if (node.any()) return node.taken();
  const Class &of = chosen_class();
  Linear *linear = of.make_linear(spec);
  void *room = linear ? malloc(sizeof(Kernel)) : nullptr;
  if (room) *kernel = new (room) Kernel{of, linear, spec.inputs * (spec.gated ? 2 : 1), spec.outputs, residual};
  else if (linear) of.free_linear(linear);
  node.require(room != nullptr, "not enough memory");
  return node.taken();
}

ort::StatusPtr ORT_CALL create(const ort::Operator *, const ort::Api *api,
                               const ort::KernelInfo *info, void **kernel) {
  NodeReader node(api, info);
  LinearSpec spec;
  const Tensor weight = node.constant(kWeight), scale = node.constant(kWeightScale);
  node.require(weight.type == ort::int8, "the weight of Linear is not of int8");
  read_sizes(weight, node, spec);
  node.require(scale.is(ort::float32, 1) && (scale.count() == 1 || scale.count() == spec.outputs),
               "the scales of a weight are not one for each column");
  spec.weight = static_cast<const int8_t *>(weight.data);
  spec.weight_scale = scale.floats();
  spec.one_weight_scale = scale.count() == 1;
  spec.bias = vector(node, kBias, spec.outputs, "the bias is of another length");
  spec.multiplier = vector(node, kMultiplier, spec.inputs, "the input's multiplier is of another length");
  spec.offset = vector(node, kOffset, spec.inputs, "the input's offset is of another length");
  spec.before = norm(node, kBeforeGain, kBeforeShift, "before_epsilon", spec.inputs);
  spec.after = norm(node, kAfterGain, kAfterShift, "after_epsilon", spec.outputs);
  read_grid(node, spec);
  spec.activation = node.activation("activation");
  spec.gate = node.activation("gate");
  spec.gated = spec.gate != Activation::none;
  return made(node, spec, kResidual, kernel);
}

ort::StatusPtr ORT_CALL create_float(const ort::Operator *, const ort::Api *api,
                                     const ort::KernelInfo *info, void **kernel) {
  NodeReader node(api, info);
  LinearSpec spec;
  const Tensor weight = node.constant(kWeight);
  node.require(weight.type == ort::float32, "the weight of FloatLinear is not of floats");
  read_sizes(weight, node, spec);
  spec.float_weight = weight.floats();
  spec.bias = vector(node, kFloatBias, spec.outputs, "the bias is of another length");
  spec.after = norm(node, kFloatAfterGain, kFloatAfterShift, "after_epsilon", spec.outputs);
  spec.activation = node.activation("activation");
  return made(node, spec, kFloatResidual, kernel);
}

ort::StatusPtr ORT_CALL compute(void *made, ort::KernelContext *context) {
  const Kernel &kernel = *static_cast<Kernel *>(made);
  RunReader run(registered_api(), context);
  Tensor x = run.input(kX);
  const Tensor residual = run.input(kernel.residual);
  run.require(x.rank >= 1 && x.last() == kernel.inputs, "the input of a linear layer has another width");
  if (run.any()) return run.taken();
  const size_t rows = x.count() / kernel.inputs;
  x.shape[x.rank - 1] = static_cast<int64_t>(kernel.outputs);
  run.require(!residual || (residual.last() == kernel.outputs && residual.count() == x.count()),
              "what is added to a linear layer has another shape");
  float *y = run.output(x.shape, x.rank);
  if (run.any() || !rows) return run.taken();
  const LinearCall call = {x.floats(), residual ? residual.floats() : nullptr, rows, y};
  return run.done(kernel.of.linear(*kernel.linear, call, run.threads()));
}

void ORT_CALL destroy(void *made) {
  Kernel *kernel = static_cast<Kernel *>(made);
  if (!kernel) return;
  kernel->of.free_linear(kernel->linear);
  free(kernel);
}

constexpr Input kLinearInputs[] = {
    kFloats,       {ort::int8, ort::required}, kFloats,       kFloatsOrNone, kFloatsOrNone, kFloatsOrNone,
    kFloatsOrNone, kFloatsOrNone,              kFloatsOrNone, kFloatsOrNone, kFloatsOrNone};
constexpr Input kFloatLinearInputs[] = {kFloats,       kFloats,       kFloatsOrNone,
                                        kFloatsOrNone, kFloatsOrNone, kFloatsOrNone};
const Definition kLinear = define("Linear", kLinearInputs, create, compute, destroy);
const Definition kFloatLinear = define("FloatLinear", kFloatLinearInputs, create_float, compute, destroy);

}  // namespace

const Definition *linear_operator() { return &kLinear; }
const Definition *float_linear_operator() { return &kFloatLinear; }

}  // namespace edgebert
