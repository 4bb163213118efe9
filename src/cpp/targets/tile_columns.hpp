// Rows of a tile brought to scratch, and back from there, where their columns do not lie side by side or do not fill a
// register.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/caches.hpp"
#include "targets/columns.hpp"
#include "targets/tables/fused.hpp"
#include "targets/turn.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

template <class E>
CHEAPFAST_INLINE typename E::T* scratch_place(typename E::T* scratch, std::int64_t width, std::int64_t row,
                                              std::int64_t column, int part) {
  constexpr int n = E::kLanes;
  return scratch + row * width + column / n * n * E::kParts + part * n + column % n;
}

// Rows before the first one that begins a line of the cache, in all vectors if the first two tell. Squares from there
// on read no line in part: of vectors a power of two apart, a line that two squares need would be lost between them.
template <class E>
std::int64_t rows_before_line(const FusedTile& tile, const FusedPlaces& places) {
  typedef typename E::T T;
  constexpr std::int64_t kLine = kLineBytes / sizeof(T);
  if (tile.columns < 2 || (places.column[1] - places.column[0]) % kLine != 0) return 0;
  const T* const first = static_cast<const T*>(places.memory) + places.row[0] + places.column[0];
  const std::int64_t behind = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(first) / sizeof(T)) % kLine;
  return std::min(tile.rows, (kLine - behind) % kLine / E::kParts % E::kLanes);
}

// Rows of lanes of columns, as many as lanes or fewer: all as one square, turned in registers. Columns that are not
// there are zeros, and are not written.
template <class E, bool kIsWhole>
CHEAPFAST_INLINE void gather_square(const FusedTile& tile, std::int64_t width, std::int64_t row, std::int64_t rows,
                                    std::int64_t column) {
  typedef typename E::T T;
  constexpr int n = E::kLanes;
  Wide<T> part[E::kParts][n];
  CHEAPFAST_UNROLL
  for (int j = 0; j < n; ++j) {
    E one = E::zero();
    if (column + j < tile.columns) {
      const T* const from = static_cast<const T*>(tile.in.memory) + tile.in.row[row] + tile.in.column[column + j];
      if constexpr (kIsWhole) {
        one = E::load(from);
      } else {
        one = load_some<E>(from, rows);
      }
    }
    CHEAPFAST_UNROLL
    for (int p = 0; p < E::kParts; ++p) part[p][j] = one.part(p);
  }
  for (int p = 0; p < E::kParts; ++p) {
    turn_numbers<T, 1>(part[p]);
    CHEAPFAST_UNROLL
    for (int i = 0; i < n; ++i) {
      if (!kIsWhole && i >= rows) break;
      store_vector(scratch_place<E>(static_cast<T*>(tile.scratch), width, row + i, column, p), part[p][i]);
    }
  }
}
template <class E>
CHEAPFAST_INLINE void scatter_square(const FusedTile& tile, std::int64_t width, std::int64_t row, std::int64_t column) {
  typedef typename E::T T;
  constexpr int n = E::kLanes;
  Wide<T> part[E::kParts][n];
  for (int p = 0; p < E::kParts; ++p) {
    CHEAPFAST_UNROLL
    for (int i = 0; i < n; ++i) {
      part[p][i] = load_vector(scratch_place<E>(static_cast<T*>(tile.scratch), width, row + i, column, p));
    }
    turn_numbers<T, 1>(part[p]);
  }
  CHEAPFAST_UNROLL
  for (int j = 0; j < n; ++j) {
    if (column + j >= tile.columns) break;
    T* const to = static_cast<T*>(tile.out.memory) + tile.out.row[row] + tile.out.column[column + j];
    E::of_parts(part[0][j], part[E::kParts - 1][j]).store(to);
  }
}

// Rows of columns that follow each other: in registers, of which the last one is not full.
template <class E>
void gather_rows(const FusedTile& tile, std::int64_t width) {
  typedef typename E::T T;
  constexpr std::int64_t step = E::kLanes * E::kParts;
  for (std::int64_t row = 0; row < tile.rows; ++row) {
    const T* from = static_cast<const T*>(tile.in.memory) + tile.in.row[row];
    T* to = static_cast<T*>(tile.scratch) + row * width;
    std::int64_t left = tile.columns;
    for (; left >= E::kLanes; left -= E::kLanes, from += step, to += step) E::load(from).store_split(to);
    if (left > 0) load_some<E>(from, left).store_split(to);
  }
}
template <class E>
void scatter_rows(const FusedTile& tile, std::int64_t width) {
  typedef typename E::T T;
  constexpr std::int64_t step = E::kLanes * E::kParts;
  for (std::int64_t row = 0; row < tile.rows; ++row) {
    const T* from = static_cast<const T*>(tile.scratch) + row * width;
    T* to = static_cast<T*>(tile.out.memory) + tile.out.row[row];
    std::int64_t left = tile.columns;
    for (; left >= E::kLanes; left -= E::kLanes, from += step, to += step) E::load_split(from).store(to);
    if (left > 0) store_some(E::load_split(from), to, left);
  }
}

// A number at a time, where rows do not follow each other: of a register's columns, whose lines stay near meanwhile.
template <class E>
void gather_numbers(const FusedTile& tile, std::int64_t width) {
  typedef typename E::T T;
  T* const scratch = static_cast<T*>(tile.scratch);
  const T* const memory = static_cast<const T*>(tile.in.memory);
  for (std::int64_t column = 0; column < width / E::kParts; column += E::kLanes) {
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      for (std::int64_t j = column; j < column + E::kLanes; ++j) {
        for (int p = 0; p < E::kParts; ++p) {
          *scratch_place<E>(scratch, width, row, j, p) =
              j < tile.columns ? memory[tile.in.row[row] + tile.in.column[j] + p] : T(0);
        }
      }
    }
  }
}

// Squares of fewer rows are few: kept out of the loop over the others.
template <class E>
CHEAPFAST_NOINLINE void gather_some(const FusedTile& tile, std::int64_t width, std::int64_t row, std::int64_t rows,
                                    std::int64_t column) {
  gather_square<E, false>(tile, width, row, rows, column);
}

template <class E>
void gather(const FusedTile& tile, std::int64_t width) {
  constexpr int n = E::kLanes;
  if (tile.in.adjacent) return gather_rows<E>(tile, width);
  if (!tile.in.rows_are_unit) return gather_numbers<E>(tile, width);
  const std::int64_t first = rows_before_line<E>(tile, tile.in);
  for (std::int64_t column = 0; column < width / E::kParts; column += n) {
    std::int64_t row = first;
    if (first > 0) gather_some<E>(tile, width, 0, first, column);
    for (; row + n <= tile.rows; row += n) gather_square<E, true>(tile, width, row, n, column);
    if (row < tile.rows) gather_some<E>(tile, width, row, tile.rows - row, column);
  }
}

// Not from where lines begin: results do so, and where they do not, smaller squares would cost more than they gain.
template <class E>
void scatter(const FusedTile& tile, std::int64_t width) {
  typedef typename E::T T;
  constexpr int n = E::kLanes;
  if (tile.out.adjacent) return scatter_rows<E>(tile, width);
  T* const scratch = static_cast<T*>(tile.scratch);
  T* const memory = static_cast<T*>(tile.out.memory);
  const std::int64_t squares = tile.out.rows_are_unit ? tile.rows / n * n : 0;
  for (std::int64_t column = 0; column < tile.columns; column += n) {
    std::int64_t row = 0;
    for (; row < squares; row += n) scatter_square<E>(tile, width, row, column);
    for (; row < tile.rows; ++row) {
      for (std::int64_t j = column; j < column + n && j < tile.columns; ++j) {
        for (int p = 0; p < E::kParts; ++p) {
          memory[tile.out.row[row] + tile.out.column[j] + p] = *scratch_place<E>(scratch, width, row, j, p);
        }
      }
    }
  }
}

}  // namespace
}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
