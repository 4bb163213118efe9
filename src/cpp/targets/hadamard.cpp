// The Walsh-Hadamard transform: stages of sums and differences, in register passes of up to 16 rows.
#include "targets/tables/hadamard.hpp"

#include <cstdint>

#include "targets/hadamard_leaves.hpp"
#include "targets/hadamard_rows.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// A pass holds 16 registers: all that most instruction sets have. What is spilled costs less than another pass.
constexpr int kLogRadix = 4;
constexpr int kFarLevels = 3;  // of a pass beyond the first-level cache, which keeps few rows a power of two apart
constexpr std::int64_t kL1Bytes = 32 << 10;
constexpr std::int64_t kChunkBytes = 16 << 10;  // of a batch that goes through all passes together
constexpr std::int64_t kTileBytes = 256;        // of a row of a tall tile
constexpr std::int64_t kRowsAhead = 4096;       // bytes that the first pass over rows asks for in advance,
constexpr std::int64_t kShortGroup = 16 << 10;  // out of place a group at a time where it is no longer than this
constexpr std::int64_t kWideBytes = 256 << 10;  // of a pass that the second-level cache hardly holds,
// and bytes that it asks for in advance. Shorter registers would ask for each line several times, and lose by it.
constexpr std::int64_t kWideAhead = kVectorBytes == 64 ? 256 : 0;

constexpr int log2_of(int n) { return n <= 1 ? 0 : 1 + log2_of(n / 2); }

// The levels of the next pass, when `left` are still to do: passes as equal as can be.
CHEAPFAST_INLINE int next_levels(int left) {
  const int passes = (left + kLogRadix - 1) / kLogRadix;
  return (left + passes - 1) / passes;
}

// Rows of numbers that sit side by side in one register and in its neighbours.
template <class T>
CHEAPFAST_INLINE bool in_lanes(const HadamardRows& rows) {
  return rows.stride == rows.run && rows.run < kLanes<T> && (rows.run & (rows.run - 1)) == 0;
}

template <class T>
constexpr std::int64_t numbers_in(std::int64_t bytes) {
  return bytes / static_cast<std::int64_t>(sizeof(T));
}

// Asks for what dense rows will need. `far`: nobody has brought them near. Of long rows each is a stream, and what is
// written is asked for as well, or the stores would wait for their lines one by one. Groups of short rows are asked for
// line by line, in the order of memory, as the processor's own prefetchers like it. In wide passes these are not to be
// relied upon: depending on where the compiler happens to put the loop, they miss half of the lines (Zen 5).
template <class T>
CHEAPFAST_INLINE void look_ahead(Rows<T>& rows, bool far) {
  const bool in_place = rows.source == rows.destination;
  if (!far) {
    rows.ahead = rows.hop >= numbers_in<T>(kWideBytes) ? numbers_in<T>(kWideAhead) : 0;
  } else if (!in_place && rows.hop <= numbers_in<T>(kShortGroup)) {
    rows.group_ahead = numbers_in<T>(kRowsAhead);
  } else {
    rows.ahead = numbers_in<T>(kRowsAhead);
    rows.ahead_to = in_place ? 0 : rows.ahead;
  }
}

// `levels` stages that pair rows `apart`, 2 * apart, ... from one another, over `count` rows.
template <class T>
void pass(const T* source, T* destination, const HadamardRows& rows, std::int64_t count, std::int64_t apart, int levels,
          bool far = false) {
  const std::int64_t step = apart * rows.stride, hop = step << levels;
  if (rows.run == rows.stride) {
    Rows<T> dense = {source, step, destination, step, step, count / (apart << levels), hop};
    look_ahead(dense, far);
    return transform_rows<T>(levels, dense);
  }
  for (std::int64_t at = 0; at < count * rows.stride; at += hop) {
    transform_rows<T>(levels, {source + at, step, destination + at, step, rows.run, apart, rows.stride});
  }
}

// How many levels the leaves take: those inside a register and those of one pass.
template <class T>
CHEAPFAST_INLINE int leaf_levels(const HadamardRows& rows) {
  return in_lanes<T>(rows) ? log2_of(kLanes<T>) - log2_of(static_cast<int>(rows.run)) : 0;
}

// How many levels the leaves take beyond those inside a register: as many as they can, but where registers are few, the
// later passes take more, which need none for the signs of lanes.
CHEAPFAST_INLINE int leaf_share(int left) {
  if (left <= 0) return 0;
  if (kManyRegisters) return left < kLogRadix ? left : kLogRadix;
  return left / ((left + kLogRadix - 1) / kLogRadix);
}

// All stages of `count` blocks of 2^log_count rows, which together fit in the first-level cache.
template <class T>
void transform_near(const T* source, T* destination, const HadamardRows& rows, int log_count, std::int64_t count,
                    bool far) {
  int done = 0;
  if (in_lanes<T>(rows)) {
    const int inside = leaf_levels<T>(rows), levels = leaf_share(log_count - inside);
    const std::int64_t size = count * (rows.run << log_count);
    transform_leaves<T>(levels, {source, destination, size, static_cast<int>(-rows.run), far});
    done = inside + levels;
    source = destination;
  }
  while (done < log_count) {
    const int levels = next_levels(log_count - done);
    pass<T>(source, destination, rows, count << log_count, std::int64_t{1} << done, levels, far && done == 0);
    done += levels;
    source = destination;
  }
}

// Levels of a pass within the first-level cache at which no level is dear: where registers are few, a pass of four
// spills some.
constexpr int kNearLevels = kManyRegisters ? kLogRadix : 3;

// How many of the levels of a block are left to the passes beyond the first-level cache: what does not fit in it, and
// what those passes can take over so that the passes inside it are whole ones.
template <class T>
CHEAPFAST_INLINE int far_levels(const HadamardRows& rows, int log_count) {
  const std::int64_t row_bytes = rows.run * static_cast<std::int64_t>(sizeof(T));
  const int inside = leaf_levels<T>(rows);
  int far = 0;
  while (far < log_count && (row_bytes << (log_count - far)) > kL1Bytes) ++far;
  int more = far;
  while (more % kFarLevels != 0 && more + inside < log_count && (log_count - more - inside) % kNearLevels != 0) ++more;
  return (log_count - more - inside) % kNearLevels == 0 ? more : far;
}

// All stages of 2^log_count rows, of which `far` levels are left to this function, the parts first, so that most of the
// stages find their data near.
template <class T>
void transform_deep(const T* source, T* destination, const HadamardRows& rows, int log_count, int far, bool ahead) {
  if (far == 0) return transform_near(source, destination, rows, log_count, 1, ahead);
  const int passes = (far + kFarLevels - 1) / kFarLevels, levels = (far + passes - 1) / passes;
  const int below = log_count - levels;
  const std::int64_t step = rows.stride << below;
  if (below > 0) {
    for (std::int64_t i = 0; i < std::int64_t{1} << levels; ++i) {
      transform_deep(source + i * step, destination + i * step, rows, below, far - levels, ahead);
    }
    source = destination;
  }
  pass<T>(source, destination, rows, std::int64_t{1} << log_count, std::int64_t{1} << below, levels);
}

// Inputs: `count` blocks of 2^log_count rows, one right after the other if count > 1; source and destination are the
// same or do not overlap. Each block is transformed: O(rows * log rows) sums.
template <class T>
void transform_blocks(const T* source, T* destination, const HadamardRows& rows, int log_count, std::int64_t count,
                      bool far) {
  const std::int64_t block = rows.stride << log_count;
  const int inside = leaf_levels<T>(rows);
  if (inside > 0 && log_count > 0 && log_count <= inside + kLogRadix) {
    // short transforms of one length: a single sweep over all of them
    const int levels = log_count > inside ? log_count - inside : 0;
    const int stages = static_cast<int>((std::int64_t{1} << log_count) * rows.run - rows.run);
    const std::int64_t size = count * block, whole = size - size % (std::int64_t{kLanes<T>} << levels);
    transform_leaves<T>(levels, {source, destination, whole, stages, far});
    return transform_scalars(source + whole, destination + whole, size - whole, stages);
  }
  if (log_count == 0) return transform_rows<T>(0, {source, 0, destination, 0, rows.run, count, block});
  const int beyond = far_levels<T>(rows, log_count);
  const std::int64_t bytes = block * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t together = beyond == 0 && bytes < kChunkBytes ? kChunkBytes / bytes : 1;
  for (std::int64_t b = 0; b < count; b += together) {
    const T* const from = source + b * block;
    T* const to = destination + b * block;
    if (beyond == 0) {
      transform_near(from, to, rows, log_count, together < count - b ? together : count - b, far);
    } else {
      transform_deep(from, to, rows, log_count, beyond, far);
    }
  }
}

// The stages of 2^levels rows, `stride` apart, for the columns begin ... end - 1: one trip through memory. Tiles of a
// few columns pass through a buffer, where rows whose distance is a power of two do not compete for the same cache
// lines.
template <class T>
void transform_tall(const T* source, T* destination, std::int64_t stride, int levels, std::int64_t begin,
                    std::int64_t end) {
  constexpr std::int64_t kColumns = kTileBytes / sizeof(T);
  if (levels <= kLogRadix) {
    return transform_rows<T>(
        levels, {source + begin, stride, destination + begin, stride, end - begin, 1, 0, numbers_in<T>(kWideAhead)});
  }
  alignas(64) T tile[kColumns << kHadamardTallLevels];
  const int low = levels / 2, high = levels - low;
  const std::int64_t lows = std::int64_t{1} << low, highs = std::int64_t{1} << high;
  // the first tile is shorter where that aligns the others
  const std::int64_t skew =
      static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(destination + begin) % 64 / sizeof(T));
  for (std::int64_t c = begin, next; c < end; c = next) {
    next = c + kColumns - (c == begin ? skew : 0);
    if (next > end) next = end;
    const std::int64_t columns = next - c;
    for (std::int64_t r = 0; r < highs; ++r) {
      const T* const from = source + c + r * lows * stride;
      const std::int64_t ahead = r + 1 < highs ? lows * stride : columns - r * lows * stride;
      transform_rows<T>(low, {from, stride, tile + r * lows * kColumns, kColumns, columns, 1, 0, ahead});
    }
    for (std::int64_t r = 0; r < lows; ++r) {
      transform_rows<T>(high,
                        {tile + r * kColumns, lows * kColumns, destination + c + r * stride, lows * stride, columns});
    }
  }
}

}  // namespace

void fill_hadamard(HadamardTable& table) {
  table.hadamard_float32 = {transform_blocks<float>, transform_tall<float>};
  table.hadamard_float64 = {transform_blocks<double>, transform_tall<double>};
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
