// Powers of one matrix whose rows hold their diagonals: row r of the k-th power holds the nodes within k steps of r.
#pragma once

#include <cstdint>

#include "kernels/count.hpp"

namespace cheapfast {

// Whether the chain is the third power or a higher one of a matrix without a zero on its diagonal. Equal layers are
// known by their arrays: copies of a matrix are not compared.
bool is_power_with_diagonal(const Chain& chain);

// Nonzeros of some rows of such a power, in the order in which they are named; returns the pairs looked at. What a row
// reaches it keeps, so that every node is passed through once, and not once for every layer that is left.
std::uint64_t count_neighbourhoods(const Chain& chain, const std::int64_t* rows, std::int64_t count,
                                   std::int64_t* sizes, CountContext& context);

}  // namespace cheapfast
