// What the library exports: registration with onnxruntime, and which class is used.
#include <atomic>
#include <initializer_list>
#include <cstdio>
#include <cstring>

#include "operators.h"

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
  d.output_type = [](const ort::Operator *, size_t) { return ort::float32; };
  d.outputs = [](const ort::Operator *) -> size_t { return 1; };
  d.destroy = destroy;
  d.input_characteristic = [](const ort::Operator *o, size_t i) { return self(o).takes[i].characteristic; };
  d.output_characteristic = [](const ort::Operator *, size_t) { return ort::required; };
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
  api = table;
  // One domain for the process: sessions read it as long as they live, and nothing frees it.
  static ort::OperatorDomain *domain = nullptr;
  if (!domain) {
    ort::OperatorDomain *made = nullptr;
    if (ort::StatusPtr status = ort::create_domain(table, kDomain, &made)) return status;
    for (const Definition *definition : {linear_operator(), float_linear_operator(), attention_operator(),
                                         layer_norm_operator(), embedding_operator(), pooling_operator()})
      if (ort::StatusPtr status = ort::add_operator(table, made, definition)) return status;
    domain = made;
  }
  return ort::add_domain(table, options, domain);
}

EXPORTED int edgebert_kernels_arithmetic() { return kArithmetic; }

EXPORTED const char *edgebert_kernels_classes() {
  static char names[128];
  if (!*names)
    for (const Class *const *of = classes(); *of; of++)
      snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? "," : "", (*of)->name);
  return names;
}

EXPORTED const char *edgebert_kernels_chosen() { return chosen_class().name; }

EXPORTED int edgebert_kernels_choose(const char *name) {
  const Class *of = class_named(name);
  if (!of) return 1;
  chosen = of;
  return 0;
}

EXPORTED int edgebert_kernels_bf16() { return bf16_attention() != nullptr; }
