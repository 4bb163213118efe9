// One Kronecker-sparse factor I_a (x) 1_{b x c} (x) I_d with values: many small dense products.
//
// y[ia, ib, id, :] = sum over ic of v[ia, ib, ic, id] * x[ia, ic, id, :]
#include "targets/tables/kronecker.hpp"

#include <cstdint>

#include "targets/kronecker_ids.hpp"
#include "targets/kronecker_rows.hpp"
#include "targets/kronecker_tile.hpp"
#include "targets/turn.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

constexpr std::int64_t kNearBytes = 16 << 10;  // half of what a first-level cache holds, or less

// Where a unit is among the blocks and their panels; divisions would take longer than a small block does.
struct Place {
  std::int64_t ia, id, rows, columns;

  CHEAPFAST_MEMBER Place(std::int64_t unit, std::int64_t ids, std::int64_t row_panels, std::int64_t column_panels)
      : ia(unit / column_panels / row_panels / ids),
        id(unit / column_panels / row_panels % ids),
        rows(unit / column_panels % row_panels),
        columns(unit % column_panels) {}

  CHEAPFAST_MEMBER void advance(std::int64_t ids, std::int64_t row_panels, std::int64_t column_panels) {
    if (++columns < column_panels) return;
    columns = 0;
    if (++rows < row_panels) return;
    rows = 0;
    if (++id < ids) return;
    id = 0;
    ++ia;
  }
};

CHEAPFAST_INLINE std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

template <class E>
CHEAPFAST_INLINE Next next_to(const KroneckerTask& task, const Place& place) {
  if (!task.is_far || is_small(task)) return {};
  Place next = place;
  next.advance(task.d, 1, 1);
  return next.ia < task.a ? operands_of(block_at<E>(task, next.ia, next.id)) : Next{};
}

// How many neighbouring blocks go together, tile by tile: as many as the first-level cache has room for the weights of,
// and for so many columns.
template <class E>
CHEAPFAST_INLINE std::int64_t together(const KroneckerTask& task, std::int64_t columns) {
  constexpr std::int64_t size = E::kParts * sizeof(typename E::T);
  if (task.row_panels > 1 || task.column_panels > 1) return 1;
  const std::int64_t fit = kNearBytes / size / (task.b * task.c + (task.b + task.c) * columns + 1);
  return fit < 1 ? 1 : fit;
}

template <class E>
void apply_columns(const KroneckerTask& task) {
  const std::int64_t most = task.is_far && !is_small(task) ? 1 : together<E>(task, task.columns);
  Place place(task.begin, task.d, task.row_panels, task.column_panels);
  for (std::int64_t unit = task.begin, count; unit < task.end; unit += count) {
    count = least(most, task.end - unit);
    const std::int64_t row = place.rows * kKroneckerRows, column = place.columns * kKroneckerColumns;
    panels<E>(Walk<E>{task, place.ia, place.id}, count, row, least(row + kKroneckerRows, task.b), column,
              least(column + kKroneckerColumns, task.columns), next_to<E>(task, place));
    if (count == 1) {
      place.advance(task.d, task.row_panels, task.column_panels);
    } else {
      place = Place(unit + count, task.d, 1, 1);
    }
  }
}

template <class E>
CHEAPFAST_INLINE Vectors vectors_of(const KroneckerTask& task) {
  return {task.vectors, task.x_vector * E::kParts, task.y_vector * E::kParts};
}

// A unit is one ia and one panel of ids.
template <class E>
void apply_ids(const KroneckerTask& task) {
  Place place(task.begin, 1, 1, task.column_panels);
  for (std::int64_t unit = task.begin; unit < task.end; ++unit) {
    const std::int64_t id = place.columns * kKroneckerColumns;
    ids_of(block_at<E>(task, place.ia, id), vectors_of<E>(task), least(kKroneckerColumns, task.d - id));
    place.advance(1, 1, task.column_panels);
  }
}

// A unit is one block and one panel of its rows.
template <class E>
void apply_rows(const KroneckerTask& task) {
  const std::int64_t most = together<E>(task, 0);
  Place place(task.begin, task.d, task.row_panels, 1);
  for (std::int64_t unit = task.begin, count; unit < task.end; unit += count) {
    count = least(most, task.end - unit);
    const std::int64_t row = place.rows * kKroneckerRows, end = least(row + kKroneckerRows, task.b);
    rows_of<E>(Walk<E>{task, place.ia, place.id}, {count, row, end, vectors_of<E>(task)});
    place = Place(unit + count, task.d, task.row_panels, 1);
  }
}

// A unit is one ia.
template <class E>
void apply_turned(const KroneckerTask& task) {
  typedef typename E::T T;
  constexpr int parts = E::kParts;
  const std::int64_t count = task.end - task.begin, columns = (task.vectors + E::kLanes - 1) / E::kLanes * E::kLanes;
  const std::int64_t inputs = task.c * task.d, outputs = task.b * task.d;
  T* const x = static_cast<T*>(task.scratch);
  T* const y = x + count * inputs * columns * parts;
  const T* const from = static_cast<const T*>(task.x) + task.begin * inputs * parts;
  turn_to_columns<T, parts>({from, task.x_vector * parts}, {x, columns * parts}, task.vectors, count * inputs);
  KroneckerTask near = task;
  near.x = x;
  near.y = y;
  near.row = columns;
  near.values = static_cast<const T*>(task.values) + task.begin * task.stride[0] * parts;
  if (task.bias != nullptr) near.bias = static_cast<const T*>(task.bias) + task.begin * outputs * parts;
  const std::int64_t blocks = count * task.d, most = together<E>(task, columns);
  for (std::int64_t block = 0; block < blocks; block += most) {
    panels<E>(Walk<E>{near, block / task.d, block % task.d}, least(most, blocks - block), 0, task.b, 0, columns, {});
  }
  T* const to = static_cast<T*>(task.y) + task.begin * outputs * parts;
  turn_to_vectors<T, parts>({y, columns * parts}, {to, task.y_vector * parts}, task.vectors, count * outputs);
}

template <class E>
void apply(const KroneckerTask& task) {
  switch (task.lanes) {
    case KroneckerLanes::columns:
      return apply_columns<E>(task);
    case KroneckerLanes::turned:
      return apply_turned<E>(task);
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
