// 512 rows at once on their way from the first layer to the last: the transpose of the counts by columns, without
// transposing. One bit each, so that nodes which several of them reach are passed through once.
#include "targets/tables/row_bits.hpp"

#include <cstdint>

#include "targets/simd.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

CHEAPFAST_INLINE bool none(const Bits512& bits) {
  std::uint64_t any = 0;
  for (int w = 0; w < 8; ++w) any |= bits.word[w];
  return any == 0;
}

// out[c] |= in[r] for every entry (r, c) of the rows begin ... end - 1. What was passed on is cleared, so that the two
// buffers can change places without a sweep over them.
template <class Start, class Index>
void push_bits(const Csr& csr, Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out) {
  const Start* const starts = static_cast<const Start*>(csr.starts);
  const Index* const indices = static_cast<const Index*>(csr.indices);
  for (std::int64_t r = begin; r < end; ++r) {
    if (none(in[r])) continue;
    const Words bits = load(in[r].word);
    store(in[r].word, zero());
    for (std::int64_t k = starts[r]; k < starts[r + 1]; ++k) {
      std::uint64_t* const to = out[indices[k]].word;
      store(to, load(to) | bits);
    }
  }
}

constexpr int kBitsOfByte = 8;
constexpr int kMostInByte = 255;

// counts[b] += nodes begin ... end - 1 that have bit b.
void count_each_bit(const Bits512* in, std::int64_t begin, std::int64_t end, std::int64_t* counts) {
  while (begin < end) {
    Words ones[kBitsOfByte];  // byte j of ones[b]: how often bit 8 j + b was set
    for (int b = 0; b < kBitsOfByte; ++b) ones[b] = zero();
    for (int seen = 0; begin < end && seen < kMostInByte; ++begin) {
      if (none(in[begin])) continue;
      const Words bits = load(in[begin].word);
      for (int b = 0; b < kBitsOfByte; ++b) {
        ones[b] = ones[b] + ((bits >> static_cast<std::uint64_t>(b)) & 0x0101010101010101u);
      }
      ++seen;
    }
    for (int b = 0; b < kBitsOfByte; ++b) {
      alignas(64) std::uint64_t words[8];
      store(words, ones[b]);
      for (int byte = 0; byte < 64; ++byte) {
        counts[8 * byte + b] += static_cast<std::int64_t>((words[byte / 8] >> (byte % 8 * 8)) & 0xFFu);
      }
    }
  }
}

}  // namespace

void fill_row_bits(RowBitsTable& table) {
  table.push_bits[static_cast<int>(Width::narrow)] = push_bits<std::int32_t, std::int32_t>;
  table.push_bits[static_cast<int>(Width::wide)] = push_bits<std::int64_t, std::int64_t>;
  table.push_bits[static_cast<int>(Width::own)] = push_bits<std::int64_t, std::int32_t>;
  table.count_each_bit = count_each_bit;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
