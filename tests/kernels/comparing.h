// Numbers that are the same everywhere, and answers of one class held to those of another.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "kernels.h"

using namespace edgebert;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr size_t kBehind = 0;
#else
constexpr size_t kBehind = 64;  // qemu 7.2 reads the lanes that a masked load leaves out
#endif

int wrong = 0;

template <class T>
class Array {
 public:
  explicit Array(size_t count) : count(count), at_(static_cast<T *>(malloc(count * sizeof(T) + kBehind))) {}
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { free(at_); }
  T &operator[](size_t i) { return at_[i]; }
  operator T *() { return at_; }
  T *given(bool is) { return is ? at_ : nullptr; }
  const size_t count;

 private:
  T *at_;
};

// The same numbers on every machine.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t below(uint32_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>((state_ >> 33) * bound >> 31);
  }
  bool sometimes() { return below(2); }
  void fill(Array<float> &to, float most) {  // now and then a large one, as activations have
    for (size_t i = 0; i < to.count; i++) {
      const float v = (static_cast<float>(below(1 << 16)) / (1 << 15) - 1.f) * most;
      to[i] = below(64) ? v : v * 16.f;
    }
  }
  void fill(Array<int8_t> &to, int most) {
    for (size_t i = 0; i < to.count; i++)
      to[i] = static_cast<int8_t>(static_cast<int>(below(2 * most + 1)) - most);
  }
  void fill(Array<int64_t> &to, uint32_t bound) {
    for (size_t i = 0; i < to.count; i++) to[i] = below(bound);
  }

 private:
  uint64_t state_;
};

void forward(void *, void (*task)(void *, size_t), size_t count, void *user) {
  for (size_t i = 0; i < count; i++) task(user, i);
}
void backward(void *, void (*task)(void *, size_t), size_t count, void *user) {
  while (count) task(user, --count);
}
// How many columns a task takes may depend on the threads: the bits may not.
constexpr Threads kOrders[] = {{nullptr, forward}, {nullptr, backward}};

uint32_t bits(float v) {
  uint32_t all;
  memcpy(&all, &v, sizeof all);
  return v == v ? all : 0x7fc00000u;  // what is no number has its sign from the CPU
}

unsigned long long hash(Array<float> &of) {
  unsigned long long value = 1469598103934665603u;
  for (size_t i = 0; i < of.count; i++) value = (value ^ bits(of[i])) * 1099511628211u;
  return value;
}

void complain(const char *name, const char *of, const char *how, size_t at, float found, float wanted) {
  wrong++;
  printf("WRONG %s: %s%s: number %zu is %a and not %a\n", name, of, how, at, static_cast<double>(found),
         static_cast<double>(wanted));
}

void hold(const char *name, const char *of, const char *how, float *found, float *wanted, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (bits(found[i]) != bits(wanted[i])) return complain(name, of, how, i, found[i], wanted[i]);
}

// `run(class, threads, y)` for every class and order of tasks, held to emulated lanes; `wanted` is theirs.
template <class Run>
void compare(const char *name, Array<float> &wanted, Run run) {
  if (!run(*class_named("plain"), kOrders[0], static_cast<float *>(wanted))) {
    wrong++;
    printf("WRONG %s: no memory\n", name);
  }
  printf("CASE %s %016llx\n", name, hash(wanted));
  Array<float> found(wanted.count);
  for (const Class *const *one = classes(); *one; one++)
    for (const Threads &order : kOrders) {
      memset(found, 0x55, found.count * sizeof(float));
      run(**one, order, static_cast<float *>(found));
      hold(name, (*one)->name, order.for_each == backward ? " backward" : "", found, wanted, wanted.count);
    }
}

}  // namespace
