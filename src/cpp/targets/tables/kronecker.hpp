// What the kernels of targets/kronecker.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

enum class KroneckerLanes : int {
  columns,  // vectors side by side: one weight serves a register of columns
  turned,   // vectors behind each other, which are turned into columns and back
  ids,      // vector by vector, weights contiguous along id
  rows,     // vector by vector, weights contiguous along ib
};
// A unit of work is a panel of rows times a panel of columns (of ids) of one block; for turned vectors all blocks of an
// ia.
constexpr std::int64_t kKroneckerRows = 64;
constexpr std::int64_t kKroneckerColumns = 256;

// One factor I_a (x) 1_{b x c} (x) I_d. Operand and result have rows of `columns` numbers, `row` numbers apart.
struct KroneckerTask {
  std::int64_t a, b, c, d;
  std::int64_t stride[4];  // of values along ia, ib, ic, id, in numbers; 0 where they are tied
  const void* values;
  const void* bias;  // one for each row of the result; null: none
  const void* x;
  void* y;
  std::int64_t row, columns;
  KroneckerLanes lanes;
  std::int64_t vectors, x_vector, y_vector;  // taken by turned, ids and rows, and how far they are apart in numbers
  void* scratch;                             // of turned vectors
  std::int64_t row_panels, column_panels;
  bool is_far;              // the next block is asked for while one is worked on
  std::int64_t begin, end;  // units
};

struct KroneckerTable {
  void (*kronecker[4])(const KroneckerTask&);  // by ValueType
};

}  // namespace cheapfast
