// One Kronecker-sparse factor I_a (x) 1_{b x c} (x) I_d with values: many small dense products.
//
// y[ia, ib, id, :] = sum over ic of v[ia, ib, ic, id] * x[ia, ic, id, :]
#include "targets/tables/kronecker.hpp"

#include <cstdint>

#include "targets/kronecker_tile.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

template <class E>
CHEAPFAST_INLINE Next next_to(const KroneckerTask& task, std::int64_t place) {
  if (!task.is_far || place + 1 >= task.a * task.d) return {};
  return operands_of(block_at<E>(task, (place + 1) / task.d, (place + 1) % task.d));
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
        E sum = block.bias == nullptr ? E::zero() : load_up_to<E>(block.bias + ib * block.bias_step + at, left);
        for (std::int64_t ic = 0; ic < task.c; ++ic) {
          sum = sum.plus_times(load_up_to<E>(block.x + ic * block.x_step + at, left),
                               load_up_to<E>(block.values + ib * block.down + ic * block.along + at, left));
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
        sum = sum.plus_times(load_up_to<E>(block.values + ib * block.down + ic * block.along, left),
                             block.x + ic * E::kParts);
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
