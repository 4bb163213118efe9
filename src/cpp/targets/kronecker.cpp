// One Kronecker-sparse factor I_a (x) 1_{b x c} (x) I_d with values: many small dense products.
//
// y[ia, ib, id, :] = sum over ic of v[ia, ib, ic, id] * x[ia, ic, id, :]
#include "targets/tables/kronecker.hpp"

#include <cstdint>
#include <cstring>

#include "targets/lanes.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// Rows of a register tile: with its vectors of columns it fills half of the registers, so that weights and operands
// find room beside it.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTileRows = 4;
#else
constexpr int kTileRows = 2;
#endif

// The block (ia, id) that a unit of work belongs to, and its part of that block.
template <class E>
struct Block {
  typedef typename E::T T;
  const KroneckerTask& task;
  const T* values;
  const T* x;
  T* y;
  const T* bias;
  std::int64_t x_step, y_step;  // from one ic, ib to the next, in scalars

  CHEAPFAST_MEMBER const T* weight(std::int64_t ib, std::int64_t ic) const {
    return values + (ib * task.stride[1] + ic * task.stride[2]) * E::kParts;
  }
};

template <class E>
CHEAPFAST_INLINE Block<E> block_at(const KroneckerTask& task, std::int64_t ia, std::int64_t id) {
  typedef typename E::T T;
  const std::int64_t row = task.columns * E::kParts;
  return {task,
          static_cast<const T*>(task.values) + (ia * task.stride[0] + id * task.stride[3]) * E::kParts,
          static_cast<const T*>(task.x) + (ia * task.c * task.d + id) * row,
          static_cast<T*>(task.y) + (ia * task.b * task.d + id) * row,
          task.bias == nullptr ? nullptr : static_cast<const T*>(task.bias) + (ia * task.b * task.d + id) * E::kParts,
          task.d * row,
          task.d * row};
}

// What a register tile multiplies with: row ic at start + ic * step.
template <class T>
struct Operand {
  const T* start;
  std::int64_t step;
};

// M rows times N vectors of columns, held in registers while ic runs. `some` > 0: only that many columns are there.
template <class E, int M, int N>
CHEAPFAST_INLINE void tile(const Block<E>& block, const Operand<typename E::T>& x, std::int64_t ib, std::int64_t column,
                           std::int64_t some) {
  constexpr int width = E::kLanes * E::kParts;
  E sum[M][N];
  CHEAPFAST_UNROLL
  for (int i = 0; i < M; ++i) {
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      sum[i][j] = block.bias == nullptr ? E::zero() : E::fill(block.bias + (ib + i) * block.task.d * E::kParts);
    }
  }
  const auto* row = x.start;
  const auto* weights = block.weight(ib, 0);
  const std::int64_t down = block.task.stride[1] * E::kParts, along = block.task.stride[2] * E::kParts;
  for (std::int64_t ic = 0; ic < block.task.c; ++ic, row += x.step, weights += along) {
    E operand[N];
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) operand[j] = some > 0 ? load_some<E>(row, some) : E::load(row + j * width);
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

// Rows that will be read: `count` of them, `step` bytes apart.
struct Wanted {
  const char* start;
  std::int64_t step, count, bytes;

  // Asks for one of `parts` parts.
  CHEAPFAST_MEMBER void fetch(std::int64_t part, std::int64_t parts) const {
    for (std::int64_t row = part * count / parts; row < (part + 1) * count / parts; ++row) {
      for (std::int64_t at = 0; at < bytes; at += 64) CHEAPFAST_PREFETCH(start + row * step + at);
    }
  }
};

// What the block after this one multiplies: its rows lie far apart, where no processor would look ahead by itself.
struct Next {
  Wanted operand, weights;
};

template <class E>
CHEAPFAST_INLINE Next next_to(const KroneckerTask& task, std::int64_t place) {
  if (!task.is_far || place + 1 >= task.a * task.d) return {};
  const Block<E> block = block_at<E>(task, (place + 1) / task.d, (place + 1) % task.d);
  constexpr std::int64_t size = E::kParts * static_cast<std::int64_t>(sizeof(typename E::T));
  return {{reinterpret_cast<const char*>(block.x), task.d * task.columns * size, task.c, task.columns * size},
          {reinterpret_cast<const char*>(block.values), task.stride[2] * size, task.c, task.b * size}};
}

template <class E, int N>
CHEAPFAST_INLINE void tile_rows(const Block<E>& block, const Operand<typename E::T>& x, std::int64_t begin,
                                std::int64_t end, std::int64_t column, std::int64_t some, const Next& next) {
  const std::int64_t tiles = (end - begin) / kTileRows;
  for (std::int64_t i = 0; i < tiles; ++i) {
    next.operand.fetch(i, tiles);
    next.weights.fetch(i, tiles);
    tile<E, kTileRows, N>(block, x, begin + i * kTileRows, column, some);
  }
  std::int64_t ib = begin + tiles * kTileRows;
  for (; ib < end; ++ib) tile<E, 1, N>(block, x, ib, column, some);
}

// Rows that lie d apart fall into few sets of the cache; those that many tiles read are copied first.
constexpr std::int64_t kCopiedRows = 64;

// Columns innermost: one weight serves a vector of them.
template <class E>
void panel(const Block<E>& block, std::int64_t row_begin, std::int64_t row_end, std::int64_t begin, std::int64_t end,
           Next next) {
  typedef typename E::T T;
  constexpr int vectors = 4 / E::kParts;
  constexpr int width = vectors * E::kLanes * E::kParts;
  alignas(64) T room[kCopiedRows * width];
  const bool copies = block.task.d > 1 && block.task.c <= kCopiedRows && row_end - row_begin >= 4 * kTileRows;
  std::int64_t column = begin;
  for (; column + vectors * E::kLanes <= end; column += vectors * E::kLanes) {
    Operand<T> x{block.x + column * E::kParts, block.x_step};
    if (copies) {
      for (std::int64_t ic = 0; ic < block.task.c; ++ic) {
        std::memcpy(room + ic * width, x.start + ic * x.step, width * sizeof(T));
      }
      x = {room, width};
    }
    tile_rows<E, vectors>(block, x, row_begin, row_end, column, 0, next);
    next = {};
  }
  for (; column < end; column += E::kLanes) {
    const std::int64_t some = column + E::kLanes <= end ? 0 : end - column;
    tile_rows<E, 1>(block, {block.x + column * E::kParts, block.x_step}, row_begin, row_end, column, some, {});
  }
}

template <class E>
void apply_columns(const KroneckerTask& task) {
  for (std::int64_t unit = task.begin; unit < task.end; ++unit) {
    const std::int64_t columns = unit % task.column_panels, rest = unit / task.column_panels;
    const std::int64_t rows = rest % task.row_panels, place = rest / task.row_panels;
    const std::int64_t row_begin = rows * kKroneckerRows, column_begin = columns * kKroneckerColumns;
    const std::int64_t row_end = row_begin + kKroneckerRows, column_end = column_begin + kKroneckerColumns;
    panel(block_at<E>(task, place / task.d, place % task.d), row_begin, row_end < task.b ? row_end : task.b,
          column_begin, column_end < task.columns ? column_end : task.columns, next_to<E>(task, place));
  }
}

template <class E>
CHEAPFAST_INLINE E load_up_to(const typename E::T* p, std::int64_t columns) {
  return columns >= E::kLanes ? E::load(p) : load_some<E>(p, columns);
}
template <class E>
CHEAPFAST_INLINE void store_up_to(E value, typename E::T* p, std::int64_t columns) {
  if (columns >= E::kLanes) {
    value.store(p);
  } else {
    store_some(value, p, columns);
  }
}

// One vector: the lanes run along id, with a weight of its own for each. A unit is one ia and one panel of ids.
template <class E>
void apply_ids(const KroneckerTask& task) {
  for (std::int64_t unit = task.begin; unit < task.end; ++unit) {
    const std::int64_t begin = unit % task.column_panels * kKroneckerColumns;
    const std::int64_t stop = begin + kKroneckerColumns, end = stop < task.d ? stop : task.d;
    const Block<E> block = block_at<E>(task, unit / task.column_panels, 0);
    for (std::int64_t id = begin; id < end; id += E::kLanes) {
      const std::int64_t left = end - id, at = id * E::kParts;
      for (std::int64_t ib = 0; ib < task.b; ++ib) {
        E sum = block.bias == nullptr ? E::zero() : load_up_to<E>(block.bias + ib * task.d * E::kParts + at, left);
        for (std::int64_t ic = 0; ic < task.c; ++ic) {
          sum = sum.plus_times(load_up_to<E>(block.x + ic * block.x_step + at, left),
                               load_up_to<E>(block.weight(ib, ic) + at, left));
        }
        store_up_to(sum, block.y + ib * block.y_step + at, left);
      }
    }
  }
}

// One vector and d = 1: the lanes run along the rows of a dense block. A unit is one ia and one panel of rows.
template <class E>
void apply_rows(const KroneckerTask& task) {
  for (std::int64_t unit = task.begin; unit < task.end; ++unit) {
    const std::int64_t begin = unit % task.row_panels * kKroneckerRows;
    const std::int64_t stop = begin + kKroneckerRows, end = stop < task.b ? stop : task.b;
    const Block<E> block = block_at<E>(task, unit / task.row_panels, 0);
    for (std::int64_t ib = begin; ib < end; ib += E::kLanes) {
      const std::int64_t left = end - ib;
      E sum = block.bias == nullptr ? E::zero() : load_up_to<E>(block.bias + ib * E::kParts, left);
      for (std::int64_t ic = 0; ic < task.c; ++ic) {
        sum = sum.plus_times(load_up_to<E>(block.weight(ib, ic), left), block.x + ic * E::kParts);
      }
      store_up_to(sum, block.y + ib * E::kParts, left);
    }
  }
}

template <class E>
void apply(const KroneckerTask& task) {
  switch (task.lanes) {
    case KroneckerLanes::columns:
      return apply_columns<E>(task);
    case KroneckerLanes::ids:
      return apply_ids<E>(task);
    default:
      return apply_rows<E>(task);
  }
}

}  // namespace

void fill_kronecker(KroneckerTable& table) {
  table.kronecker[0] = apply<Real<float>>;
  table.kronecker[1] = apply<Real<double>>;
  table.kronecker[2] = apply<Complex<float>>;
  table.kronecker[3] = apply<Complex<double>>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
