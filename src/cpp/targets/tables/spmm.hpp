// What the kernels of targets/spmm.cpp take.
#pragma once

#include <cstdint>

#include "core/csr.hpp"

namespace cheapfast {

// Types of the weights and of the operand of a sparse product. A real matrix takes a complex operand as twice as many
// real columns, so that weights are never wider than what they multiply.
enum class SpmmKind : int {
  float32_float32,
  float32_float64,
  float64_float64,
  complex64_complex64,
  complex64_complex128,
  complex128_complex128,
};
constexpr int kSpmmKinds = 6;

// Rows of matrix times operand (rows of the result), or of transpose times operand (rows of the matrix).
// Strides and columns count reals, of which a complex number is two.
struct SpmmTask {
  Csr matrix;  // narrow or wide
  const void* weights;
  const std::int64_t* order;  // row r of the result is row order[r] of the matrix (transposed: row r of the matrix
                              // meets row order[r] of the operand); null: r
  const void* bias;           // of the operand's type, bias_parts reals a row; null: none
  int bias_parts;
  bool conjugate;  // of complex weights
  bool prefetch;   // the rows that indices name are not in a near cache
  const void* in;
  std::int64_t in_stride;
  void* out;
  std::int64_t out_stride;
  std::int64_t columns;
  std::int64_t begin, end;
  std::int64_t first;  // row of the result that `out` starts with; not of the transposed
};

struct SpmmTable {
  // result = matrix . operand (+ bias); with [1] the result is added to: result += transpose . operand
  void (*spmm[kSpmmKinds][2][2])(const SpmmTask&);  // [kind][transposed][narrow, wide]
};

}  // namespace cheapfast
