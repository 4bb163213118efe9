#include "kernels/subset_sums.hpp"

#include <algorithm>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kBlockBytes = std::int64_t{1} << 15;   // stays in the first-level cache
constexpr std::int64_t kPartBytes = std::int64_t{1} << 12;    // of a row, at a time
constexpr std::int64_t kSerialBytes = std::int64_t{1} << 18;  // waking a thread costs more than so many

const char* const kNames[] = {"subset_sums.float32", "subset_sums.float64", "subset_sums.int64"};

}  // namespace

void subset_sums(void* data, std::int64_t size, SubsetType type, bool add, int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  record_run(kNames[static_cast<int>(type)], table);
  const auto block_kernel = table.subset_block[static_cast<int>(type)][add];
  const auto rows_kernel = table.subset_rows[static_cast<int>(type)][add];
  const std::int64_t bytes = type == SubsetType::float32 ? 4 : 8;
  char* const base = static_cast<char*>(data);
  if (size * bytes < kSerialBytes) threads = 1;

  const std::int64_t block = std::min(size, kBlockBytes / bytes), part = kPartBytes / bytes;
  parallel_for(size / block, threads, monitor,
               [&](int, std::int64_t i) { block_kernel(base + i * block * bytes, block); });
  for (std::int64_t stride = block; stride < size && !monitor.stopped();) {
    int bits = 1;
    while (bits < 3 && stride << bits < size) ++bits;
    const std::int64_t parts = stride / part;  // of a row; 2^bits rows make a group
    parallel_for((size >> bits) / part, threads, monitor, [&](int, std::int64_t i) {
      const std::int64_t first = ((i / parts) * stride << bits) + (i % parts) * part;
      rows_kernel({base + first * bytes, stride, part, bits});
    });
    stride <<= bits;
  }
}

}  // namespace cheapfast
