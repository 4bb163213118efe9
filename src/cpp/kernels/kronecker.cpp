#include "kernels/kronecker.hpp"

#include <algorithm>
#include <string>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"kronecker.float32", "kronecker.float64", "kronecker.complex64",
                                  "kronecker.complex128"};
constexpr std::int64_t kSizes[] = {4, 8, 8, 16};
constexpr std::int64_t kTaskWork = std::int64_t{1} << 19;   // multiplications that one turn at the queue is worth
constexpr std::int64_t kNearBytes = std::int64_t{1} << 20;  // that a second-level cache holds
constexpr std::int64_t kFewColumns = 16;
constexpr std::int64_t kParallelWork = std::int64_t{1} << 19;

std::int64_t panels(std::int64_t size, std::int64_t panel) { return (size + panel - 1) / panel; }

// A factor with the same values for each id is a factor with d = 1 on d times as many columns.
KroneckerTask merged_task(const KroneckerFactor& factor, std::int64_t columns) {
  KroneckerTask task{};
  const bool merges = factor.strides[3] == 0 && factor.bias == nullptr;
  task.a = factor.a;
  task.b = factor.b;
  task.c = factor.c;
  task.d = merges ? 1 : factor.d;
  for (int axis = 0; axis < 4; ++axis) task.stride[axis] = factor.strides[static_cast<std::size_t>(axis)];
  task.values = factor.values;
  task.bias = factor.bias;
  task.columns = merges ? columns * factor.d : columns;
  return task;
}

KroneckerLanes lanes_of(const KroneckerTask& task) {
  if (task.columns != 1) return KroneckerLanes::columns;
  if (task.d > 1) return task.stride[3] == 1 ? KroneckerLanes::ids : KroneckerLanes::columns;
  return task.stride[1] == 1 ? KroneckerLanes::rows : KroneckerLanes::columns;
}

// Cuts the task into units, sets its panels, returns how many units there are.
std::int64_t cut(KroneckerTask& task) {
  const std::int64_t columns = task.lanes == KroneckerLanes::ids ? task.d : task.columns;
  task.column_panels = panels(columns, kKroneckerColumns);
  task.row_panels = panels(task.b, kKroneckerRows);
  switch (task.lanes) {
    case KroneckerLanes::columns:
      return task.a * task.d * task.row_panels * task.column_panels;
    case KroneckerLanes::ids:
      return task.a * task.column_panels;
    default:
      return task.a * task.row_panels;
  }
}

}  // namespace

bool kronecker_is_serial(const KroneckerFactor& factor, std::int64_t vectors) {
  return factor.a * factor.b * factor.d * vectors * std::max<std::int64_t>(factor.c, 1) < kParallelWork;
}

void apply_kronecker(const KroneckerFactor& factor, ValueType type, const void* x, void* y, std::int64_t vectors,
                     bool columns_first, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  const int kind = static_cast<int>(type);
  record_run(kNames[kind], table);
  const std::int64_t columns = columns_first ? vectors : 1, repeats = columns_first ? 1 : vectors;
  KroneckerTask task = merged_task(factor, columns);
  task.lanes = lanes_of(task);
  const std::int64_t units = cut(task);
  const std::int64_t work = factor.a * factor.b * factor.d * columns * std::max<std::int64_t>(factor.c, 1);
  if (units == 0 || work == 0 || repeats == 0) return;
  const std::int64_t per_turn = std::clamp<std::int64_t>(kTaskWork / std::max<std::int64_t>(work / units, 1), 1, units);
  const std::int64_t turns = panels(units, per_turn);
  const std::int64_t in_bytes = factor.a * factor.c * factor.d * kSizes[kind];
  const std::int64_t out_bytes = factor.a * factor.b * factor.d * kSizes[kind];
  // Blocks with weights of their own, row after row, for columns that make one panel: each is worked on once.
  const bool in_rows = task.stride[1] == 1 && task.stride[2] == task.b;
  task.is_far = in_rows && task.row_panels == 1 && task.column_panels == 1 && task.columns >= kFewColumns &&
                (in_bytes + out_bytes) * columns > kNearBytes;
  const int workers = kronecker_is_serial(factor, vectors) ? 1 : threads;
  parallel_for(turns * repeats, workers, monitor, [&](int, std::int64_t turn) {
    KroneckerTask part = task;
    const std::int64_t vector = turn / turns;
    part.x = static_cast<const char*>(x) + vector * in_bytes;
    part.y = static_cast<char*>(y) + vector * out_bytes;
    part.begin = turn % turns * per_turn;
    part.end = std::min(part.begin + per_turn, units);
    table.kronecker[kind](part);
  });
}

}  // namespace cheapfast
