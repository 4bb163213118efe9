#include "kernels/kronecker_pair.hpp"

#include <algorithm>

#include "core/caches.hpp"
#include "core/pool.hpp"
#include "core/spare.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/kronecker_cost.hpp"
#include "kernels/kronecker_task.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"kronecker_pair.float32", "kronecker_pair.float64", "kronecker_pair.complex64",
                                  "kronecker_pair.complex128"};
constexpr std::int64_t kScratchBytes = std::int64_t{1} << 19;  // half of a second-level cache
constexpr std::int64_t kTileBytes = 256;                       // of a row of a register tile, on every target
constexpr std::int64_t kMostBytes = 1024;                      // of a row of scratch
constexpr std::int64_t kTaskWork = std::int64_t{1} << 19;      // multiplications that one turn at the queue is worth
constexpr std::int64_t kParallelWork = std::int64_t{1} << 19;

// Rows that flow between the factors within a group.
std::int64_t group_rows(const KroneckerFactor& first, const KroneckerFactor& second) { return first.b * second.c; }

bool along_rows(const KroneckerFactor& factor) { return factor.strides[1] == 1; }

// Whether the columns behind those that fill registers are better taken one by one, in a group.
bool few_are_quicker(const KroneckerFactor& first, const KroneckerFactor& second, std::int64_t columns,
                     std::int64_t lanes) {
  const auto cost = [&](const KroneckerFactor& f) { return rows_cost(f.b, f.c, columns, lanes, Spread::together); };
  return second.c * cost(first) + first.b * cost(second) <
         second.c * columns_cost(first.b, first.c) + first.b * columns_cost(second.b, second.c);
}

// Multiplications for one vector.
std::int64_t work_of(const KroneckerFactor& factor) { return factor.a * factor.b * factor.c * factor.d; }

// Whether d is a multiple of b * inner, which may overflow.
bool holds(std::int64_t d, std::int64_t b, std::int64_t inner) { return d % inner == 0 && d / inner % b == 0; }
bool rises(const KroneckerFactor& first, const KroneckerFactor& second) { return holds(second.d, first.b, first.d); }
bool falls(const KroneckerFactor& first, const KroneckerFactor& second) { return holds(first.d, second.c, second.d); }

KroneckerPairTask pair_task(const KroneckerFactor& first, const KroneckerFactor& second, std::int64_t columns,
                            std::int64_t size) {
  KroneckerPairTask task{};
  task.first = task_of(first);
  task.second = task_of(second);
  task.first.columns = task.second.columns = columns;
  task.rises = rises(first, second);
  task.middles = task.rises ? second.d / (first.b * first.d) : first.d / (second.c * second.d);
  task.inners = task.rises ? first.d : second.d;
  const std::int64_t fit = kScratchBytes / group_rows(first, second) / kTileBytes * kTileBytes;
  task.panel = std::clamp(fit, kTileBytes, kMostBytes) / size;
  task.panels = ceil_div(columns, task.panel);
  // Rows start on cache lines. The second's blocks would all begin in the same set of the cache: one line more.
  const std::int64_t row_bytes = ceil_div(std::min(columns, task.panel) * size, kLineBytes) * kLineBytes;
  task.row = row_bytes / size;
  task.block = (row_bytes * second.c + kLineBytes) / size;
  task.first_end = second.c;
  task.second_end = first.b;
  return task;
}

using PairKernel = void (*)(const KroneckerPairTask&);

// Each worker takes units of its own.
void divide(const KroneckerPairTask& task, PairKernel kernel, std::int64_t scratch_bytes, std::int64_t per_turn,
            int workers, Monitor& monitor) {
  parallel_for(ceil_div(task.end, per_turn), workers, monitor, [&](int, std::int64_t turn) {
    KroneckerPairTask part = task;
    Spare<kFactorSpare> spare;
    part.scratch = spare.of_size(scratch_bytes);
    part.begin = turn * per_turn;
    part.end = std::min(part.begin + per_turn, task.end);
    kernel(part);
  });
}

// All workers share each unit: the blocks of the first factor, then those of the second.
void share(const KroneckerPairTask& task, PairKernel kernel, std::int64_t scratch_bytes, int workers,
           Monitor& monitor) {
  Spare<kFactorSpare> spare;
  KroneckerPairTask whole = task;
  whole.scratch = spare.of_size(scratch_bytes);
  for (std::int64_t unit = 0; unit < task.end && !monitor.stopped(); ++unit) {
    whole.begin = unit;
    whole.end = unit + 1;
    parallel_for(workers, workers, monitor, [&](int, std::int64_t i) {
      KroneckerPairTask part = whole;
      part.first_begin = task.first_end * i / workers;
      part.first_end = task.first_end * (i + 1) / workers;
      part.second_begin = part.second_end = 0;
      kernel(part);
    });
    parallel_for(workers, workers, monitor, [&](int, std::int64_t i) {
      KroneckerPairTask part = whole;
      part.second_begin = task.second_end * i / workers;
      part.second_end = task.second_end * (i + 1) / workers;
      part.first_begin = part.first_end = 0;
      kernel(part);
    });
  }
}

}  // namespace

bool kronecker_pairs(const KroneckerFactor& first, const KroneckerFactor& second) {
  // Planned factors may be of any size, and their products overflow: unsigned ones may, and the others are divided.
  constexpr std::int64_t kMostRows = kScratchBytes / kTileBytes;
  const auto is_empty = [](const KroneckerFactor& f) { return f.a == 0 || f.b == 0 || f.c == 0 || f.d == 0; };
  const auto product = [](std::uint64_t a, std::uint64_t b, std::uint64_t c) { return a * b * c; };
  if (is_empty(first) || is_empty(second) ||
      product(first.a, first.b, first.d) != product(second.a, second.c, second.d)) {
    return false;
  }
  return first.b <= kMostRows / second.c && (rises(first, second) || falls(first, second));
}

bool kronecker_pair_is_serial(const KroneckerFactor& first, const KroneckerFactor& second, std::int64_t vectors) {
  return (work_of(first) + work_of(second)) * vectors < kParallelWork;
}

void apply_kronecker_pair(const KroneckerFactor& first, const KroneckerFactor& second, ValueType type, const void* x,
                          void* y, std::int64_t vectors, int threads, Monitor& monitor) {
  if (vectors == 0) return;
  const KernelTable& table = kernels();
  const int kind = static_cast<int>(type);
  record_run(kNames[kind], table);
  const int workers = kronecker_pair_is_serial(first, second, vectors) ? 1 : threads;
  const std::int64_t size = number_bytes(type);
  const std::int64_t lanes = table.fused_lanes[kind], rest = vectors % lanes;
  const bool has_few =
      rest > 0 && along_rows(first) && along_rows(second) && few_are_quicker(first, second, rest, lanes);
  const std::int64_t many = has_few ? vectors - rest : vectors;
  const auto run = [&](std::int64_t begin, std::int64_t columns, bool is_few) {
    KroneckerPairTask task = pair_task(first, second, columns, size);
    task.first.row = task.second.row = vectors;
    task.first.x = static_cast<const char*>(x) + begin * size;
    task.second.y = static_cast<char*>(y) + begin * size;
    task.is_few = is_few;
    const std::int64_t groups = task.middles * task.inners * (task.rises ? second.a : first.a);
    task.end = groups * task.panels;
    const std::int64_t work = (work_of(first) + work_of(second)) * columns / task.end;
    const std::int64_t per_turn = std::clamp<std::int64_t>(kTaskWork / std::max<std::int64_t>(work, 1), 1, task.end);
    const std::int64_t room = is_few ? second.c * columns : task.block;
    const std::int64_t scratch_bytes = first.b * room * size;
    if (task.end < workers) {
      share(task, table.kronecker_pair[kind], scratch_bytes, workers, monitor);
    } else {
      divide(task, table.kronecker_pair[kind], scratch_bytes, per_turn, workers, monitor);
    }
  };
  if (has_few) run(many, rest, true);
  if (many > 0) run(0, many, false);
}

}  // namespace cheapfast
