// Nonzeros of a product after cancellation: entries whose terms do not add up to zero.
//
// Row by row: what one row reaches is kept with the sums of its terms, and nothing of the product is stored.
// O(pairs) time, O(widest layer) memory a thread, one weight for every entry of every layer.
#pragma once

#include <cstdint>
#include <vector>

#include "core/csr.hpp"
#include "kernels/count.hpp"
#include "kernels/csr.hpp"

namespace cheapfast {

struct ValuedLayer {
  Csr pattern;  // narrow or wide, without duplicates in a row
  const void* values;
  ValueType type;
};

struct Modulus {
  std::uint64_t prime;  // odd, below 2^61
  std::uint64_t root;   // root^2 = -1 modulo prime
};

// Entries that are not zero modulo both primes; exact unless a nonzero entry is divisible by both. Values are finite.
std::uint64_t count_modular(const std::vector<ValuedLayer>& layers, const Modulus& first, const Modulus& second,
                            CountContext& context);

// Entries larger than tolerance times the sum of the magnitudes of their terms, in double precision. Throws
// std::invalid_argument where magnitudes within a row leave the range of a double.
std::uint64_t count_with_tolerance(const std::vector<ValuedLayer>& layers, double tolerance, CountContext& context);

}  // namespace cheapfast
