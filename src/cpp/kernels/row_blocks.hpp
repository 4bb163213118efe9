// How the rows of a count are divided among threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/pool.hpp"
#include "kernels/count.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {

// Rows handed to a thread at a time; small enough to balance, large enough that handing out costs nothing.
constexpr std::int64_t kBlockRows = 256;
// Below this many pairs a second thread costs more than it saves (a wake-up takes some microseconds).
constexpr std::uint64_t kSerialWork = 200000;

inline std::int64_t block_count(std::int64_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

inline int workers_for(std::uint64_t work, const CountContext& context) {
  return work < kSerialWork ? 1 : std::max(1, context.threads);
}

inline std::string kernel_name(const char* kernel, const Csr& csr) {
  return std::string(kernel) + "." + width_name(csr.width);
}

// Calls kernel(worker, begin, end) -> (next, count, work) until every row of every block is counted; between calls the
// monitor hears of the work, and may stop it.
template <class Kernel>
std::uint64_t count_blocks(std::int64_t rows, int workers, CountContext& context, const Kernel& kernel) {
  std::vector<std::uint64_t> totals(static_cast<std::size_t>(workers), 0);
  parallel_for(block_count(rows), workers, context.monitor, [&](int worker, std::int64_t block) {
    std::int64_t row = block * kBlockRows;
    const std::int64_t end = std::min(rows, row + kBlockRows);
    while (row < end && !context.monitor.stopped()) {
      const CountOutcome out = kernel(worker, row, end);
      totals[static_cast<std::size_t>(worker)] += out.count;
      context.monitor.advance(out.work);
      row = out.next;
      if (worker == 0) context.monitor.poll();
    }
  });
  std::uint64_t total = 0;
  for (const std::uint64_t part : totals) total += part;
  return total;
}

}  // namespace cheapfast
