#include "kernels/sketch.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/hash.hpp"
#include "core/pool.hpp"
#include "kernels/count.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kBlockRows = 1024;
constexpr std::int64_t kBlockColumns = 4096;
// Below this many entries a second thread costs more than it saves.
constexpr std::int64_t kSerialEntries = 50000;

// The rank of a hash: 1 + the number of zeros before its first bit, so that a column has rank k with probability 2^-k.
// The exponent of that bit as a floating-point number: a loop would end where no processor guesses it.
std::uint8_t rank_of(std::uint64_t bits) {
  bits |= std::uint64_t{1} << (kMostRank - 1);
  const double power = static_cast<double>(static_cast<std::int64_t>(bits & (0 - bits)));
  std::uint64_t pattern;
  std::memcpy(&pattern, &power, sizeof pattern);
  return static_cast<std::uint8_t>((pattern >> 52) - 1022);
}

}  // namespace

std::int64_t sketch_bytes(SketchKind kind) { return kind == SketchKind::sliced_registers ? 16 : 64; }

void sketch_columns(SketchKind kind, std::int64_t columns, int first_register, std::uint64_t seed, void* out,
                    int threads, Monitor& monitor) {
  const std::int64_t bytes = sketch_bytes(kind), blocks = (columns + kBlockColumns - 1) / kBlockColumns;
  std::uint8_t* const registers = static_cast<std::uint8_t*>(out);
  parallel_for(blocks, columns < kSerialEntries ? 1 : std::max(1, threads), monitor, [&](int, std::int64_t block) {
    const std::int64_t begin = block * kBlockColumns, end = std::min(columns, begin + kBlockColumns);
    std::memset(registers + begin * bytes, 0, static_cast<std::size_t>((end - begin) * bytes));
    for (std::int64_t c = begin; c < end; ++c) {
      const std::uint64_t hash = mix64(mix64(static_cast<std::uint64_t>(c) * 0x9E3779B97F4A7C15u + seed));
      const std::int64_t place = static_cast<std::int64_t>(hash % kRegisters64) - first_register;
      if (place >= 0 && place < bytes) registers[c * bytes + place] = rank_of(hash / kRegisters64);
    }
  });
}

void sketch_layer(SketchKind kind, const Csr& layer, const void* in, void* out, void* sums, int threads,
                  Monitor& monitor) {
  const KernelTable& table = kernels();
  const bool minima = kind == SketchKind::ranks;
  record_run(std::string(minima ? "sketch_minima." : "sketch_maxima.") + width_name(layer.width), table);
  const int wide = layer.width == Width::narrow ? 0 : 1;
  const auto kernel = minima ? table.sketch_minima[wide] : table.sketch_maxima[wide][sketch_bytes(kind) == 64 ? 0 : 1];
  const std::int64_t entries = nonzeros(layer), blocks = (layer.rows + kBlockRows - 1) / kBlockRows;
  monitor.expect(static_cast<std::uint64_t>(layer.rows));
  parallel_for(blocks, entries < kSerialEntries ? 1 : std::max(1, threads), monitor, [&](int, std::int64_t block) {
    const std::int64_t begin = block * kBlockRows, end = std::min(layer.rows, begin + kBlockRows);
    kernel({layer, in, out, sums, begin, end});
    monitor.advance(static_cast<std::uint64_t>(end - begin));
  });
}

}  // namespace cheapfast
