// What the library exports: registration with onnxruntime, and which class is used.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "onnxruntime/operators.h"

#ifdef _WIN32
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

namespace edgebert {
namespace {

// Other numbers, other bits.
constexpr int kArithmetic = 1;

std::atomic<const Class *> chosen{nullptr};
const ort::Api *api = nullptr;

// One domain for the process: sessions read it as long as they live, and nothing frees it.
ort::OperatorDomain *domain = nullptr;

// Threads that register at the same moment wait for each other.
struct OneAtATime {
  static inline std::atomic_flag taken = ATOMIC_FLAG_INIT;
  OneAtATime() {
    while (taken.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~OneAtATime() { taken.clear(std::memory_order_release); }
};

struct Names {
  char text[128] = "";
  Names() {
    for (const Class *const *of = classes(); *of; of++)
      snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? "," : "", (*of)->name);
  }
};

const Definition &self(const ort::Operator *definition) {
  return *static_cast<const Definition *>(definition);
}

}  // namespace

const Class &chosen_class() {
  const Class *const now = chosen;
  return now ? *now : *classes()[0];
}

const ort::Api *registered_api() { return api; }

Definition define(const char *name, const Input *inputs, size_t count, Create create,
                  Compute compute, Destroy destroy) {
  Definition d{};
  d.called = name;
  d.takes = inputs;
  d.count = count;
  d.version = ort::kApiVersion;
  d.name = [](const ort::Operator *o) { return self(o).called; };
  d.provider = [](const ort::Operator *) -> const char * { return nullptr; };
  d.input_type = [](const ort::Operator *o, size_t i) { return self(o).takes[i].type; };
  d.inputs = [](const ort::Operator *o) { return self(o).count; };
  d.output_type = [](const ort::Operator *o, size_t i) { return i ? self(o).more[i - 1] : ort::float32; };
  d.outputs = [](const ort::Operator *o) { return 1 + self(o).outputs_more; };
  d.destroy = destroy;
  d.input_characteristic = [](const ort::Operator *o, size_t i) { return self(o).takes[i].characteristic; };
  d.output_characteristic = [](const ort::Operator *, size_t i) { return i ? ort::optional : ort::required; };
  d.input_memory = [](const ort::Operator *, size_t) { return ort::default_memory; };
  d.create = create;
  d.compute = compute;
  d.first_version = [](const ort::Operator *) { return 1; };
  d.last_version = [](const ort::Operator *) { return 1; };
  return d;
}

}  // namespace edgebert

using namespace edgebert;

EXPORTED ort::StatusPtr ORT_CALL RegisterCustomOps(ort::SessionOptions *options, const ort::ApiBase *base) {
  const ort::Api *table = base->get_api(ort::kApiVersion);
  if (!table) {  // too old to say so by a status of its own
    const ort::Api *first = base->get_api(1);
    return ort::create_status(first, ort::fail, "edgebert.kernels needs onnxruntime 1.16 or newer");
  }
  const OneAtATime turn;
  api = table;
  if (!domain) {
    ort::OperatorDomain *made = nullptr;
    if (ort::StatusPtr status = ort::create_domain(table, kDomain, &made)) return status;
    for (const Definition *definition : {linear_operator(), float_linear_operator(), attention_operator(),
                                         layer_norm_operator(), embedding_operator(), pooling_operator(),
                                         target_operator(), past_operator(), source_operator(),
                                         likelihood_operator()})
      if (ort::StatusPtr status = ort::add_operator(table, made, definition)) return status;
    domain = made;
  }
  return ort::add_domain(table, options, domain);
}

EXPORTED int edgebert_kernels_arithmetic() { return kArithmetic; }

EXPORTED const char *edgebert_kernels_classes() {
  const OneAtATime turn;
  static const Names names;
  return names.text;
}

EXPORTED const char *edgebert_kernels_chosen() { return chosen_class().name; }

EXPORTED int edgebert_kernels_choose(const char *name) {
  const Class *of = class_named(name);
  if (!of) return 1;
  chosen = of;
  return 0;
}

EXPORTED int edgebert_kernels_bf16() { return bf16_attention() != nullptr; }
