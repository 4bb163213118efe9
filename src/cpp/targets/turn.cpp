// Rows become columns: square tiles as wide as a register are turned within registers.
#include "targets/tables/turn.hpp"

#include <cstdint>

#include "targets/turn.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// Of fewer rows or columns, a tile would be gaps for the most part.
constexpr std::int64_t kFew = 3;

template <int size>
CHEAPFAST_INLINE void turn_each(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride,
                                std::int64_t rows, std::int64_t columns) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      std::memcpy(to + c * to_stride + r * size, from + r * from_stride + c * size, size);
    }
  }
}

template <class T>
CHEAPFAST_INLINE const T* at(const char* memory) {
  return reinterpret_cast<const T*>(memory);
}
template <class T>
CHEAPFAST_INLINE T* at(char* memory) {
  return reinterpret_cast<T*>(memory);
}

// Elements of U numbers.
template <class T, int U>
void turn(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride, std::int64_t rows,
          std::int64_t columns) {
  constexpr int n = kSquare<T, U>, kSize = U * sizeof(T);
  constexpr std::int64_t kNumber = sizeof(T);
  if (n == 1 || rows < kFew || columns < kFew) {
    return turn_each<kSize>(from, from_stride, to, to_stride, rows, columns);
  }
  for (std::int64_t r = 0; r < rows; r += n) {
    for (std::int64_t c = 0; c < columns; c += n) {
      turn_square<T, U, false>({at<T>(from + r * from_stride + c * kSize), from_stride / kNumber},
                               {at<T>(to + c * to_stride + r * kSize), to_stride / kNumber}, rows - r, columns - c);
    }
  }
}

}  // namespace

void fill_turn(TurnTable& table) {
  table.turn[0] = turn<float, 1>;
  table.turn[1] = turn<double, 1>;
  table.turn[2] = turn<double, 2>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
