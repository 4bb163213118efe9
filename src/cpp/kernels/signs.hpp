// How the 2^n signs of a sum are divided: low ones in a table, middle ones within a block, top ones from block to
// block.
#pragma once

#include <cstdint>
#include <vector>

#include "core/pool.hpp"
#include "targets/tables/sign_sum.hpp"

namespace cheapfast {

struct SignSplit {
  explicit SignSplit(int n)
      : low(n < kMostLow ? n - (n + 1) % 2 : kMostLow),
        middle(n - low < kMostMiddle ? n - low : kMostMiddle),
        top(n - low - middle) {}

  std::int64_t pairs() const { return std::int64_t{1} << (low - 1); }
  std::int64_t padded_pairs() const { return (pairs() + kSignSumPairs - 1) / kSignSumPairs * kSignSumPairs; }
  std::int64_t count() const { return std::int64_t{1} << middle; }
  std::int64_t blocks() const { return std::int64_t{1} << top; }

  // An odd number of signs, so that s and -s have products that differ: their sums t and -t make a pair. The tables of
  // float64 fit in a first-level cache of 32 KiB.
  static constexpr int kMostLow = 11;
  static constexpr int kMostMiddle = 9;
  static_assert(kSignSumBlock == std::int64_t{1} << kMostMiddle, "a block is one call of a kernel");

  int low, middle, top;
};

inline bool odd_parity(std::int64_t k) {
  std::uint64_t bits = static_cast<std::uint64_t>(k);
  for (int shift = 32; shift > 0; shift /= 2) bits ^= bits >> shift;
  return (bits & 1) != 0;
}

// start + sum of +-steps[i], the sign being minus where bit i of k is set.
template <class Number>
Number signed_sum(Number start, const Number* steps, int count, std::int64_t k) {
  for (int i = 0; i < count; ++i) start = start + ((k >> i & 1) != 0 ? -steps[i] : steps[i]);
  return start;
}

// Calls put(j, t) for the pairs of sums of the low signs: the product of the signs is +1 for t, and -1 for -t.
template <class Number, class Put>
void for_each_pair(const SignSplit& split, const Number* steps, const Put& put) {
  for (std::int64_t j = 0; j < split.pairs(); ++j) {
    const Number t = signed_sum(Number{}, steps, split.low, j);
    put(j, odd_parity(j) ? -t : t);
  }
}

// Runs block(high) -> Number for each block of the sums of middle and top signs, on any number of threads, and returns
// what the blocks gave, with the signs of the top.
template <class Number, class Block>
std::vector<Number> sum_blocks(const SignSplit& split, const Number* steps, Number bias, int threads, Monitor& monitor,
                               const Block& block) {
  constexpr std::int64_t kSerialNeurons = std::int64_t{1} << 17;  // waking a thread costs more than so many neurons
  if ((split.pairs() * split.count() * split.blocks()) < kSerialNeurons) threads = 1;
  std::vector<Number> middle(static_cast<std::size_t>(split.count()));
  for (std::int64_t k = 0; k < split.count(); ++k) {
    middle[static_cast<std::size_t>(k)] = signed_sum(Number{}, steps + split.low, split.middle, k);
  }
  std::vector<Number> sums(static_cast<std::size_t>(split.blocks()));
  monitor.expect(static_cast<std::uint64_t>(split.blocks()));
  parallel_for(split.blocks(), threads, monitor, [&](int, std::int64_t b) {
    const Number base = signed_sum(bias, steps + split.low + split.middle, split.top, b);
    Number high[kSignSumBlock];
    for (std::int64_t k = 0; k < split.count(); ++k) high[k] = base + middle[static_cast<std::size_t>(k)];
    const Number sum = block(static_cast<const Number*>(high));
    sums[static_cast<std::size_t>(b)] = odd_parity(b) ? -sum : sum;
    monitor.advance(1);
  });
  return sums;
}

}  // namespace cheapfast
