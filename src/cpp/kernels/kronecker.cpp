#include "kernels/kronecker.hpp"

#include <algorithm>
#include <string>

#include "core/pool.hpp"
#include "core/spare.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/kronecker_cost.hpp"
#include "kernels/kronecker_task.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"kronecker.float32", "kronecker.float64", "kronecker.complex64",
                                  "kronecker.complex128"};
constexpr std::int64_t kTaskWork = std::int64_t{1} << 19;   // multiplications that one turn at the queue is worth
constexpr std::int64_t kNearBytes = std::int64_t{1} << 20;  // that a second-level cache holds
constexpr std::int64_t kFewColumns = 16;
constexpr std::int64_t kParallelWork = std::int64_t{1} << 19;
constexpr std::int64_t kTurnedBytes = 256;                     // of a row of turned vectors
constexpr std::int64_t kScratchBytes = std::int64_t{1} << 15;  // of turned vectors, if each ia is no larger
constexpr std::int64_t kMostScratch = std::int64_t{1} << 20;   // and of one ia
constexpr std::int64_t kGroup = 64;                            // vectors that take their turn together,
constexpr std::int64_t kFewVectors = 8;                        // and those of which the cache keeps what is apart

// A factor applied to vectors: what the kernel takes, and how it is cut. The units of a task are worked on for groups
// of at most `group` vectors, `per_turn` at a time if that is given.
struct Job {
  KroneckerTask task;
  std::int64_t units, group;
  std::int64_t per_turn, scratch_bytes;  // of turned vectors
};

KroneckerTask task_of(const KroneckerFactor& factor, const void* x, void* y) {
  KroneckerTask task = task_of(factor);
  task.x = x;
  task.y = y;
  task.row = task.columns = task.vectors = 1;
  task.x_vector = factor.a * factor.c * factor.d;
  task.y_vector = factor.a * factor.b * factor.d;
  return task;
}

// A factor with the same values for each id is a factor with d = 1 on d times as many columns.
bool merges(const KroneckerFactor& factor) { return factor.strides[3] == 0 && factor.bias == nullptr; }
void merge(KroneckerTask& task) {
  task.row = task.columns = task.columns * task.d;
  task.d = 1;
}

bool lies_along_rows(const KroneckerTask& task) { return task.stride[1] == 1; }
bool lies_along_ids(const KroneckerTask& task) { return task.d > 1 && task.stride[3] == 1; }

// Cuts a task into units and sets its panels.
void cut(Job& job) {
  KroneckerTask& task = job.task;
  const std::int64_t columns = task.lanes == KroneckerLanes::ids ? task.d : task.columns;
  task.column_panels = ceil_div(columns, kKroneckerColumns);
  task.row_panels = ceil_div(task.b, kKroneckerRows);
  switch (task.lanes) {
    case KroneckerLanes::columns:
      job.units = task.a * task.d * task.row_panels * task.column_panels;
      break;
    case KroneckerLanes::turned:
      job.units = task.a;
      break;
    case KroneckerLanes::ids:
      job.units = task.a * task.column_panels;
      break;
    default:
      job.units = task.a * task.d * task.row_panels;
  }
}

void run(const Job& job, ValueType type, int workers, Monitor& monitor) {
  const KernelTable& table = kernels();
  const int kind = static_cast<int>(type);
  const std::int64_t size = number_bytes(type);
  const KroneckerTask& task = job.task;
  const std::int64_t at_once = std::min(job.group, task.vectors);
  const std::int64_t work = task.a * task.b * task.d * std::max<std::int64_t>(task.c, 1) * task.columns * at_once;
  const std::int64_t fit = kTaskWork / std::max<std::int64_t>(work / job.units, 1);
  const std::int64_t most = job.per_turn > 0 ? std::min(job.per_turn, job.units) : job.units;
  const std::int64_t per_turn = std::clamp<std::int64_t>(fit, 1, most), turns = ceil_div(job.units, per_turn);
  parallel_for(turns * ceil_div(task.vectors, job.group), workers, monitor, [&](int, std::int64_t turn) {
    KroneckerTask part = task;
    const std::int64_t vector = turn / turns * job.group;
    part.x = static_cast<const char*>(task.x) + vector * task.x_vector * size;
    part.y = static_cast<char*>(task.y) + vector * task.y_vector * size;
    part.vectors = std::min(job.group, task.vectors - vector);
    part.begin = turn % turns * per_turn;
    part.end = std::min(part.begin + per_turn, job.units);
    Spare<kFactorSpare> spare;
    if (job.scratch_bytes > 0) part.scratch = spare.of_size((part.end - part.begin) * job.scratch_bytes);
    table.kronecker[kind](part);
  });
}

// Vectors behind each other, or one.
Job vectors_job(const KroneckerFactor& factor, const KroneckerTask& task, std::int64_t vectors, std::int64_t size,
                std::int64_t lanes) {
  Job job{task, 0, kGroup, 0, 0};
  job.task.vectors = vectors;
  const std::int64_t width = std::max(kTurnedBytes / size, lanes);
  const std::int64_t column_bytes = std::min(width, ceil_div(vectors, lanes) * lanes) * size;
  const std::int64_t scratch = (task.b + task.c) * task.d * column_bytes;
  const bool can_turn = vectors > 1 && (task.b + task.c) * task.d <= kMostScratch / (width * size);
  if (lies_along_ids(task)) {
    job.task.lanes = KroneckerLanes::ids;
    job.group = kFewVectors;
  } else if (merges(factor) && (2 * task.d > lanes || (vectors == 1 && task.d >= task.b))) {
    job.task.lanes = KroneckerLanes::columns;
    job.group = 1;
    merge(job.task);
  } else if (can_turn && (!lies_along_rows(task) || turned_cost(task.b, task.c, vectors, lanes) <
                                                        rows_cost(task.b, task.c, vectors, lanes,
                                                                  task.d == 1 ? Spread::beside : Spread::alone))) {
    job.task.lanes = KroneckerLanes::turned;
    job.group = width;
    job.scratch_bytes = scratch;
    job.per_turn = std::max<std::int64_t>(kScratchBytes / scratch, 1);
  } else if (lies_along_rows(task)) {
    job.task.lanes = KroneckerLanes::rows;
  } else {
    job.task.lanes = KroneckerLanes::columns;
    job.group = 1;
    if (merges(factor)) merge(job.task);
  }
  cut(job);
  return job;
}

// Columns begin ... end - 1, one by one.
Job few_job(const KroneckerTask& task, std::int64_t begin, std::int64_t end, std::int64_t size) {
  Job job{task, 0, kGroup, 0, 0};
  job.task.x = static_cast<const char*>(task.x) + begin * size;
  job.task.y = static_cast<char*>(task.y) + begin * size;
  job.task.columns = 1;
  job.task.vectors = end - begin;
  job.task.x_vector = job.task.y_vector = 1;
  job.task.lanes = KroneckerLanes::rows;
  cut(job);
  return job;
}

// As many columns, side by side.
Job columns_job(const KroneckerTask& task, std::int64_t columns, std::int64_t size) {
  Job job{task, 0, 1, 0, 0};
  job.task.columns = columns;
  job.task.lanes = KroneckerLanes::columns;
  cut(job);
  // Blocks with weights of their own, row after row, for columns that make one panel: each is worked on once.
  const bool in_rows = lies_along_rows(task) && task.stride[2] == task.b;
  const std::int64_t bytes = task.a * (task.b + task.c) * task.d * columns * size;
  job.task.is_far = in_rows && job.task.row_panels == 1 && job.task.column_panels == 1 && columns >= kFewColumns &&
                    bytes > kNearBytes;
  return job;
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
  if (factor.a * factor.b * factor.d * vectors == 0) return;
  const std::int64_t lanes = table.fused_lanes[kind], size = number_bytes(type);
  const int workers = kronecker_is_serial(factor, vectors) ? 1 : threads;
  KroneckerTask task = task_of(factor, x, y);
  if (!columns_first) return run(vectors_job(factor, task, vectors, size, lanes), type, workers, monitor);
  task.row = task.columns = vectors;
  if (merges(factor)) merge(task);
  const std::int64_t columns = task.columns, rest = columns % lanes;
  const bool has_few = rest > 0 && lies_along_rows(task) && few_are_quicker(task.b, task.c, rest, lanes);
  const std::int64_t many = has_few ? columns - rest : columns;
  if (has_few) run(few_job(task, many, columns, size), type, workers, monitor);
  if (many > 0) run(columns_job(task, many, size), type, workers, monitor);
}

}  // namespace cheapfast
