#include "kernels/roofline.hpp"

#include <algorithm>
#include <vector>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kLine = 16;                           // floats; no two threads write to the same line
constexpr std::int64_t kTurnFloats = std::int64_t{1} << 22;  // some milliseconds between two looks at the monitor
constexpr std::int64_t kTurnSteps = std::int64_t{1} << 20;

struct Part {
  std::int64_t begin, size;
};

Part part_of(std::int64_t size, int threads, std::int64_t i) {
  const std::int64_t lines = (size + kLine - 1) / kLine;
  const std::int64_t begin = std::min(lines * i / threads * kLine, size);
  return {begin, std::min(lines * (i + 1) / threads * kLine, size) - begin};
}

// Calls turn(count) until all repeats are done.
template <class Turn>
void in_turns(std::int64_t repeats, std::int64_t per_turn, int worker, Monitor& monitor, const Turn& turn) {
  for (std::int64_t done = 0; done < repeats && !monitor.stopped(); done += per_turn) {
    turn(std::min(per_turn, repeats - done));
    if (worker == 0) monitor.poll();
  }
}

std::int64_t repeats_per_turn(std::int64_t size) { return std::max<std::int64_t>(kTurnFloats / (size + 1), 1); }

}  // namespace

double stream_read(const float* data, std::int64_t size, std::int64_t repeats, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  record_run("stream_read", table);
  std::vector<double> sums(static_cast<std::size_t>(threads), 0.0);
  parallel_for(threads, threads, monitor, [&](int worker, std::int64_t i) {
    const Part part = part_of(size, threads, i);
    in_turns(repeats, repeats_per_turn(part.size), worker, monitor, [&](std::int64_t count) {
      sums[static_cast<std::size_t>(i)] += static_cast<double>(table.stream_read(data + part.begin, part.size, count));
    });
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

void stream_update(float* data, std::int64_t size, float factor, std::int64_t repeats, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  record_run("stream_update", table);
  parallel_for(threads, threads, monitor, [&](int worker, std::int64_t i) {
    const Part part = part_of(size, threads, i);
    in_turns(repeats, repeats_per_turn(part.size), worker, monitor,
             [&](std::int64_t count) { table.stream_update(data + part.begin, part.size, factor, count); });
  });
}

Iterated iterate(double factor, bool single, std::int64_t steps, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  record_run(single ? "iterate.float32" : "iterate.float64", table);
  std::vector<double> values(static_cast<std::size_t>(threads), 0.0);
  // every turn begins anew: the value is that of the last one
  parallel_for(threads, threads, monitor, [&](int worker, std::int64_t i) {
    in_turns(steps, kTurnSteps, worker, monitor, [&](std::int64_t count) {
      values[static_cast<std::size_t>(i)] =
          single ? static_cast<double>(table.iterate_float32(static_cast<float>(factor), count))
                 : table.iterate_float64(factor, count);
    });
  });
  return {values[0], static_cast<double>(table.iterate_flops[single ? 0 : 1]) * static_cast<double>(steps) * threads};
}

}  // namespace cheapfast
