// Counts of a product 512 columns at a time, one bit each.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/count.hpp"

namespace cheapfast {

// Nonzeros of the product of all layers (two or more, the last with sorted rows), 512 columns at a time.
// O(columns / 512 x nonzeros of all layers) time, 128 bytes a row.
std::uint64_t count_by_bits(const std::vector<Csr>& layers, CountContext& context);

// The same for the product of the last layer alone, of the last two, ... of all: entry k is the count of the last k + 1
// layers. Every row is counted after every layer, which costs little more than the last count alone.
std::vector<std::uint64_t> count_suffixes_by_bits(const std::vector<Csr>& layers, CountContext& context);

}  // namespace cheapfast
