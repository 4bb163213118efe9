// A sparsity pattern in compressed rows, borrowed from whoever owns the arrays.
#pragma once

#include <cstdint>

namespace cheapfast {

// The integer types of a pattern's two arrays. scipy uses one type for both; supports that we build ourselves need
// 64-bit row starts long before they need 64-bit columns.
enum class Width : int {
  narrow = 0,  // int32 starts, int32 columns
  wide = 1,    // int64 starts, int64 columns
  own = 2,     // int64 starts, int32 columns
};
constexpr int kWidths = 3;

// Row r holds the columns indices[starts[r]] ... indices[starts[r + 1] - 1], without duplicates.
// Plain data on purpose: target units include this file and must not emit inline functions of their own.
struct Csr {
  std::int64_t rows;
  std::int64_t cols;
  const void* starts;
  const void* indices;
  Width width;
};

}  // namespace cheapfast
