// The 128 bits of a product of two 64-bit numbers.
#pragma once

#include <cstdint>

#if defined(_MSC_VER) && defined(_M_X64) && !defined(__SIZEOF_INT128__)
#include <intrin.h>
#endif

namespace cheapfast {

struct Wide128 {
  std::uint64_t high;
  std::uint64_t low;
};

inline Wide128 multiply_wide(std::uint64_t a, std::uint64_t b) {
#if defined(__SIZEOF_INT128__)
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
#elif defined(_MSC_VER) && defined(_M_X64)
  Wide128 product;
  product.low = _umul128(a, b, &product.high);
  return product;
#else
  const std::uint64_t mask = 0xFFFFFFFFu;
  const std::uint64_t low = (a & mask) * (b & mask), cross = (a >> 32) * (b & mask) + (low >> 32);
  const std::uint64_t middle = (a & mask) * (b >> 32) + (cross & mask);
  return {(a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32), (middle << 32) | (low & mask)};
#endif
}

}  // namespace cheapfast
