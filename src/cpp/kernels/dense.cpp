#include "kernels/dense.hpp"

#include <algorithm>
#include <cstring>

namespace cheapfast {
namespace {

// A block of 8 x 8 at a time, so that whichever side is strided, its cache lines are used while they are near.
template <int size>
void copy_rows(const Dense& from, const Dense& to, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kTile = 8;
  for (std::int64_t row = begin; row < end; row += kTile) {
    for (std::int64_t column = 0; column < from.columns; column += kTile) {
      const std::int64_t rows = std::min(kTile, end - row), columns = std::min(kTile, from.columns - column);
      const char* const source = from.data + row * from.row_stride + column * from.column_stride;
      char* const target = to.data + row * to.row_stride + column * to.column_stride;
      for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < columns; ++c) {
          std::memcpy(target + r * to.row_stride + c * to.column_stride,
                      source + r * from.row_stride + c * from.column_stride, size);
        }
      }
    }
  }
}

}  // namespace

void copy_dense(const Dense& from, const Dense& to, std::int64_t size, std::int64_t begin, std::int64_t end) {
  switch (size) {
    case 4:
      return copy_rows<4>(from, to, begin, end);
    case 8:
      return copy_rows<8>(from, to, begin, end);
    default:
      return copy_rows<16>(from, to, begin, end);
  }
}

}  // namespace cheapfast
