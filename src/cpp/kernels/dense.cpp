#include "kernels/dense.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kLeastPiece = 32;  // bytes: shorter ones are quicker number by number

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

// Columns that lie in one piece become rows that do, or the other way round. Either way so many of the long pieces are
// read, or written, at a time: each goes on where it was left.
constexpr std::int64_t kTogether = 16;

void turn_columns(const Dense& from, const Dense& to, std::int64_t size, std::int64_t begin, std::int64_t end) {
  const Turn turn = kernels().turn[size == 4 ? 0 : size == 8 ? 1 : 2];
  const char* const source = from.data + begin * from.row_stride;
  char* const target = to.data + begin * to.row_stride;
  for (std::int64_t c = 0; c < from.columns; c += kTogether) {
    const std::int64_t count = std::min(kTogether, from.columns - c);
    if (to.column_stride == size) {
      turn(source + c * from.column_stride, from.column_stride, target + c * size, to.row_stride, count, end - begin);
    } else {
      turn(source + c * size, from.row_stride, target + c * to.column_stride, to.column_stride, end - begin, count);
    }
  }
}

// Copies pieces of so many bytes, at equal distances on either side.
void copy_pieces(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride, std::int64_t pieces,
                 std::int64_t bytes) {
  if (from_stride == bytes && to_stride == bytes) {
    std::memcpy(to, from, static_cast<std::size_t>(pieces * bytes));
    return;
  }
  for (std::int64_t i = 0; i < pieces; ++i) {
    std::memcpy(to + i * to_stride, from + i * from_stride, static_cast<std::size_t>(bytes));
  }
}

bool is_turned(const Dense& from, const Dense& to, std::int64_t size) {
  return from.columns > 1 && ((from.row_stride == size && to.column_stride == size) ||
                              (from.column_stride == size && to.row_stride == size));
}

}  // namespace

void copy_dense(const Dense& from, const Dense& to, std::int64_t size, std::int64_t begin, std::int64_t end) {
  const char* const source = from.data + begin * from.row_stride;
  char* const target = to.data + begin * to.row_stride;
  const std::int64_t row = from.columns * size, column = (end - begin) * size;
  if (from.column_stride == size && to.column_stride == size && row >= kLeastPiece) {
    return copy_pieces(source, from.row_stride, target, to.row_stride, end - begin, row);
  }
  if (from.row_stride == size && to.row_stride == size && column >= kLeastPiece) {
    return copy_pieces(source, from.column_stride, target, to.column_stride, from.columns, column);
  }
  if (is_turned(from, to, size)) return turn_columns(from, to, size, begin, end);
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
