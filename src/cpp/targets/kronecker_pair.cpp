// Two Kronecker-sparse factors at once, group by group: what flows between them stays in the cache.
#include "targets/tables/kronecker_pair.hpp"

#include <cstdint>

#include "targets/kronecker_rows.hpp"
#include "targets/kronecker_tile.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// The columns of one unit, and its place among the groups.
struct Unit {
  std::int64_t outer, middle, inner;
  std::int64_t column, columns;
};

CHEAPFAST_INLINE Unit unit_at(const KroneckerPairTask& task, std::int64_t number) {
  const std::int64_t group = number / task.panels, rest = group / task.inners;
  const std::int64_t column = number % task.panels * task.panel, left = task.first.columns - column;
  return {rest / task.middles, rest % task.middles, group % task.inners, column, left < task.panel ? left : task.panel};
}

// Block `number` of the first factor in a group, for the columns of the unit. Its output ib goes to block ib of the
// second factor, where it is row `number`.
template <class E>
CHEAPFAST_INLINE Block<E> first_block(const KroneckerPairTask& task, const Unit& unit, std::int64_t number) {
  const std::int64_t place = unit.outer * task.second.c + number;
  Block<E> block = task.rises ? block_at<E>(task.first, place * task.middles + unit.middle, unit.inner)
                              : block_at<E>(task.first, unit.outer,
                                            (unit.middle * task.second.c + number) * task.second.d + unit.inner);
  block.x += unit.column * E::kParts;
  block.y = static_cast<typename E::T*>(task.scratch) + number * task.row * E::kParts;
  block.y_step = task.block * E::kParts;
  return block;
}

template <class E>
CHEAPFAST_INLINE Block<E> second_block(const KroneckerPairTask& task, const Unit& unit, std::int64_t number) {
  const std::int64_t place = unit.outer * task.first.b + number;
  Block<E> block = task.rises ? block_at<E>(task.second, unit.outer,
                                            (unit.middle * task.first.b + number) * task.first.d + unit.inner)
                              : block_at<E>(task.second, place * task.middles + unit.middle, unit.inner);
  block.x = static_cast<const typename E::T*>(task.scratch) + number * task.block * E::kParts;
  block.x_step = task.row * E::kParts;
  block.y += unit.column * E::kParts;
  return block;
}

template <class E>
CHEAPFAST_INLINE void apply_firsts(const KroneckerPairTask& task, const Unit& unit) {
  for (std::int64_t j = task.first_begin; j < task.first_end; ++j) {
    Next next{};
    if (j + 1 < task.first_end) {
      next = operands_of(first_block<E>(task, unit, j + 1));
    } else if (task.second_begin < task.second_end) {
      next = weights_of(second_block<E>(task, unit, task.second_begin));
    }
    panels<E>(Alone<E>{first_block<E>(task, unit, j)}, 1, 0, task.first.b, 0, unit.columns, next);
  }
}

template <class E>
CHEAPFAST_INLINE void apply_seconds(const KroneckerPairTask& task, const Unit& unit, std::int64_t following) {
  for (std::int64_t i = task.second_begin; i < task.second_end; ++i) {
    Next next{};
    if (i + 1 < task.second_end) {
      next = weights_of(second_block<E>(task, unit, i + 1));
    } else if (following < task.end) {
      next = operands_of(first_block<E>(task, unit_at(task, following), 0));
    }
    panels<E>(Alone<E>{second_block<E>(task, unit, i)}, 1, 0, task.second.b, 0, unit.columns, next);
  }
}

// Few columns: between the factors, they lie behind each other, and in each the rows of a block of the first side by
// side, as the lanes of its tiles are.
template <class E>
CHEAPFAST_INLINE void apply_few(const KroneckerPairTask& task, const Unit& unit) {
  typedef typename E::T T;
  T* const scratch = static_cast<T*>(task.scratch);
  const std::int64_t rows = task.first.b * E::kParts, all = task.second.c * rows;
  for (std::int64_t j = task.first_begin; j < task.first_end; ++j) {
    Block<E> block = first_block<E>(task, unit, j);
    block.y = scratch + j * rows;
    block.y_step = E::kParts;
    rows_of<E>(Alone<E>{block}, {1, 0, task.first.b, {unit.columns, E::kParts, all}});
  }
  for (std::int64_t i = task.second_begin; i < task.second_end; ++i) {
    Block<E> block = second_block<E>(task, unit, i);
    block.x = scratch + i * E::kParts;
    block.x_step = rows;
    rows_of<E>(Alone<E>{block}, {1, 0, task.second.b, {unit.columns, all, E::kParts}});
  }
}

template <class E>
void apply_pair(const KroneckerPairTask& task) {
  for (std::int64_t number = task.begin; number < task.end; ++number) {
    const Unit unit = unit_at(task, number);
    if (task.is_few) {
      apply_few<E>(task, unit);
    } else {
      apply_firsts<E>(task, unit);
      apply_seconds<E>(task, unit, number + 1);
    }
  }
}

}  // namespace

void fill_kronecker_pair(KroneckerPairTable& table) {
  table.kronecker_pair[0] = apply_pair<Real<float>>;
  table.kronecker_pair[1] = apply_pair<Real<double>>;
  table.kronecker_pair[2] = apply_pair<Complex<float>>;
  table.kronecker_pair[3] = apply_pair<Complex<double>>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
