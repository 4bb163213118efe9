// Sparse matrices applied to dense columns, one after another.
#pragma once

#include <cstdint>
#include <vector>

#include "core/csr.hpp"
#include "core/monitor.hpp"
#include "kernels/csr.hpp"
#include "kernels/dense.hpp"

namespace cheapfast {

enum class SparseForm { as_is, transposed, adjoint };

// One layer: y = matrix . x + bias, rows of the result in any order. Borrowed memory.
struct SparseLayer {
  Csr matrix;  // indices checked; int32 or int64, both the same
  const void* weights;
  ValueType weight_type;      // not wider than the operand's: no complex weights for a real operand, for one
  const void* bias;           // one a row of the result, of the operand's type; null: none
  const std::int64_t* order;  // row r of the result is row order[r] of the matrix; null: as they come. Where it is
                              // transposed, row r of the matrix meets row order[r] of the operand
  SparseForm form;            // transposed and adjoint: no bias

  std::int64_t outputs() const { return form == SparseForm::as_is ? matrix.rows : matrix.cols; }
  std::int64_t inputs() const { return form == SparseForm::as_is ? matrix.cols : matrix.rows; }
};

// out = layers[last] ... layers[0] . in, layers in data-flow order, all in the arithmetic of `type`; `in` and `out` do
// not overlap. O(nonzeros x columns) time; memory for at most two operands of 512 bytes a row. The result does not
// depend on `threads`, to the last bit: each element is summed by one thread, in the order of the indices. Throws
// std::invalid_argument where shapes or types do not fit together.
void apply_sparse_chain(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in, const Dense& out,
                        int threads, Monitor& monitor);

// Whether no layer is worth a second thread.
bool sparse_chain_is_serial(const std::vector<SparseLayer>& layers, ValueType type, std::int64_t columns);

// The memory that this takes besides.
std::uint64_t sparse_chain_bytes(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in,
                                 const Dense& out);

}  // namespace cheapfast
