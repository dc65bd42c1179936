// Memory that is aligned for every register, and given back by itself.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace edgebert {

constexpr size_t kAlignment = 64;
constexpr size_t kBehind = 256;  // bytes past the end that may be read: registers go in whole steps

constexpr size_t rounded_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

class Memory {
 public:
  Memory() = default;
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;
  ~Memory() { free(all_); }

  // Null where there is none left. What was held before is given back.
  template <class T>
  T *take(size_t count) {
    free(all_);
    all_ = nullptr;
    if (count > SIZE_MAX / 2 / sizeof(T)) return nullptr;
    all_ = malloc(count * sizeof(T) + kAlignment + kBehind);
    if (!all_) return nullptr;
    return reinterpret_cast<T *>(rounded_up(reinterpret_cast<uintptr_t>(all_), kAlignment));
  }

 private:
  void *all_ = nullptr;
};

// A copy of `count` values with zeros up to `room`, or of nothing: zeros alone.
template <class T>
const T *copied(Memory &memory, const T *from, size_t count, size_t room) {
  T *to = memory.take<T>(room);
  if (!to) return nullptr;
  memset(to, 0, room * sizeof(T));
  if (from) memcpy(to, from, count * sizeof(T));
  return to;
}

// Hands out pieces of one block.
class Pieces {
 public:
  explicit Pieces(void *block) : at_(static_cast<char *>(block)) {}
  template <class T>
  T *next(size_t count) {
    T *piece = reinterpret_cast<T *>(at_);
    at_ += room<T>(count);
    return piece;
  }
  template <class T>
  static constexpr size_t room(size_t count) {
    return rounded_up(count * sizeof(T), kAlignment);
  }

 private:
  char *at_;
};

// The correctly rounded root, which is one instruction everywhere.
inline float square_root(float v) { return __builtin_sqrtf(v); }

}  // namespace edgebert
