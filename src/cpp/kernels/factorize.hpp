// Splitting matrices into two sparse factors whose blocks have rank one.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"
#include "kernels/value_type.hpp"

namespace cheapfast {

// A batch of a*d matrices of p*m rows and k*w columns, number (ia, id) at values + (ia*d + id) * matrix_stride.
// Row (i1, i2) of a matrix is its row rows[i2*p + i1] in memory, column (j1, j2) its column columns[j1*w + j2].
struct SplitProblem {
  ValueType type;
  const void* values;
  std::int64_t matrix_stride, row_stride;  // in numbers; neighbouring columns are neighbours in memory
  const std::int64_t* rows;
  const std::int64_t* columns;
  std::int64_t a, d, p, m, k, w;
  void* left;    // a, m, d, p, k: the unit columns of blocks (i2, j1)
  void* right;   // a, k, d, m, w: their rows
  double limit;  // squared residual from which on the factors are of no use
};

struct SplitOutcome {
  double residual2, norm2;  // sums over all blocks; nearly, where the fits are exact up to rounding
  bool complete;            // false: the residual went over the limit, and the factors are not finished
};

// matrix[(i1, i2), (j1, j2)] ~ left[i2][i1, j1] * right[j1][i2, j2]: each of the m*k blocks of p rows and w columns is
// fitted by rank one. O(a d p m k w) reads, and two or three passes over a block in cache. Factors and sums do not
// depend on the number of threads.
SplitOutcome split_matrices(const SplitProblem& problem, int threads, Monitor& monitor);

}  // namespace cheapfast
