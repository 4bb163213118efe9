// One bit for each of 512 columns, or of 512 rows: what the bit-parallel counts of both directions work on.
#pragma once

#include <cstdint>

namespace cheapfast {

// 512 columns of the product at a time: one bit each.
constexpr int kBatchColumns = 512;
struct alignas(64) Bits512 {
  std::uint64_t word[8];
};

}  // namespace cheapfast
