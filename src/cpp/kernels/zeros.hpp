// Whether some vectors of an operand are nothing but zeros.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/fused.hpp"

namespace cheapfast {

template <class T>
struct BitsOf;
template <>
struct BitsOf<float> {
  typedef std::uint32_t type;
};
template <>
struct BitsOf<double> {
  typedef std::uint64_t type;
};

// The bits of a number at any address; of zero they are 0 but for the sign.
template <class T>
typename BitsOf<T>::type bits_of(const T* number) {
  typename BitsOf<T>::type bits;
  std::memcpy(&bits, number, sizeof bits);
  return bits;
}

// Numbers in one piece. Some at a time, without a branch, so that the compiler takes registers of them.
template <class T>
bool are_zeros(const T* number, std::int64_t count) {
  constexpr std::int64_t kAtOnce = 256;
  for (std::int64_t begin = 0; begin < count; begin += kAtOnce) {
    typename BitsOf<T>::type seen = 0;
    const std::int64_t end = std::min(count, begin + kAtOnce);
    for (std::int64_t i = begin; i < end; ++i) seen |= bits_of(number + i);
    if (seen << 1 != 0) return false;
  }
  return true;
}

// Vectors of an operand: `features` numbers of `parts` scalars each, of type T.
template <class T>
class Zeros {
 public:
  typedef typename BitsOf<T>::type Bits;

  Zeros(const FusedOperand& x, std::int64_t features, std::int64_t parts) : x_(x), features_(features), parts_(parts) {}

  // Whether those of the vectors from `first` on are zeros for which `asked` is set.
  bool all(std::int64_t first, const std::vector<bool>& asked) const {
    if (x_.vector_step == 1 && asked.size() > 1) return side_by_side(first, asked);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (asked[i] && !is_zero(first + static_cast<std::int64_t>(i))) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kAskedShare = 8;  // one in so many asked for: then whole rows are quicker

  const T* number(std::int64_t feature, std::int64_t vector) const {
    return static_cast<const T*>(x_.memory) + (feature * x_.feature_step + vector * x_.vector_step) * parts_;
  }

  bool is_zero(std::int64_t vector) const {
    if (x_.feature_step == 1) return are_zeros(number(0, vector), features_ * parts_);
    for (std::int64_t f = 0; f < features_; ++f) {
      if (!are_zeros(number(f, vector), parts_)) return false;
    }
    return true;
  }

  // Row by row, as they lie in memory: a vector by itself would have a line of the cache for each of its numbers.
  bool side_by_side(std::int64_t first, const std::vector<bool>& asked) const {
    const std::size_t parts = static_cast<std::size_t>(parts_), count = asked.size() * parts;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < count; ++i) {
      if (asked[i / parts]) places.push_back(i);
    }
    return places.size() < count / kAskedShare ? some_of_rows(first, places) : whole_rows(first, count, places);
  }

  bool some_of_rows(std::int64_t first, const std::vector<std::size_t>& places) const {
    for (std::int64_t f = 0; f < features_; ++f) {
      const T* const row = number(f, first);
      Bits seen = 0;
      for (const std::size_t i : places) seen |= bits_of(row + i);
      if (seen << 1 != 0) return false;
    }
    return true;
  }

  // Numbers that nobody asked for are seen, and masked: whole registers of them are quicker than a choice.
  bool whole_rows(std::int64_t first, std::size_t count, const std::vector<std::size_t>& places) const {
    constexpr std::int64_t kAtOnce = 16;
    std::vector<Bits> mask(count), seen(count);
    for (const std::size_t i : places) mask[i] = ~Bits{0} >> 1;
    for (std::int64_t begin = 0; begin < features_; begin += kAtOnce) {
      const std::int64_t end = std::min(features_, begin + kAtOnce);
      for (std::int64_t f = begin; f < end; ++f) {
        const T* const row = number(f, first);
        for (std::size_t i = 0; i < count; ++i) seen[i] |= bits_of(row + i) & mask[i];
      }
      if (std::any_of(seen.begin(), seen.end(), [](Bits bits) { return bits != 0; })) return false;
    }
    return true;
  }

  FusedOperand x_;
  std::int64_t features_, parts_;
};

}  // namespace cheapfast
