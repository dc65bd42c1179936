// Inputs, outputs and attributes of an operator, checked as they are read.
//
// The first thing that is wrong is kept and all later reads do nothing, so that an operator reads
// what it needs and asks once.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "kernels.h"
#include "onnxruntime/onnxruntime_api.h"

namespace edgebert {

constexpr size_t kMostDimensions = 8;

struct Tensor {
  const void *data = nullptr;  // null: the input is not there
  ort::ElementType type = ort::undefined;
  int64_t shape[kMostDimensions] = {};
  size_t rank = 0;

  explicit operator bool() const { return data != nullptr; }
  const float *floats() const { return static_cast<const float *>(data); }
  size_t count() const {
    size_t all = 1;
    for (size_t i = 0; i < rank; i++) all *= static_cast<size_t>(shape[i]);
    return all;
  }
  size_t last() const { return rank ? static_cast<size_t>(shape[rank - 1]) : 1; }
  bool is(ort::ElementType wanted, size_t wanted_rank) const {
    return data && type == wanted && rank == wanted_rank;
  }
};

// The first fault, as a status of onnxruntime.
class Faults {
 public:
  explicit Faults(const ort::Api *api) : api_(api) {}
  Faults(const Faults &) = delete;
  ~Faults() {
    if (status_) ort::release_status(api_, status_);
  }
  bool any() const { return status_ != nullptr; }
  void note(ort::StatusPtr status) {
    if (!status_) status_ = status;
    else if (status) ort::release_status(api_, status);
  }
  __attribute__((format(printf, 2, 3))) void say(const char *format, ...) {
    if (status_) return;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    note(ort::create_status(api_, ort::invalid_argument, text));
  }
  void require(bool right, const char *what) {
    if (!right) say("edgebert.kernels: %s", what);
  }
  ort::StatusPtr taken() {
    ort::StatusPtr status = status_;
    status_ = nullptr;
    return status;
  }
  const ort::Api *api() const { return api_; }

  Tensor read(const ort::Value *value) {
    Tensor tensor;
    if (!value || any()) return tensor;
    ort::Shape *shape = nullptr;
    note(ort::shape_of(api_, value, &shape));
    if (!shape) return tensor;
    note(ort::element_type(api_, shape, &tensor.type));
    note(ort::rank(api_, shape, &tensor.rank));
    require(tensor.rank <= kMostDimensions, "a value has too many dimensions");
    if (!any())
      note(ort::dimensions(api_, shape,
                           tensor.shape, tensor.rank));
    ort::release_shape(api_, shape);
    void *data = nullptr;
    if (!any()) note(ort::mutable_data(api_, const_cast<ort::Value *>(value), &data));
    static const int64_t nothing = 0;  // an empty value may have no address
    tensor.data = data ? data : &nothing;
    return tensor;
  }

 private:
  const ort::Api *api_;
  ort::StatusPtr status_ = nullptr;
};

// What a node says when its kernel is made.
class NodeReader : public Faults {
 public:
  NodeReader(const ort::Api *api, const ort::KernelInfo *info) : Faults(api), info_(info) {
    note(ort::constant_input_count(api, info, &inputs_));
  }
  // An input that has to be a constant; empty where it is left out.
  Tensor constant(size_t place) {
    if (any() || place >= inputs_) return {};
    int is_constant = 0;
    const ort::Value *value = nullptr;
    ort::StatusPtr status = ort::constant_input(api(), info_, place, &is_constant, &value);
    if (status) {  // as onnxruntime answers for an input that is left out
      ort::release_status(api(), status);
      return {};
    }
    return is_constant ? read(value) : Tensor{};
  }
  float number(const char *name) {
    float value = 0.f;
    if (!any()) note(ort::float_attribute(api(), info_, name, &value));
    return value;
  }
  int64_t integer(const char *name) {
    int64_t value = 0;
    if (!any()) note(ort::int_attribute(api(), info_, name, &value));
    return value;
  }
  // Which of some words an attribute is.
  template <size_t kCount>
  size_t word(const char *name, const char *const (&words)[kCount]) {
    char text[16] = "";
    size_t size = sizeof text;
    if (!any()) note(ort::text_attribute(api(), info_, name, text, &size));
    for (size_t i = 0; i < kCount; i++)
      if (!strcmp(text, words[i])) return i;
    say("edgebert.kernels: %s cannot be %s", name, text);
    return 0;
  }
  Activation activation(const char *name) {
    static constexpr const char *kWords[] = {"", "gelu", "tanh_gelu", "tanh", "relu", "silu"};
    return static_cast<Activation>(word(name, kWords));
  }
  // Hands over a copy of a kernel, which `release` frees; nothing where the node is at fault.
  template <class Kernel>
  ort::StatusPtr keep(const Kernel &kernel, void **made) {
    if (any()) return taken();
    void *room = malloc(sizeof(Kernel));
    if (room) *static_cast<Kernel *>(room) = kernel;
    require(room != nullptr, "not enough memory");
    *made = room;
    return taken();
  }

 private:
  const ort::KernelInfo *info_;
  size_t inputs_ = 0;
};

inline void ORT_CALL release(void *made) { free(made); }

// What a run gives a kernel, and takes from it.
class RunReader : public Faults {
 public:
  RunReader(const ort::Api *api, ort::KernelContext *context) : Faults(api), context_(context) {
    note(ort::input_count(api, context, &inputs_));
  }
  Tensor input(size_t place) {
    const ort::Value *value = nullptr;
    if (!any() && place < inputs_)
      note(ort::input(api(), context_, place, &value));
    return read(value);
  }
  // Null where the node does not want it.
  template <class T = float>
  T *output(const int64_t *shape, size_t rank, size_t place = 0) {
    ort::Value *value = nullptr;
    void *data = nullptr;
    if (!any()) note(ort::output(api(), context_, place, shape, rank, &value));
    if (value) note(ort::mutable_data(api(), value, &data));
    return static_cast<T *>(data);
  }
  Threads threads() { return {this, for_each}; }
  ort::StatusPtr done(bool had_memory) {
    require(had_memory, "not enough memory");
    return taken();
  }

 private:
  static void for_each(void *pool, void (*task)(void *, size_t), size_t count, void *user) {
    RunReader &self = *static_cast<RunReader *>(pool);
    if (count == 1) return task(user, 0);
    if (count)
      self.note(ort::parallel_for(self.api(), self.context_,
                                  task, count, size_t{0}, user));
  }
  ort::KernelContext *context_;
  size_t inputs_ = 0;
};

}  // namespace edgebert
