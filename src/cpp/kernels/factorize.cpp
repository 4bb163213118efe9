#include "kernels/factorize.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "core/buffer.hpp"
#include "core/caches.hpp"
#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"split.float32", "split.float64", "split.complex64", "split.complex128"};
constexpr std::int64_t kPadding = 2 * 64;              // a register of real and one of imaginary parts
constexpr std::int64_t kTile = std::int64_t{1} << 18;  // bytes of the blocks gathered together: they stay in L2
constexpr std::int64_t kTurn = std::int64_t{1} << 14;  // numbers that one turn at the queue is worth
constexpr std::int64_t kParallelWork = std::int64_t{1} << 16;
constexpr int kMostSteps = 8;  // of the power method, for blocks that have rank one only nearly

bool all_adjacent(const SplitProblem& problem) {
  for (std::int64_t j1 = 0; j1 < problem.k; ++j1) {
    const std::int64_t* const group = problem.columns + j1 * problem.w;
    for (std::int64_t j2 = 1; j2 < problem.w; ++j2) {
      if (group[j2] != group[0] + j2) return false;
    }
  }
  return true;
}

// Groups whose first columns are neighbours share cache lines: they are gathered together.
std::vector<std::int64_t> by_first_column(const SplitProblem& problem) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(problem.k));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::sort(order.begin(), order.end(), [&](std::int64_t x, std::int64_t y) {
    return problem.columns[x * problem.w] < problem.columns[y * problem.w];
  });
  return order;
}

}  // namespace

SplitOutcome split_matrices(const SplitProblem& problem, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  const int kind = static_cast<int>(problem.type);
  record_run(kNames[kind], table);
  const std::int64_t matrices = problem.a * problem.d;
  if (matrices == 0 || problem.m == 0 || problem.k == 0 || problem.p == 0 || problem.w == 0) return {0, 0, true};

  const std::int64_t size = number_bytes(problem.type), block = problem.p * problem.w;
  const std::int64_t padded = problem.p * (problem.w * size + kPadding);
  const std::int64_t line = std::max<std::int64_t>(kLineBytes / size, 1);
  const std::int64_t per_tile = std::min(problem.k, std::max(line, kTile / padded / line * line));
  const std::int64_t tiles = (problem.k + per_tile - 1) / per_tile, units = matrices * problem.m * tiles;
  const std::int64_t per_turn = std::clamp<std::int64_t>(kTurn / (block * per_tile), 1, units);
  const std::int64_t turns = (units + per_turn - 1) / per_turn;

  const bool adjacent = all_adjacent(problem);
  const std::vector<std::int64_t> order = by_first_column(problem);
  const std::int64_t total = units * per_tile * block;
  const int workers = total < kParallelWork ? 1 : threads;
  const std::size_t room = static_cast<std::size_t>(per_tile * padded + padded + problem.p * size);
  std::vector<Buffer<char>> scratch(static_cast<std::size_t>(workers));
  std::vector<Buffer<double>> norms(static_cast<std::size_t>(workers));
  std::vector<double> residuals(static_cast<std::size_t>(turns)), squares(static_cast<std::size_t>(turns));
  std::atomic<double> so_far{0};
  std::atomic<bool> over{false};
  monitor.expect(monitor.done() + static_cast<std::uint64_t>(total));
  parallel_for(turns, workers, monitor, [&](int worker, std::int64_t turn) {
    if (over.load(std::memory_order_relaxed)) return;
    Buffer<char>& mine = scratch[static_cast<std::size_t>(worker)];
    Buffer<double>& mine_norms = norms[static_cast<std::size_t>(worker)];
    mine.resize(room);
    mine_norms.resize(static_cast<std::size_t>(problem.p));
    double residual2 = 0, norm2 = 0;
    for (std::int64_t unit = turn * per_turn; unit < std::min((turn + 1) * per_turn, units); ++unit) {
      SplitTask task{};
      task.values = problem.values;
      task.matrix_stride = problem.matrix_stride;
      task.row_stride = problem.row_stride;
      task.rows = problem.rows;
      task.columns = problem.columns;
      task.order = order.data();
      task.adjacent = adjacent;
      task.d = problem.d;
      task.p = problem.p;
      task.m = problem.m;
      task.k = problem.k;
      task.w = problem.w;
      task.left = problem.left;
      task.right = problem.right;
      task.matrix = unit / tiles / problem.m;
      task.i2 = unit / tiles % problem.m;
      task.begin = unit % tiles * per_tile;
      task.end = std::min(task.begin + per_tile, problem.k);
      task.scratch = mine.data();
      task.row_norms = mine_norms.data();
      task.steps = kMostSteps;
      table.split[kind](task);
      residual2 += task.residual2;
      norm2 += task.norm2;
    }
    residuals[static_cast<std::size_t>(turn)] = residual2;
    squares[static_cast<std::size_t>(turn)] = norm2;
    double before = so_far.load(std::memory_order_relaxed);
    while (!so_far.compare_exchange_weak(before, before + residual2, std::memory_order_relaxed)) {
    }
    if (before + residual2 > problem.limit) over.store(true, std::memory_order_relaxed);
    monitor.advance(static_cast<std::uint64_t>(per_turn * per_tile * block));
  });
  // added in their order, so that the sums do not depend on who was first
  return {std::accumulate(residuals.begin(), residuals.end(), 0.0),
          std::accumulate(squares.begin(), squares.end(), 0.0), !over.load()};
}

}  // namespace cheapfast
