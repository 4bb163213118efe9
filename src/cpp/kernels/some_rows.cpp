#include "kernels/some_rows.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "core/pool.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/neighbourhoods.hpp"

namespace cheapfast {
namespace {

// Rows pushed before the choice is made.
constexpr std::int64_t kTrial = 24;
// What an entry costs 512 rows at once, in pairs of a row that is pushed: where the bits of two neighbouring layers
// stay in the cache of a core, and where they do not.
constexpr double kNearPairs = 0.8, kFarPairs = 6;
constexpr std::uint64_t kNearBytes = std::uint64_t{1} << 20;

std::int64_t widest(const Chain& chain) {
  std::int64_t width = chain.tail.cols;
  for (const Csr& layer : chain.layers) width = std::max(width, layer.cols);
  return width;
}

std::uint64_t bit_bytes(const Chain& chain) { return 2 * static_cast<std::uint64_t>(widest(chain)) * sizeof(Bits512); }

// The layers in matrix order, the tail among them.
std::vector<Csr> all_layers(const Chain& chain) {
  std::vector<Csr> layers = chain.layers;
  layers.push_back(chain.tail);
  return layers;
}

// Memory of one thread: the bits of the nodes of two neighbouring layers, all zero between batches.
class BitMemory {
 public:
  BitMemory(const Chain& chain, MemoryBudget& budget)
      : charge_(budget, bit_bytes(chain), "counting 512 rows at a time"),
        in(static_cast<std::size_t>(widest(chain))),
        out(static_cast<std::size_t>(widest(chain))) {
    in.fill_zero();
    out.fill_zero();
  }

 private:
  Charge charge_;

 public:
  Buffer<Bits512> in, out;
};

template <class Index, class Start>
void reach(const Csr& layer, std::int64_t row, int bit, Bits512* out) {
  const Start* const starts = static_cast<const Start*>(layer.starts);
  const Index* const indices = static_cast<const Index*>(layer.indices);
  for (std::int64_t k = starts[row]; k < starts[row + 1]; ++k) {
    out[indices[k]].word[bit >> 6] |= std::uint64_t{1} << (bit & 63);
  }
}

// The columns of the first layer that each of the rows names.
void begin_batch(const Csr& layer, const std::int64_t* rows, int count, Bits512* out) {
  for (int bit = 0; bit < count; ++bit) {
    if (layer.width == Width::narrow) {
      reach<std::int32_t, std::int32_t>(layer, rows[bit], bit, out);
    } else if (layer.width == Width::wide) {
      reach<std::int64_t, std::int64_t>(layer, rows[bit], bit, out);
    } else {
      reach<std::int32_t, std::int64_t>(layer, rows[bit], bit, out);
    }
  }
}

// Rows of a layer between two looks at the monitor.
constexpr std::int64_t kBlockRows = std::int64_t{1} << 16;

// Writes the sizes of rows of the products from layer `first_told` on, `stride` apart, to `sizes`.
void count_batch(const std::vector<Csr>& layers, const std::int64_t* rows, int count, std::size_t first_told,
                 std::int64_t* sizes, std::int64_t stride, BitMemory& memory, Monitor& monitor) {
  const KernelTable& table = kernels();
  begin_batch(layers[0], rows, count, memory.in.data());
  for (std::size_t l = 0;; ++l) {
    if (l >= first_told) {
      std::int64_t counted[kBatchColumns] = {};
      table.count_each_bit(memory.in.data(), 0, layers[l].cols, counted);
      std::copy_n(counted, count, sizes + static_cast<std::int64_t>(l - first_told) * stride);
    }
    if (l + 1 == layers.size()) break;
    const Csr& next = layers[l + 1];
    for (std::int64_t first = 0; first < next.rows; first += kBlockRows) {
      if (monitor.stopped()) return;
      const std::int64_t last = std::min(next.rows, first + kBlockRows);
      table.push_bits[static_cast<int>(next.width)](next, memory.in.data(), first, last, memory.out.data());
    }
    memory.in.swap(memory.out);
  }
  std::fill_n(memory.in.data(), layers.back().cols, Bits512{});
}

void count_by_row_bits(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::size_t first_told,
                       std::int64_t* sizes, CountContext& context) {
  const std::vector<Csr> layers = all_layers(chain);
  record_run(std::string("row_bits.") + width_name(layers[0].width), kernels());
  const std::int64_t batches = (count + kBatchColumns - 1) / kBatchColumns;
  const std::int64_t allowed = static_cast<std::int64_t>(context.budget.left() / bit_bytes(chain));
  const int workers = static_cast<int>(
      std::max<std::int64_t>(1, std::min({static_cast<std::int64_t>(context.threads), batches, allowed})));
  std::vector<std::unique_ptr<BitMemory>> memory;
  for (int w = 0; w < workers; ++w) memory.push_back(std::make_unique<BitMemory>(chain, context.budget));
  parallel_for(batches, workers, context.monitor, [&](int worker, std::int64_t batch) {
    const std::int64_t first = batch * kBatchColumns;
    const int size = static_cast<int>(std::min<std::int64_t>(kBatchColumns, count - first));
    count_batch(layers, rows + first, size, first_told, sizes + first, count, *memory[static_cast<std::size_t>(worker)],
                context.monitor);
    context.monitor.advance(static_cast<std::uint64_t>(size));
  });
}

// How many of the rows to count as bits, the others being cheaper to push at so many pairs a row: all, whole batches,
// or none.
std::int64_t rows_as_bits(const Chain& chain, std::int64_t count, double pairs_a_row, const CountContext& context) {
  if (!context.budget.fits(bit_bytes(chain))) return 0;
  double entries = 0;
  for (const Csr& layer : all_layers(chain)) entries += static_cast<double>(nonzeros(layer) + layer.cols);
  const double batch = entries * (bit_bytes(chain) <= kNearBytes ? kNearPairs : kFarPairs);
  const std::int64_t last = count % kBatchColumns;
  if (batch < pairs_a_row * static_cast<double>(last)) return count;
  return batch < pairs_a_row * kBatchColumns ? count - last : 0;
}

// Where each of the rows stands in the order in which they are counted: a few spread over all of them first.
std::vector<std::int64_t> counting_order(std::int64_t count, std::int64_t trial) {
  const std::int64_t step = count / trial;
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < trial; ++i) order.push_back(i * step);
  for (std::int64_t i = 0; i < count; ++i) {
    if (i % step != 0 || i / step >= trial) order.push_back(i);
  }
  return order;
}

}  // namespace

void count_some_rows(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::int64_t* sizes,
                     CountContext& context) {
  if (count <= kTrial) {
    push_some_rows(chain, rows, count, sizes, context);
    return;
  }
  const std::vector<std::int64_t> order = counting_order(count, kTrial);
  std::vector<std::int64_t> named(order.size()), found(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) named[i] = rows[order[i]];
  const auto one_by_one = is_power_with_diagonal(chain) ? count_neighbourhoods : push_some_rows;
  const std::uint64_t pairs = one_by_one(chain, named.data(), kTrial, found.data(), context);
  const double pairs_a_row = static_cast<double>(pairs) / static_cast<double>(kTrial);
  const std::int64_t as_bits = rows_as_bits(chain, count - kTrial, pairs_a_row, context);
  const std::int64_t pushed = kTrial + as_bits;
  if (as_bits > 0) {
    count_by_row_bits(chain, named.data() + kTrial, as_bits, chain.layers.size(), found.data() + kTrial, context);
  }
  one_by_one(chain, named.data() + pushed, count - pushed, found.data() + pushed, context);
  for (std::size_t i = 0; i < order.size(); ++i) sizes[order[i]] = found[i];
}

void count_some_rows_on_the_way(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::int64_t* sizes,
                                CountContext& context) {
  count_by_row_bits(chain, rows, count, 0, sizes, context);
}

}  // namespace cheapfast
