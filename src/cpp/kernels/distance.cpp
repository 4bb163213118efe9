#include "kernels/distance.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"float32", "float64", "complex64", "complex128"};
constexpr std::int64_t kBytes[] = {4, 8, 4, 8};         // of a real number
constexpr std::int64_t kChunk = std::int64_t{1} << 13;  // numbers that stay in L1 or L2 between two looks at them
constexpr std::int64_t kTurn = std::int64_t{1} << 16;   // numbers that one turn at the queue is worth

}  // namespace

MatrixFacts measure(ValueType type, const void* data, std::int64_t size, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  const int kind = static_cast<int>(type), parts = kind < 2 ? 1 : 2;
  record_run(std::string("squares.") + kNames[kind], table);
  const std::int64_t turns = (size + kTurn - 1) / kTurn;
  std::vector<MatrixFacts> facts(static_cast<std::size_t>(turns));
  monitor.expect(monitor.done() + static_cast<std::uint64_t>(size));
  parallel_for(turns, threads, monitor, [&](int, std::int64_t turn) {
    MatrixFacts mine{0, 0, 0};
    const std::int64_t end = std::min((turn + 1) * kTurn, size);
    for (std::int64_t begin = turn * kTurn; begin < end; begin += kChunk) {
      const std::int64_t count = std::min(kChunk, end - begin);
      const char* const chunk = static_cast<const char*>(data) + begin * parts * kBytes[kind];
      const ValueFacts values = scan_chunk(type, chunk, count);
      mine.zeros += values.zeros;
      mine.non_finite += values.non_finite;
      mine.squares += table.squares[kind % 2](chunk, count * parts);
    }
    facts[static_cast<std::size_t>(turn)] = mine;
    monitor.advance(static_cast<std::uint64_t>(end - turn * kTurn));
  });
  MatrixFacts all{0, 0, 0};
  for (const MatrixFacts& turn : facts) {
    all.zeros += turn.zeros;
    all.non_finite += turn.non_finite;
    all.squares += turn.squares;
  }
  return all;
}

double squared_distance(const BlockFactors& factors, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  const int kind = static_cast<int>(factors.type);
  record_run(std::string("distance.") + kNames[kind], table);
  const std::int64_t rows = factors.p * factors.m;
  if (rows == 0 || factors.width == 0) return 0;
  const std::int64_t per_turn = std::clamp<std::int64_t>(kTurn / factors.width, 1, rows);
  const std::int64_t turns = (rows + per_turn - 1) / per_turn;
  const auto kernel = table.distance[kind % 2][kind / 2][factors.same ? 1 : 0];
  std::vector<double> sums(static_cast<std::size_t>(turns));
  monitor.expect(monitor.done() + static_cast<std::uint64_t>(rows * factors.width));
  parallel_for(turns, threads, monitor, [&](int, std::int64_t turn) {
    DistanceTask task{};
    task.values = factors.values;
    task.rows = factors.rows;
    task.p = factors.p;
    task.width = factors.width;
    task.left_width = factors.left_width;
    for (int t = 0; t < 2; ++t) {
      task.left[t] = factors.left[t];
      task.right[t] = factors.right[t];
    }
    task.runs = factors.width / factors.run_length;
    task.run_length = factors.run_length;
    task.starts = factors.starts;
    task.begin = turn * per_turn;
    task.end = std::min(task.begin + per_turn, rows);
    sums[static_cast<std::size_t>(turn)] = kernel(task);
    monitor.advance(static_cast<std::uint64_t>((task.end - task.begin) * factors.width));
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace cheapfast
