// Whether the numbers between the passes of a run of sweeps stayed in the range of their type.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "kernels/sweeps.hpp"

namespace cheapfast {

// The bits of magnitudes, which are in their order; infinity and NaN come last.
template <class T>
struct BitsOf;
template <>
struct BitsOf<float> {
  typedef std::uint32_t type;
  static constexpr type kInfinity = type{0xff} << 23;
};
template <>
struct BitsOf<double> {
  typedef std::uint64_t type;
  static constexpr type kInfinity = type{0x7ff} << 52;
};

// The largest magnitude of each vector of a result, found by several workers.
class Largest {
 public:
  // What one call of the kernel finds, a word for each column or lane.
  struct alignas(64) Words {
    char bytes[kSweepRowBytes];
  };

  Largest(const SweepRun& run, std::int64_t vectors)
      : run_(run), vectors_(vectors), count_((vectors + run.lanes - 1) / run.lanes * run.lanes) {
    clear(words_);
  }

  // For a worker alone.
  Words& words() { return words_; }

  void clear(Words& words) const {
    std::memset(words.bytes, 0, static_cast<std::size_t>(count_ * part_bytes(run_.type)));
  }

  void include(const Words& words) {
    const std::lock_guard<std::mutex> lock(mutex_);
    of_type([&](auto zero) {
      typedef typename BitsOf<decltype(zero)>::type Bits;
      Bits* const known = reinterpret_cast<Bits*>(words_.bytes);
      const Bits* const found = reinterpret_cast<const Bits*>(words.bytes);
      for (std::int64_t i = 0; i < count_; ++i) known[i] = std::max(known[i], found[i]);
      return true;
    });
  }

  // Whether every vector of the result is finite, and none is so small that it may have lost digits.
  bool is_right(const FusedOperand& x, std::int64_t first) {
    return of_type([&](auto zero) {
      typedef decltype(zero) T;
      typedef typename BitsOf<T>::type Bits;
      const T least = static_cast<T>(run_.least);
      Bits least_bits;
      std::memcpy(&least_bits, &least, sizeof least_bits);
      Bits* const word = reinterpret_cast<Bits*>(words_.bytes);
      if (run_.per_lane) word[0] = *std::max_element(word, word + run_.lanes);
      for (std::int64_t i = 0; i < vectors_; ++i) {
        if (word[i] >= BitsOf<T>::kInfinity) return false;
        if (word[i] < least_bits && !is_zero<T>(x, first + i)) return false;
      }
      return true;
    });
  }

 private:
  template <class Action>
  bool of_type(const Action& action) const {
    return is_single(run_.type) ? action(0.0f) : action(0.0);
  }

  // What comes of a vector of zeros is not too small.
  template <class T>
  bool is_zero(const FusedOperand& x, std::int64_t vector) const {
    const std::int64_t count = parts(run_.type);
    const T* const start = static_cast<const T*>(x.memory) + vector * x.vector_step * count;
    for (std::int64_t f = 0; f < run_.features; ++f) {
      const T* const number = start + f * x.feature_step * count;
      if (number[0] != 0 || number[count - 1] != 0) return false;
    }
    return true;
  }

  const SweepRun& run_;
  std::int64_t vectors_, count_;  // and their words
  std::mutex mutex_;
  Words words_;
};

}  // namespace cheapfast
