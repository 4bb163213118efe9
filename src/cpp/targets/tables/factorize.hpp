// What the kernels of targets/factorize.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// Blocks (i2, j1) of one matrix, for the groups j1 = order[begin] ... order[end - 1] of its columns, see
// kernels/factorize.hpp. Scratch has room for the blocks and one more, each row padded by 128 bytes.
struct SplitTask {
  const void* values;
  std::int64_t matrix_stride, row_stride;  // in numbers
  const std::int64_t* rows;
  const std::int64_t* columns;
  const std::int64_t* order;
  bool adjacent;  // the columns of each group follow one another in memory
  std::int64_t d, p, m, k, w;
  void* left;
  void* right;
  std::int64_t matrix, i2, begin, end;
  void* scratch;
  double* row_norms;        // room for p
  int steps;                // of the power method, at most
  double residual2, norm2;  // results, summed over the blocks
};

struct FactorizeTable {
  void (*split[4])(SplitTask&);  // by ValueType
};

}  // namespace cheapfast
