// The size of the union of some rows of a support, by one of three accumulators.
#pragma once

#include <cstdint>

#include "targets/rows.hpp"
#include "targets/simd.hpp"
#include "targets/tables/count.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// How far ahead the indices of tail are fetched, in entries of head, and its row starts twice as far. The longer
// distance is for tails that live in main memory.
constexpr std::int64_t kAhead = 6;
constexpr std::int64_t kFarAhead = 32;
constexpr std::int64_t kFarEntries = std::int64_t{1} << 21;

CHEAPFAST_INLINE std::int64_t prefetch_distance(std::int64_t tail_entries) {
  return tail_entries < kFarEntries ? kAhead : kFarAhead;
}

// A bitmap costs a sweep over all columns and no counting while it is filled; stamps cost the opposite. A sweep
// handles 512 columns in the time of about this many stamped pairs (measured on AVX-512 and AVX2).
constexpr std::uint64_t kPairsPerSweptLine = 3;
constexpr std::int64_t kLineColumns = 512;

CHEAPFAST_INLINE void next_epoch(std::uint16_t* stamps, std::int64_t size, std::uint32_t& epoch) {
  if (++epoch < 65536) return;
  for (std::int64_t i = 0; i < size; ++i) stamps[i] = 0;
  epoch = 1;
}

// Reads and clears the bitmap.
CHEAPFAST_INLINE std::uint64_t sweep(std::uint64_t* bits, std::int64_t cols) {
  const std::int64_t lines = (cols + kLineColumns - 1) / kLineColumns;
  Words total = zero();
  for (std::int64_t line = 0; line < lines;) {
    // Bytes hold up to 8 each: 31 lines fit before a byte overflows.
    const std::int64_t stop = line + 31 < lines ? line + 31 : lines;
    Words bytes = zero();
    for (; line < stop; ++line) {
      bytes = bytes + count_bits_of_bytes(load(bits + 8 * line));
      store(bits + 8 * line, zero());
    }
    total = total + sum_bytes(bytes);
  }
  return sum_words(total);
}

// A list of rows of tail. `ahead` entries of it may be read and `distance` says how far to prefetch.
template <class X>
struct List {
  const X* rows;
  std::int64_t size;
  std::int64_t ahead;
  std::int64_t distance;
};

template <class Tail, class X>
CHEAPFAST_INLINE void prefetch(const List<X>& list, std::int64_t k, const Tail& tail) {
  if (k + 2 * list.distance < list.ahead) CHEAPFAST_PREFETCH(&tail.starts[list.rows[k + 2 * list.distance]]);
  if (k + list.distance < list.ahead) {
    const typename Tail::Index* const first = &tail.indices[tail.starts[list.rows[k + list.distance]]];
    CHEAPFAST_PREFETCH(first);
    CHEAPFAST_PREFETCH(first + 8);
  }
}

template <class Tail, class X>
CHEAPFAST_INLINE std::uint64_t pairs_of(const List<X>& list, const Tail& tail) {
  std::uint64_t pairs = 0;
  for (std::int64_t k = 0; k < list.size; ++k) {
    pairs += static_cast<std::uint64_t>(tail.starts[list.rows[k] + 1] - tail.starts[list.rows[k]]);
  }
  return pairs;
}

// The size of the union of the listed rows, by three accumulators. Each adds the pairs it looked at to `work`.
template <class Tail, class X>
CHEAPFAST_INLINE std::uint64_t union_by_stamps(const List<X>& list, const Tail& tail, UnionScratch& scratch,
                                               std::uint64_t& work) {
  next_epoch(scratch.stamps, scratch.stamps_size, scratch.epoch);
  std::uint16_t* const stamps = scratch.stamps;
  const std::uint16_t mine = static_cast<std::uint16_t>(scratch.epoch);
  std::uint32_t count = 0;
  for (std::int64_t k = 0; k < list.size; ++k) {
    prefetch(list, k, tail);
    const typename Tail::Index* p = tail.indices + tail.starts[list.rows[k]];
    const typename Tail::Index* const end = tail.indices + tail.starts[list.rows[k] + 1];
    work += static_cast<std::uint64_t>(end - p);
    for (; p < end; ++p) {
      const typename Tail::Column column = static_cast<typename Tail::Column>(*p);
      count += stamps[column] != mine;
      stamps[column] = mine;
    }
  }
  return count;
}

template <class Tail, class X>
CHEAPFAST_INLINE std::uint64_t union_by_bitmap(const List<X>& list, const Tail& tail, std::int64_t cols,
                                               UnionScratch& scratch, std::uint64_t& work) {
  std::uint64_t* const bits = scratch.bits;
  for (std::int64_t k = 0; k < list.size; ++k) {
    prefetch(list, k, tail);
    const typename Tail::Index* p = tail.indices + tail.starts[list.rows[k]];
    const typename Tail::Index* const end = tail.indices + tail.starts[list.rows[k] + 1];
    work += static_cast<std::uint64_t>(end - p);
    for (; p < end; ++p) {
      const typename Tail::Column column = static_cast<typename Tail::Column>(*p);
      bits[column >> 6] |= std::uint64_t{1} << (column & 63);
    }
  }
  return sweep(bits, cols);
}

// Bands and blocks: rows are intervals [low, high] that come in rising order, and only what lies beyond the ones
// before is new. False where a row is no interval, or comes out of order.
template <class Tail, class X>
CHEAPFAST_INLINE bool union_by_runs(const List<X>& list, const Tail& tail, std::uint64_t& count, std::uint64_t& work) {
  std::int64_t covered = 0, last_low = 0;  // columns below `covered` are counted or can't come any more
  std::int64_t found = 0;
  for (std::int64_t k = 0; k < list.size; ++k) {
    const std::int64_t begin = tail.starts[list.rows[k]], end = tail.starts[list.rows[k] + 1];
    if (begin == end) continue;
    const std::int64_t low = tail.indices[begin], past = static_cast<std::int64_t>(tail.indices[end - 1]) + 1;
    if (past - low != end - begin || low < last_low) return false;
    last_low = low;
    const std::int64_t fresh = low > covered ? low : covered;
    found += past > fresh ? past - fresh : 0;
    covered = past > covered ? past : covered;
  }
  work += static_cast<std::uint64_t>(list.size);
  count = static_cast<std::uint64_t>(found);
  return true;
}

// The accumulator is a template parameter: a loop that holds all of them runs out of registers.
template <Accumulator accumulator, class Tail, class X>
CHEAPFAST_INLINE std::uint64_t count_union(const List<X>& list, const Tail& tail, std::int64_t cols,
                                           UnionScratch& scratch, std::uint64_t& work) {
  if (list.size == 1) {
    work += 1;
    return static_cast<std::uint64_t>(tail.starts[list.rows[0] + 1] - tail.starts[list.rows[0]]);
  }
  if (accumulator == Accumulator::stamps) return union_by_stamps(list, tail, scratch, work);
  if (accumulator == Accumulator::bitmap) return union_by_bitmap(list, tail, cols, scratch, work);
  if (accumulator == Accumulator::runs) {
    std::uint64_t count;
    return union_by_runs(list, tail, count, work) ? count : union_by_stamps(list, tail, scratch, work);
  }
  return pairs_of(list, tail) > static_cast<std::uint64_t>(cols / kLineColumns + 1) * kPairsPerSweptLine
             ? union_by_bitmap(list, tail, cols, scratch, work)
             : union_by_stamps(list, tail, scratch, work);
}

}  // namespace
}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
