// 512 columns of a product at once: the kernels of targets/column_bits.cpp.
#pragma once

#include <cstdint>

#include "core/csr.hpp"
#include "targets/tables/bits.hpp"

namespace cheapfast {

struct ColumnBitsTable {
  // The first and the later steps of a bit-parallel count; cursor[r] is the next unread position of row r.
  void (*fill_bits[kWidths])(const Csr&, std::int64_t first_column, std::int64_t* cursor, std::int64_t begin,
                             std::int64_t end, Bits512* out);
  void (*pull_bits[kWidths])(const Csr&, const Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out);
  std::uint64_t (*pull_bits_count[kWidths])(const Csr&, const Bits512* in, std::int64_t begin, std::int64_t end);
  // Both at once: stores and counts.
  std::uint64_t (*pull_bits_counted[kWidths])(const Csr&, const Bits512* in, std::int64_t begin, std::int64_t end,
                                              Bits512* out);
};

}  // namespace cheapfast
