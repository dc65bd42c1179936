// Vectors, ids and tables of embeddings, as operators read them at every run.
#pragma once
#include "memory.h"
#include "onnxruntime/operator_io.h"

namespace edgebert {

inline Norm norm_of(RunReader &run, size_t gain, size_t shift, float epsilon, size_t width) {
  const Tensor by = run.input(gain), plus = run.input(shift);
  for (const Tensor &vector : {by, plus})
    run.require(!vector || (vector.is(ort::float32, 1) && vector.count() == width),
                "gain or shift of a layer norm is of another length");
  Norm norm;
  norm.gain = by ? by.floats() : nullptr;
  norm.shift = plus ? plus.floats() : nullptr;
  norm.epsilon = epsilon;
  return norm;
}

// Whole numbers of either width, as int64; null where the input is left out.
class Integers {
 public:
  Integers(RunReader &run, size_t place) : tensor(run.input(place)) {
    if (!tensor) return;
    run.require(tensor.type == ort::int64 || tensor.type == ort::int32, "ids are no whole numbers");
    if (run.any()) return;
    values = static_cast<const int64_t *>(tensor.data);
    if (tensor.type == ort::int64) return;
    int64_t *wide = memory_.take<int64_t>(tensor.count());
    run.require(wide != nullptr, "not enough memory");
    for (size_t i = 0; wide && i < tensor.count(); i++)
      wide[i] = static_cast<const int32_t *>(tensor.data)[i];
    values = wide;
  }
  const Tensor tensor;
  const int64_t *values = nullptr;

 private:
  Memory memory_;
};

inline Table table(RunReader &run, size_t place, size_t scale_place, size_t width) {
  const Tensor rows = run.input(place), scales = scale_place ? run.input(scale_place) : Tensor{};
  Table read;
  if (!rows || run.any()) return read;
  const bool integers = rows.type == ort::int8;
  run.require(rows.rank == 2 && rows.last() == width && (integers || rows.type == ort::float32),
              "a table of embeddings is of another width or type");
  read.rows = static_cast<size_t>(rows.shape[0]);
  run.require(!integers || (scales && scales.type == ort::float32 && scales.count() == read.rows),
              "a table of int8 has not one scale for each row");
  read.floats = integers ? nullptr : rows.floats();
  read.integers = integers ? static_cast<const int8_t *>(rows.data) : nullptr;
  read.scales = integers ? scales.floats() : nullptr;
  return read;
}

// Said in the words of onnxruntime's Gather, so that whoever reads them needs one reader.
inline void require_rows(RunReader &run, const int64_t *ids, size_t count, const Table &of) {
  for (size_t i = 0; ids && i < count && !run.any(); i++)
    if (ids[i] < 0 || static_cast<size_t>(ids[i]) >= of.rows)
      run.say("indices element out of data bounds, idx=%lld must be within the inclusive range [-%zu,%zu]",
              static_cast<long long>(ids[i]), of.rows, of.rows - 1);
}

}  // namespace edgebert
