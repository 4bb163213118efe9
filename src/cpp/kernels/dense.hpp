// Dense matrices of any layout, and copies from one to another.
#pragma once

#include <cstdint>

namespace cheapfast {

// Strides in bytes, of any sign. Elements lie at multiples of the size of their real parts.
struct Dense {
  char* data;
  std::int64_t rows, columns;
  std::int64_t row_stride, column_stride;
};

// Copies the rows begin ... end - 1, elements of 4, 8 or 16 bytes.
void copy_dense(const Dense& from, const Dense& to, std::int64_t size, std::int64_t begin, std::int64_t end);

}  // namespace cheapfast
