// Norms of matrices, and of what blocks of rank one leave of them.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"
#include "kernels/csr.hpp"

namespace cheapfast {

struct MatrixFacts {
  std::int64_t zeros, non_finite;
  double squares;  // sum over the absolute values, in double precision
};

// One pass, O(size). Sums do not depend on the number of threads.
MatrixFacts measure(ValueType type, const void* data, std::int64_t size, int threads, Monitor& monitor);

// A matrix of p*m rows in C order. With row (i1, i2) its row rows[i2*p + i1], and number j of a row in run j /
// run_length,
//
//     left[t][i2*p + i1, place] * right[t][i2, j]    place = starts[run] + (0 if `same`, else j % run_length)
//
// summed over the terms is what it is compared with. Everything is in real numbers: a complex one is two of them, and
// has the terms re(left) * right and im(left) * (i right).
struct BlockFactors {
  ValueType type;
  const void* values;
  std::int64_t p, m, width, left_width;  // widths of the rows of values and right, and of left, in real numbers
  const std::int64_t* rows;
  const double* left[2];
  const double* right[2];
  std::int64_t run_length;
  const std::int64_t* starts;
  bool same;
};

// The squared Frobenius norm of the difference, summed in double precision and in an order that does not depend on the
// number of threads. O(p m width).
double squared_distance(const BlockFactors& factors, int threads, Monitor& monitor);

}  // namespace cheapfast
