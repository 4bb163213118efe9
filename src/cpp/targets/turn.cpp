// Rows become columns: square tiles as wide as a register are turned within registers.
#include "targets/tables/turn.hpp"

#include <cstdint>

#include "targets/lanes.hpp"

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

// Elements of 16 bytes fill a register of the narrowest kind: they are moved one by one, in blocks whose cache lines
// stay near on both sides.
void turn_wide(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride, std::int64_t rows,
               std::int64_t columns) {
  constexpr int kSize = 16, kBlock = 4;
  std::int64_t r = 0;
  for (; r + kBlock <= rows; r += kBlock) {
    std::int64_t c = 0;
    for (; c + kBlock <= columns; c += kBlock) {
      CHEAPFAST_UNROLL
      for (int i = 0; i < kBlock * kBlock; ++i) {
        std::memcpy(to + (c + i / kBlock) * to_stride + (r + i % kBlock) * kSize,
                    from + (r + i % kBlock) * from_stride + (c + i / kBlock) * kSize, kSize);
      }
    }
    turn_each<kSize>(from + r * from_stride + c * kSize, from_stride, to + c * to_stride + r * kSize, to_stride, kBlock,
                     columns - c);
  }
  turn_each<kSize>(from + r * from_stride, from_stride, to + r * kSize, to_stride, rows - r, columns);
}

template <class T>
CHEAPFAST_INLINE const T* at(const char* memory) {
  return reinterpret_cast<const T*>(memory);
}
template <class T>
CHEAPFAST_INLINE T* at(char* memory) {
  return reinterpret_cast<T*>(memory);
}

template <class T>
CHEAPFAST_INLINE void turn_tile(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride) {
  constexpr int W = WideOf<T>::kLanes;
  Wide<T> row[W];
  CHEAPFAST_UNROLL
  for (int i = 0; i < W; ++i) row[i] = load_vector(at<T>(from + i * from_stride));
  transpose<T>(row);
  CHEAPFAST_UNROLL
  for (int i = 0; i < W; ++i) store_vector(at<T>(to + i * to_stride), row[i]);
}

// The same of a tile that is not full.
template <class T>
void turn_edge(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride, std::int64_t rows,
               std::int64_t columns) {
  constexpr int W = WideOf<T>::kLanes;
  Wide<T> row[W] = {};
  for (int i = 0; i < W && i < rows; ++i) row[i] = load_first(at<T>(from + i * from_stride), columns);
  transpose<T>(row);
  for (int i = 0; i < W && i < columns; ++i) store_first(at<T>(to + i * to_stride), row[i], rows);
}

template <class T>
void turn(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride, std::int64_t rows,
          std::int64_t columns) {
  constexpr int W = WideOf<T>::kLanes, kSize = sizeof(T);
  if (W == 1 || rows < kFew || columns < kFew) {
    return turn_each<kSize>(from, from_stride, to, to_stride, rows, columns);
  }
  for (std::int64_t r = 0; r < rows; r += W) {
    const std::int64_t high = rows - r < W ? rows - r : W;
    for (std::int64_t c = 0; c < columns; c += W) {
      const std::int64_t wide = columns - c < W ? columns - c : W;
      const char* const source = from + r * from_stride + c * kSize;
      char* const target = to + c * to_stride + r * kSize;
      if (high == W && wide == W) {
        turn_tile<T>(source, from_stride, target, to_stride);
      } else {
        turn_edge<T>(source, from_stride, target, to_stride, high, wide);
      }
    }
  }
}

}  // namespace

void fill_turn(TurnTable& table) {
  table.turn[0] = turn<float>;
  table.turn[1] = turn<double>;
  table.turn[2] = turn_wide;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
