// The few functions of onnxruntime's C API that are called, by their places in its table.
//
// The table only ever grows at its end, and its head is the same in every release since the one
// that brought the last function used here: kApiVersion, onnxruntime 1.16. The places are facts
// of https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(_WIN32) && !defined(_WIN64)
#define ORT_CALL __stdcall
#else
#define ORT_CALL
#endif

namespace ort {

constexpr uint32_t kApiVersion = 16;

struct Status;
struct Value;
struct Shape;  // type and shape of a value
struct SessionOptions;
struct OperatorDomain;
struct KernelInfo;
struct KernelContext;
struct ShapeInference;
struct Operator;

using StatusPtr = Status *;

enum ElementType : int { undefined = 0, float32 = 1, int8 = 3, int32 = 6, int64 = 7 };
enum ErrorCode : int { fail = 1, invalid_argument = 2 };
enum Characteristic : int { required = 0, optional = 1 };
enum MemoryType : int { default_memory = 0 };

struct Api;

// What onnxruntime asks of an operator: a table that it reads up to what `version` had.
struct Operator {
  uint32_t version;
  void *(ORT_CALL *create_unsafely)(const Operator *, const Api *, const KernelInfo *);
  const char *(ORT_CALL *name)(const Operator *);
  const char *(ORT_CALL *provider)(const Operator *);
  ElementType(ORT_CALL *input_type)(const Operator *, size_t);
  size_t(ORT_CALL *inputs)(const Operator *);
  ElementType(ORT_CALL *output_type)(const Operator *, size_t);
  size_t(ORT_CALL *outputs)(const Operator *);
  void(ORT_CALL *compute_unsafely)(void *, KernelContext *);
  void(ORT_CALL *destroy)(void *);
  Characteristic(ORT_CALL *input_characteristic)(const Operator *, size_t);
  Characteristic(ORT_CALL *output_characteristic)(const Operator *, size_t);
  MemoryType(ORT_CALL *input_memory)(const Operator *, size_t);
  int(ORT_CALL *variadic_inputs)(const Operator *);
  int(ORT_CALL *variadic_inputs_alike)(const Operator *);
  int(ORT_CALL *variadic_outputs)(const Operator *);
  int(ORT_CALL *variadic_outputs_alike)(const Operator *);
  StatusPtr(ORT_CALL *create)(const Operator *, const Api *, const KernelInfo *, void **);
  StatusPtr(ORT_CALL *compute)(void *, KernelContext *);
  StatusPtr(ORT_CALL *infer_shape)(const Operator *, ShapeInference *);
  int(ORT_CALL *first_version)(const Operator *);
  int(ORT_CALL *last_version)(const Operator *);
  size_t(ORT_CALL *in_place)(int **, int **);
  void(ORT_CALL *release_in_place)(int *, int *);
  size_t(ORT_CALL *aliases)(int **, int **);
  void(ORT_CALL *release_aliases)(int *, int *);
};


struct ApiBase {
  const Api *(ORT_CALL *get_api)(uint32_t version);
  const char *(ORT_CALL *version)();
};

// One slot of the table, as the function that stands there.
template <class Function>
Function at(const Api *api, int place) {
  return reinterpret_cast<Function>(reinterpret_cast<void *const *>(api)[place]);
}

#define ORT_FUNCTION(name, place, result, ...)             \
  template <class... Arguments>                            \
  result name(const Api *api, Arguments... arguments) {    \
    using Function = result(ORT_CALL *)(__VA_ARGS__);      \
    return at<Function>(api, place)(arguments...);         \
  }

ORT_FUNCTION(create_status, 0, StatusPtr, ErrorCode, const char *)
ORT_FUNCTION(create_domain, 26, StatusPtr, const char *, OperatorDomain **)
ORT_FUNCTION(add_operator, 27, StatusPtr, OperatorDomain *, const Operator *)
ORT_FUNCTION(add_domain, 28, StatusPtr, SessionOptions *, OperatorDomain *)
ORT_FUNCTION(mutable_data, 51, StatusPtr, Value *, void **)
ORT_FUNCTION(element_type, 60, StatusPtr, const Shape *, ElementType *)
ORT_FUNCTION(rank, 61, StatusPtr, const Shape *, size_t *)
ORT_FUNCTION(dimensions, 62, StatusPtr, const Shape *, int64_t *, size_t)
ORT_FUNCTION(shape_of, 65, StatusPtr, const Value *, Shape **)
ORT_FUNCTION(float_attribute, 85, StatusPtr, const KernelInfo *, const char *, float *)
ORT_FUNCTION(int_attribute, 86, StatusPtr, const KernelInfo *, const char *, int64_t *)
ORT_FUNCTION(text_attribute, 87, StatusPtr, const KernelInfo *, const char *, char *, size_t *)
ORT_FUNCTION(input_count, 88, StatusPtr, const KernelContext *, size_t *)
ORT_FUNCTION(input, 90, StatusPtr, const KernelContext *, size_t, const Value **)
ORT_FUNCTION(output, 91, StatusPtr, KernelContext *, size_t, const int64_t *, size_t, Value **)
ORT_FUNCTION(release_status, 93, void, Status *)
ORT_FUNCTION(release_shape, 99, void, Shape *)
ORT_FUNCTION(constant_input_count, 230, StatusPtr, const KernelInfo *, size_t *)
ORT_FUNCTION(constant_input, 249, StatusPtr, const KernelInfo *, size_t, int *, const Value **)
ORT_FUNCTION(parallel_for, 274, StatusPtr, const KernelContext *, void (*)(void *, size_t), size_t,
             size_t, void *)

#undef ORT_FUNCTION

}  // namespace ort
