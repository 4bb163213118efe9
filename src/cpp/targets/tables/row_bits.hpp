// 512 rows of a product at once: the kernels of targets/row_bits.cpp.
#pragma once

#include <cstdint>

#include "core/csr.hpp"
#include "targets/tables/bits.hpp"

namespace cheapfast {

struct RowBitsTable {
  // The other way than the columns of ColumnBitsTable: out[c] |= in[r], and in the end the nodes that have each bit are
  // counted.
  void (*push_bits[kWidths])(const Csr&, Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out);
  void (*count_each_bit)(const Bits512* in, std::int64_t begin, std::int64_t end, std::int64_t* counts);
};

}  // namespace cheapfast
