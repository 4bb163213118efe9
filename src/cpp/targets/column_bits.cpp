// 512 columns of a product at once, one bit each, on their way from the last layer to the first.
//
// All kernels take supports without duplicates in a row; those of fill_bits are sorted.
#include "targets/tables/column_bits.hpp"

#include <cstdint>

#include "targets/rows.hpp"
#include "targets/simd.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// How far ahead, in entries, the bits of columns are fetched.
constexpr std::int64_t kAhead = 32;

// out[r] = the columns first_column ... first_column + 511 of row r. Batches come in rising order.
template <class Layer>
void fill_bits(const Csr& csr, std::int64_t first_column, std::int64_t* cursor, std::int64_t begin, std::int64_t end,
               Bits512* out) {
  const Layer layer(csr);
  const std::int64_t past = first_column + kBatchColumns;
  for (std::int64_t r = begin; r < end; ++r) {
    store(out[r].word, zero());
    std::int64_t k = cursor[r];
    const std::int64_t stop = layer.starts[r + 1];
    for (; k < stop && static_cast<std::int64_t>(layer.indices[k]) < past; ++k) {
      const std::int64_t bit = layer.indices[k] - first_column;
      out[r].word[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    }
    cursor[r] = k;
  }
}

template <class Layer>
CHEAPFAST_INLINE Words pull_row(const Layer& layer, std::int64_t row, std::int64_t entries, const Bits512* in) {
  Words any = zero();
  const std::int64_t end = layer.starts[row + 1];
  for (std::int64_t k = layer.starts[row]; k < end; ++k) {
    if (k + kAhead < entries) CHEAPFAST_PREFETCH(&in[layer.indices[k + kAhead]]);
    any = any | load(in[layer.indices[k]].word);
  }
  return any;
}

template <class Layer>
void pull_bits(const Csr& csr, const Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out) {
  const Layer layer(csr);
  const std::int64_t entries = layer.starts[csr.rows];
  for (std::int64_t r = begin; r < end; ++r) store(out[r].word, pull_row(layer, r, entries, in));
}

template <class Layer>
std::uint64_t pull_bits_count(const Csr& csr, const Bits512* in, std::int64_t begin, std::int64_t end) {
  const Layer layer(csr);
  const std::int64_t entries = layer.starts[csr.rows];
  Words total = zero();
  for (std::int64_t r = begin; r < end; ++r) {
    total = total + sum_bytes(count_bits_of_bytes(pull_row(layer, r, entries, in)));
  }
  return sum_words(total);
}

template <class Layer>
std::uint64_t pull_bits_counted(const Csr& csr, const Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out) {
  const Layer layer(csr);
  const std::int64_t entries = layer.starts[csr.rows];
  Words total = zero();
  for (std::int64_t r = begin; r < end; ++r) {
    const Words any = pull_row(layer, r, entries, in);
    store(out[r].word, any);
    total = total + sum_bytes(count_bits_of_bytes(any));
  }
  return sum_words(total);
}

template <class Layer>
void fill_for(ColumnBitsTable& table, Width width) {
  table.fill_bits[static_cast<int>(width)] = fill_bits<Layer>;
  table.pull_bits[static_cast<int>(width)] = pull_bits<Layer>;
  table.pull_bits_count[static_cast<int>(width)] = pull_bits_count<Layer>;
  table.pull_bits_counted[static_cast<int>(width)] = pull_bits_counted<Layer>;
}

}  // namespace

void fill_column_bits(ColumnBitsTable& table) {
  fill_for<Narrow>(table, Width::narrow);
  fill_for<Wide>(table, Width::wide);
  fill_for<Own>(table, Width::own);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
