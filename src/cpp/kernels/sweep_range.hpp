// Whether the numbers between the passes of a run of sweeps stayed in the range of their type.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <vector>

#include "kernels/sweeps.hpp"
#include "kernels/zeros.hpp"

namespace cheapfast {

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

  // Whether every vector of the result is finite, and none is so small that it may have lost digits: what comes of
  // zeros may be small.
  bool is_right(const FusedOperand& x, std::int64_t first) {
    return of_type([&](auto zero) {
      typedef decltype(zero) T;
      typedef typename BitsOf<T>::type Bits;
      // as the bits that they are, magnitudes are in their order; NaN comes behind infinity
      const T least = static_cast<T>(run_.least), infinity = std::numeric_limits<T>::infinity();
      const Bits least_bits = bits_of(&least), infinity_bits = bits_of(&infinity);
      Bits* const word = reinterpret_cast<Bits*>(words_.bytes);
      if (run_.per_lane) word[0] = *std::max_element(word, word + run_.lanes);
      const auto has = [&](auto condition) { return std::any_of(word, word + vectors_, condition); };
      if (has([&](Bits bits) { return bits >= infinity_bits; })) return false;
      const auto is_small = [&](Bits bits) { return bits < least_bits; };
      if (!has(is_small)) return true;
      std::vector<bool> small(static_cast<std::size_t>(vectors_));
      std::transform(word, word + vectors_, small.begin(), is_small);
      return Zeros<T>(x, run_.features, parts(run_.type)).all(first, small);
    });
  }

 private:
  template <class Action>
  bool of_type(const Action& action) const {
    return is_single(run_.type) ? action(0.0f) : action(0.0);
  }

  const SweepRun& run_;
  std::int64_t vectors_, count_;  // and their words
  std::mutex mutex_;
  Words words_;
};

}  // namespace cheapfast
