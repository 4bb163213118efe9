// The exact count of a chain of sparse supports: which of the methods, and the methods themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/csr.hpp"
#include "kernels/count.hpp"

namespace cheapfast {

enum class Method {
  automatic,
  stamps,  // multiply from the right, count the last product row by row with stamps
  bitmap,  // the same with a bitmap and population counts
  bits,    // 512 columns at a time through the whole chain
  push,    // one row at a time through the whole chain
  intern,  // multiply from the right, equal supports stored once
};

Method method_named(const std::string& name);  // std::invalid_argument for an unknown one

struct ChainCount {
  std::uint64_t count = 0;
  std::vector<std::optional<std::uint64_t>> prefixes;  // nonzeros of the product so far, in data-flow order
  std::string method;                                  // what ran
  std::uint64_t work = 0;                              // index pairs looked at
};

// `layers` in matrix order, at least one; neighbours must match. Columns within rows are sorted, without duplicates.
// Fewer than 2^31 rows and columns each (std::invalid_argument otherwise): indices then fit 32 bits, products 64.
ChainCount count_chain(const std::vector<Csr>& layers, Method method, CountContext& context);

// The nonzeros of the product so far after each layer, in data-flow order, all counted 512 columns at a time: for short
// columns and long chains, where the product is nowhere stored. Layers as for count_chain.
std::vector<std::uint64_t> count_prefixes(const std::vector<Csr>& layers, CountContext& context);

}  // namespace cheapfast
