// How a chain of sparse layers takes the columns of its operand: some at a time, copied where a kernel cannot read or
// write them as they lie.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/dense.hpp"
#include "kernels/spmm.hpp"

namespace cheapfast {

// An operand above this is not in a near cache.
constexpr std::int64_t kNearBytes = std::int64_t{512} << 10;

// Rows of a window of columns, one column after the other.
struct Panel {
  char* data;
  std::int64_t stride;  // bytes between rows
};

// Windows of columns, and what memory they need between the layers: two panels by turns.
struct SpmmLayout {
  bool pack_in, pack_out;  // copied from another layout, and to one
  std::int64_t columns;    // of a window
  std::int64_t rows[2];    // of each panel, or 0

  std::int64_t panel_bytes(int panel, ValueType type) const { return rows[panel] * columns * number_bytes(type); }
};

SpmmLayout lay_out(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in, const Dense& out);

// Columns first ... first + columns - 1, or fewer where the matrix ends.
inline Dense window(const Dense& matrix, std::int64_t first, std::int64_t columns) {
  return {matrix.data + first * matrix.column_stride, matrix.rows, std::min(columns, matrix.columns - first),
          matrix.row_stride, matrix.column_stride};
}

// Rows first ... first + rows - 1.
inline Dense rows_of(const Dense& matrix, std::int64_t first, std::int64_t rows) {
  return {matrix.data + first * matrix.row_stride, rows, matrix.columns, matrix.row_stride, matrix.column_stride};
}

inline Dense dense(const Panel& panel, ValueType type, std::int64_t rows, std::int64_t columns) {
  return {panel.data, rows, columns, panel.stride, number_bytes(type)};
}

}  // namespace cheapfast
