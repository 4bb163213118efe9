#include "kernels/column_bits.hpp"

#include <algorithm>

#include "core/buffer.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/row_blocks.hpp"

namespace cheapfast {
namespace {

// Batches of 512 columns on their way through a chain: what the bit-parallel counts share.
class BitBatches {
 public:
  BitBatches(const std::vector<Csr>& layers, CountContext& context)
      : layers_(layers),
        context_(context),
        charge_(context.budget, 2 * tallest(layers) * sizeof(Bits512) + last_rows() * sizeof(std::int64_t),
                "counting 512 columns at a time"),
        in_(tallest(layers)),
        out_(tallest(layers)),
        cursor_(last_rows()) {
    record_run(kernel_name("bits", layers[0]), kernels());
    const Csr& last = layers.back();
    for (std::size_t r = 0; r < last_rows(); ++r) {
      cursor_[r] = last.width == Width::narrow ? static_cast<const std::int32_t*>(last.starts)[r]
                                               : static_cast<const std::int64_t*>(last.starts)[r];
    }
  }

  // Calls pull(layer index, begin, end, in, out), which returns a count, for all rows of every layer but the last, from
  // the last but one to the first, once for every batch; and done(layer index, sum of the counts) after each layer.
  template <class Pull, class Done>
  void run(const Pull& pull, const Done& done) {
    const KernelTable& table = kernels();
    const Csr& last = layers_.back();
    const std::int64_t batches = (last.cols + kBatchColumns - 1) / kBatchColumns;
    std::uint64_t batch_work = 0;
    for (const Csr& layer : layers_) batch_work += static_cast<std::uint64_t>(nonzeros(layer));
    context_.monitor.expect(context_.monitor.done() + batch_work * static_cast<std::uint64_t>(batches));
    for (std::int64_t batch = 0; batch < batches; ++batch) {
      step(last, [&](std::int64_t begin, std::int64_t end) {
        table.fill_bits[static_cast<int>(last.width)](last, batch * kBatchColumns, cursor_.data(), begin, end,
                                                      in_.data());
        return std::uint64_t{0};
      });
      for (std::size_t l = layers_.size() - 1; l-- > 0;) {
        done(l, step(layers_[l], [&](std::int64_t begin, std::int64_t end) {
               return pull(l, begin, end, in_.data(), out_.data());
             }));
        in_.swap(out_);
      }
      context_.monitor.advance(batch_work);
      context_.monitor.poll();
    }
  }

 private:
  static std::size_t tallest(const std::vector<Csr>& layers) {
    std::int64_t rows = 0;
    for (const Csr& layer : layers) rows = std::max(rows, layer.rows);
    return static_cast<std::size_t>(rows);
  }

  std::size_t last_rows() const { return static_cast<std::size_t>(layers_.back().rows); }

  // One step of one batch: every row of a layer, in blocks. Returns the sum of what `rows_kernel` returns.
  template <class Rows>
  std::uint64_t step(const Csr& layer, const Rows& rows_kernel) {
    const int workers = workers_for(static_cast<std::uint64_t>(nonzeros(layer)), context_);
    return count_blocks(layer.rows, workers, context_, [&](int, std::int64_t begin, std::int64_t end) {
      return CountOutcome{end, rows_kernel(begin, end), 0};
    });
  }

  const std::vector<Csr>& layers_;
  CountContext& context_;
  Charge charge_;
  Buffer<Bits512> in_, out_;
  Buffer<std::int64_t> cursor_;
};

}  // namespace

std::uint64_t count_by_bits(const std::vector<Csr>& layers, CountContext& context) {
  const KernelTable& table = kernels();
  std::uint64_t total = 0;
  const auto pull = [&](std::size_t l, std::int64_t begin, std::int64_t end, const Bits512* in, Bits512* out) {
    const int width = static_cast<int>(layers[l].width);
    if (l == 0) return table.pull_bits_count[width](layers[l], in, begin, end);
    table.pull_bits[width](layers[l], in, begin, end, out);
    return std::uint64_t{0};
  };
  BitBatches(layers, context).run(pull, [&](std::size_t, std::uint64_t count) { total += count; });
  return total;
}

std::vector<std::uint64_t> count_suffixes_by_bits(const std::vector<Csr>& layers, CountContext& context) {
  const KernelTable& table = kernels();
  std::vector<std::uint64_t> totals(layers.size(), 0);
  totals[0] = static_cast<std::uint64_t>(nonzeros(layers.back()));
  const auto pull = [&](std::size_t l, std::int64_t begin, std::int64_t end, const Bits512* in, Bits512* out) {
    return table.pull_bits_counted[static_cast<int>(layers[l].width)](layers[l], in, begin, end, out);
  };
  BitBatches(layers, context).run(pull, [&](std::size_t l, std::uint64_t count) {
    totals[layers.size() - 1 - l] += count;
  });
  return totals;
}

}  // namespace cheapfast
