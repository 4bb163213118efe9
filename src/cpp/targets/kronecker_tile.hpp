// One dense block of a Kronecker-sparse factor times many columns, in tiles that stay in registers.
//
// y[ib, :] = sum over ic of v[ib, ic] * x[ic, :]
#pragma once

#include <cstdint>
#include <cstring>

#include "core/caches.hpp"
#include "targets/lanes.hpp"
#include "targets/tables/kronecker.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// Rows of a register tile: with its vectors of columns it fills half of the registers, so that weights and operands
// find room beside it.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTileRows = 4;
#else
constexpr int kTileRows = 2;
#endif

// Vectors of columns of a register tile.
template <class E>
constexpr int kTileVectors = 4 / E::kParts;
template <class E>
constexpr std::int64_t kTileScalars = kTileVectors<E> * E::kLanes * E::kParts;

// A block and what it is multiplied with. Steps and strides count scalars.
template <class E>
struct Block {
  typedef typename E::T T;
  std::int64_t rows, terms;  // b and c
  const T* values;
  std::int64_t down, along;  // from one ib, ic to the next
  const T* x;
  std::int64_t x_step;  // from one ic to the next
  T* y;
  std::int64_t y_step;  // from one ib to the next
  const T* bias;        // null: none
  std::int64_t bias_step;
};

// The block (ia, id) of a factor.
template <class E>
CHEAPFAST_INLINE Block<E> block_at(const KroneckerTask& task, std::int64_t ia, std::int64_t id) {
  typedef typename E::T T;
  constexpr std::int64_t parts = E::kParts;
  const std::int64_t row = task.row * parts, *const stride = task.stride;
  const T* const values = static_cast<const T*>(task.values) + (ia * stride[0] + id * stride[3]) * parts;
  const T* const bias = static_cast<const T*>(task.bias);
  return {task.b,
          task.c,
          values,
          stride[1] * parts,
          stride[2] * parts,
          static_cast<const T*>(task.x) + (ia * task.c * task.d + id) * row,
          task.d * row,
          static_cast<T*>(task.y) + (ia * task.b * task.d + id) * row,
          task.d * row,
          bias == nullptr ? nullptr : bias + (ia * task.b * task.d + id) * parts,
          task.d * parts};
}

// Whether what is done once for a block would take as long as its products: such blocks are walked over in one loop,
// and nothing of them is copied or asked for in advance.
CHEAPFAST_INLINE bool is_small(const KroneckerTask& task) { return task.b * task.c <= 16 * kTileRows; }

// Neighbouring blocks of a factor, one after the other.
template <class E>
struct Walk {
  static constexpr bool kMany = true;
  KroneckerTask task;
  std::int64_t ia, id;

  CHEAPFAST_MEMBER bool has_small_blocks() const { return is_small(task); }

  CHEAPFAST_MEMBER Block<E> take() {
    const Block<E> block = block_at<E>(task, ia, id);
    if (++id == task.d) {
      id = 0;
      ++ia;
    }
    return block;
  }
};

// One block.
template <class E>
struct Alone {
  static constexpr bool kMany = false;
  Block<E> block;

  CHEAPFAST_MEMBER bool has_small_blocks() const { return false; }

  CHEAPFAST_MEMBER Block<E> take() const { return block; }
};

// What the block after this one reads: nothing, or as many rows of operands as this one has, and weights in one piece.
// They lie where no processor would look ahead by itself.
struct Next {
  const char* x;        // null: nothing
  std::int64_t x_step;  // bytes
  const char* weights;  // null: nothing
  std::int64_t weight_bytes;
};

template <class E>
CHEAPFAST_INLINE Next weights_of(const Block<E>& block) {
  if (block.down != E::kParts || block.along != block.rows * E::kParts) return {};
  constexpr std::int64_t size = sizeof(typename E::T);
  return {nullptr, 0, reinterpret_cast<const char*>(block.values), block.along * block.terms * size};
}
template <class E>
CHEAPFAST_INLINE Next operands_of(const Block<E>& block) {
  constexpr std::int64_t size = sizeof(typename E::T);
  Next next = weights_of(block);
  next.x = reinterpret_cast<const char*>(block.x);
  next.x_step = block.x_step * size;
  return next;
}

// Lines that one tile asks for: one of a row, or all that a tile takes of it, at each step. null: none.
struct Asked {
  const char* start;
  std::int64_t step;
  bool whole_rows;
};

// The share of tile `number` of `tiles`: lines of the operand first, one of each row where there are tiles enough, then
// weights.
template <class E>
CHEAPFAST_INLINE Asked share_of(const Next& next, const Block<E>& block, std::int64_t number, std::int64_t tiles) {
  constexpr std::int64_t row_bytes = kTileScalars<E> * static_cast<std::int64_t>(sizeof(typename E::T));
  constexpr std::int64_t lines = (row_bytes + kLineBytes - 1) / kLineBytes;
  if (next.x != nullptr) {
    const std::int64_t parts = tiles > lines ? lines : 1;
    if (number < parts) return {next.x + number * kLineBytes, next.x_step, parts == 1};
    number -= parts;
  }
  const std::int64_t weight = number * block.terms * kLineBytes;
  if (weight < next.weight_bytes) return {next.weights + weight, kLineBytes, false};
  return {};
}

// What a register tile multiplies with: row ic at start + ic * step.
template <class T>
struct Operand {
  const T* start;
  std::int64_t step;
};

// M rows times N vectors of columns, held in registers while ic runs. `some` > 0: only that many columns are there.
// kLines: neighbouring lines that are asked for at each step. room: takes a copy of the operand, row after row.
template <class E, int M, int N, int kLines, bool kCopies>
CHEAPFAST_INLINE void tile(Block<E> block, Operand<typename E::T> x, std::int64_t ib, std::int64_t column,
                           std::int64_t some, Asked asked, typename E::T* room) {
  constexpr int width = E::kLanes * E::kParts;
  E sum[M][N];
  CHEAPFAST_UNROLL
  for (int i = 0; i < M; ++i) {
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      sum[i][j] = block.bias == nullptr ? E::zero() : E::fill(block.bias + (ib + i) * block.bias_step);
    }
  }
  const auto* row = x.start;
  const auto* weights = block.values + ib * block.down;
  const std::int64_t down = block.down, along = block.along, step = x.step;
  for (std::int64_t left = block.terms; left > 0; --left, row += step, weights += along) {
    E operand[N];
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) operand[j] = some > 0 ? load_some<E>(row, some) : E::load(row + j * width);
    if (kLines > 0) {
      CHEAPFAST_UNROLL
      for (int line = 0; line < kLines; ++line) CHEAPFAST_PREFETCH(asked.start + line * kLineBytes);
      asked.start += asked.step;
    }
    if (kCopies) {
      CHEAPFAST_UNROLL
      for (int j = 0; j < N; ++j) operand[j].store(room + j * width);
      room += N * width;
    }
    CHEAPFAST_UNROLL
    for (int i = 0; i < M; ++i) {
      CHEAPFAST_UNROLL
      for (int j = 0; j < N; ++j) sum[i][j] = sum[i][j].plus_times(operand[j], weights + i * down);
    }
  }
  CHEAPFAST_UNROLL
  for (int i = 0; i < M; ++i) {
    auto* const y = block.y + (ib + i) * block.y_step + column * E::kParts;
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      if (some > 0) {
        store_some(sum[i][j], y, some);
      } else {
        sum[i][j].store(y + j * width);
      }
    }
  }
}

// Rows that lie apart fall into few sets of the cache; those that many tiles read are copied while the first one does.
constexpr std::int64_t kCopiedRows = 64;

// Full tiles of the rows begin ... end - 1.
template <class E>
CHEAPFAST_INLINE void full_tiles(Block<E> block, std::int64_t begin, std::int64_t end, std::int64_t column, Next next) {
  typedef typename E::T T;
  constexpr int N = kTileVectors<E>;
  constexpr int kRowLines = static_cast<int>((kTileScalars<E> * sizeof(T) + kLineBytes - 1) / kLineBytes);
  alignas(64) T room[kCopiedRows * kTileScalars<E>];
  Operand<T> x{block.x + column * E::kParts, block.x_step};
  const std::int64_t tiles = (end - begin) / kTileRows;
  const bool copies = tiles >= 4 && block.terms <= kCopiedRows && x.step != kTileScalars<E>;
  std::int64_t ib = begin;
  if (copies) {
    tile<E, kTileRows, N, 0, true>(block, x, ib, column, 0, {}, room);
    x = {room, kTileScalars<E>};
    ib += kTileRows;
  }
  const std::int64_t askers = tiles - copies;
  for (std::int64_t number = 0; number < askers; ++number, ib += kTileRows) {
    const Asked asked = share_of(next, block, number, askers);
    if (asked.start == nullptr) {
      tile<E, kTileRows, N, 0, false>(block, x, ib, column, 0, asked, nullptr);
    } else if (asked.whole_rows) {
      tile<E, kTileRows, N, kRowLines, false>(block, x, ib, column, 0, asked, nullptr);
    } else {
      tile<E, kTileRows, N, 1, false>(block, x, ib, column, 0, asked, nullptr);
    }
  }
  if (kTileRows > 2 && ib + 2 <= end) {
    tile<E, 2, N, 0, false>(block, x, ib, column, 0, {}, nullptr);
    ib += 2;
  }
  for (; ib < end; ++ib) tile<E, 1, N, 0, false>(block, x, ib, column, 0, {}, nullptr);
}

// Columns that fill tiles. (Blocks are copied number by number: what is stored might change what a reference refers to,
// and a copy in whole registers would have to wait for what was just written.)
template <class E>
CHEAPFAST_NOINLINE void wide_columns(const Block<E>& given, std::int64_t begin, std::int64_t end, std::int64_t column,
                                     std::int64_t last, Next next) {
  typedef typename E::T T;
  const Block<E> block = given;
  constexpr std::int64_t width = kTileVectors<E> * E::kLanes;
  for (; column < last; column += width) {
    full_tiles(block, begin, end, column, next);
    if (next.x != nullptr) next.x += kTileScalars<E> * static_cast<std::int64_t>(sizeof(T));
    next.weight_bytes = 0;
  }
}

// N vectors of columns at a time, of M rows at a time. `some` > 0: one vector, of which so many columns are there. (Not
// inline: the compiler would prepare all kinds of tiles before it begins with the one that a small block needs.)
template <class E, class Source, int M, int N>
CHEAPFAST_NOINLINE void tiles(const Source& given, std::int64_t count, std::int64_t begin, std::int64_t end,
                              std::int64_t first, std::int64_t last, std::int64_t some) {
  Source source = given;
  for (; count > 0; --count) {
    const Block<E> block = source.take();
    std::int64_t column = first;
    do {
      const Operand<typename E::T> x{block.x + column * E::kParts, block.x_step};
      for (std::int64_t ib = begin; ib < end; ib += M) {
        if (N > 1 || some == 0) {
          tile<E, M, N, 0, false>(block, x, ib, column, 0, {}, nullptr);
        } else {
          tile<E, M, 1, 0, false>(block, x, ib, column, some, {}, nullptr);
        }
      }
      column += N * E::kLanes;
    } while (N > 1 && column < last);  // one vector is one step
  }
}

// All rows of such columns, at most kMost at a time.
template <class E, class Source, int kMost, int N>
CHEAPFAST_INLINE void rows_of_tiles(const Source& source, std::int64_t count, std::int64_t begin, std::int64_t end,
                                    std::int64_t first, std::int64_t last, std::int64_t some) {
  if (first == last) return;
  const std::int64_t whole = (end - begin) / kMost * kMost;
  if (whole > 0) tiles<E, Source, kMost, N>(source, count, begin, begin + whole, first, last, some);
  if constexpr (kMost > 1) {
    if (begin + whole < end) {
      rows_of_tiles<E, Source, kMost / 2, N>(source, count, begin + whole, end, first, last, some);
    }
  }
}

// The rows begin ... end - 1 of some blocks for the columns first ... last - 1.
template <class E, class Source>
CHEAPFAST_INLINE void panels(const Source& source, std::int64_t count, std::int64_t begin, std::int64_t end,
                             std::int64_t first, std::int64_t last, Next next) {
  constexpr int kHigh = 2 * kTileRows;  // as many sums as keep the adders busy
  constexpr std::int64_t width = kTileVectors<E> * E::kLanes;
  const std::int64_t wide = last - (last - first) % width;
  if (source.has_small_blocks()) {
    rows_of_tiles<E, Source, kTileRows, kTileVectors<E>>(source, count, begin, end, first, wide, 0);
  } else if (first < wide) {
    Source each = source;
    for (std::int64_t left = count; left > 0; --left) wide_columns(each.take(), begin, end, first, wide, next);
  }
  for (std::int64_t column = wide; column < last; column += E::kLanes) {
    const std::int64_t some = column + E::kLanes <= last ? 0 : last - column;
    rows_of_tiles<E, Source, kHigh, 1>(source, count, begin, end, column, column + 1, some);
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
