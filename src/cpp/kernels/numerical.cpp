#include "kernels/numerical.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "core/buffer.hpp"
#include "core/pool.hpp"
#include "kernels/numerical_sums.hpp"

namespace cheapfast {
namespace {

// Rows handed to a thread at a time.
constexpr std::int64_t kBlockRows = 16;
// Values of a layer that a thread converts at a time: some milliseconds.
constexpr std::int64_t kBlockValues = 1 << 16;

// Calls body(k, re, im) for the values begin ... end - 1 of a layer.
template <class Body>
void for_values(const ValuedLayer& layer, std::int64_t begin, std::int64_t end, const Body& body) {
  const auto real = [&](const auto* v) {
    for (std::int64_t k = begin; k < end; ++k) body(k, static_cast<double>(v[k]), 0.0);
  };
  const auto complex = [&](const auto* v) {
    for (std::int64_t k = begin; k < end; ++k) {
      body(k, static_cast<double>(v[2 * k]), static_cast<double>(v[2 * k + 1]));
    }
  };
  switch (layer.type) {
    case ValueType::float32:
      return real(static_cast<const float*>(layer.values));
    case ValueType::float64:
      return real(static_cast<const double*>(layer.values));
    case ValueType::complex64:
      return complex(static_cast<const float*>(layer.values));
    default:
      return complex(static_cast<const double*>(layer.values));
  }
}

// An image of a value takes some 50 ns: many of them are shared by the threads, and Ctrl-C does not wait for all.
template <class Arithmetic>
Buffer<typename Arithmetic::Value> weights_of(const ValuedLayer& layer, const Arithmetic& arithmetic,
                                              CountContext& context) {
  const std::int64_t size = nonzeros(layer.pattern), blocks = (size + kBlockValues - 1) / kBlockValues;
  const auto for_blocks = [&](const auto& body) {
    parallel_for(blocks, std::max(1, context.threads), context.monitor, [&](int, std::int64_t block) {
      body(block, block * kBlockValues, std::min(size, (block + 1) * kBlockValues));
    });
  };
  Buffer<double> largest(static_cast<std::size_t>(blocks));
  for_blocks([&](std::int64_t block, std::int64_t begin, std::int64_t end) {
    double most = 0;
    for_values(layer, begin, end,
               [&](std::int64_t, double re, double im) { most = std::max({most, std::fabs(re), std::fabs(im)}); });
    largest[static_cast<std::size_t>(block)] = most;
  });
  const double most = blocks > 0 ? *std::max_element(largest.begin(), largest.end()) : 0;
  const int exponent = most > 0 ? std::ilogb(most) : 0;
  Buffer<typename Arithmetic::Value> weights(static_cast<std::size_t>(size));
  for_blocks([&](std::int64_t, std::int64_t begin, std::int64_t end) {
    for_values(layer, begin, end, [&](std::int64_t k, double re, double im) {
      weights[static_cast<std::size_t>(k)] = arithmetic.weight(re, im, exponent);
    });
  });
  return weights;
}

// Memory of one thread: sums by column, and the columns that a row reaches with theirs.
template <class Value>
struct RowMemory {
  RowMemory(std::int64_t widest, MemoryBudget& budget)
      : size(static_cast<std::size_t>(widest)),
        charge(budget, size * (2 * sizeof(Value) + 3 * sizeof(std::uint32_t)), "the sums of one row"),
        sums(size),
        values(size),
        stamps(size),
        columns(size),
        reached(size) {
    stamps.fill_zero();
  }

  std::size_t size;
  Charge charge;
  Buffer<Value> sums, values;
  Buffer<std::uint32_t> stamps, columns, reached;
  std::uint32_t epoch = 0;
};

template <class Arithmetic>
class NumericalCount {
 public:
  using Value = typename Arithmetic::Value;

  NumericalCount(const std::vector<ValuedLayer>& layers, const Arithmetic& arithmetic, CountContext& context)
      : layers_(layers), arithmetic_(arithmetic), context_(context) {
    context.monitor.expect(static_cast<std::uint64_t>(layers[0].pattern.rows));
    std::uint64_t bytes = 0;
    for (const ValuedLayer& layer : layers) {
      bytes += static_cast<std::uint64_t>(nonzeros(layer.pattern)) * sizeof(Value);
      widest_ = std::max(widest_, layer.pattern.cols);
    }
    charge_ = Charge(context.budget, bytes, "the weights of a numerical count");
    for (const ValuedLayer& layer : layers) weights_.push_back(weights_of(layer, arithmetic, context));
  }

  std::uint64_t run() {
    const std::int64_t rows = layers_[0].pattern.rows, blocks = (rows + kBlockRows - 1) / kBlockRows;
    const int workers = static_cast<int>(std::max<std::int64_t>(1, std::min<std::int64_t>(context_.threads, blocks)));
    std::vector<std::unique_ptr<RowMemory<Value>>> memory;
    for (int w = 0; w < workers; ++w) memory.push_back(std::make_unique<RowMemory<Value>>(widest_, context_.budget));
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(workers), 0);
    parallel_for(blocks, workers, context_.monitor, [&](int worker, std::int64_t block) {
      const std::size_t w = static_cast<std::size_t>(worker);
      const std::int64_t end = std::min(rows, (block + 1) * kBlockRows);
      for (std::int64_t row = block * kBlockRows; row < end && !context_.monitor.stopped(); ++row) {
        counts[w] += count_row(row, *memory[w]);
        context_.monitor.advance(1);
        if (worker == 0) context_.monitor.poll();
      }
    });
    std::uint64_t total = 0;
    for (const std::uint64_t part : counts) total += part;
    return total;
  }

 private:
  std::uint64_t count_row(std::int64_t row, RowMemory<Value>& memory) const {
    std::int64_t size = copy_row(row, memory);
    for (std::size_t l = 1; l < layers_.size(); ++l) {
      size = layers_[l].pattern.width == Width::narrow ? push<std::int32_t>(l, size, memory)
                                                       : push<std::int64_t>(l, size, memory);
    }
    std::uint64_t count = 0;
    for (std::int64_t k = 0; k < size; ++k) count += arithmetic_.counts(memory.values[static_cast<std::size_t>(k)]);
    return count;
  }

  std::int64_t copy_row(std::int64_t row, RowMemory<Value>& memory) const {
    const Csr& first = layers_[0].pattern;
    const auto copy = [&](const auto* starts, const auto* indices) {
      const std::int64_t begin = starts[row], size = starts[row + 1] - begin;
      for (std::int64_t k = 0; k < size; ++k) {
        memory.columns[static_cast<std::size_t>(k)] = static_cast<std::uint32_t>(indices[begin + k]);
        memory.values[static_cast<std::size_t>(k)] = weights_[0][static_cast<std::size_t>(begin + k)];
      }
      return size;
    };
    return first.width == Width::narrow
               ? copy(static_cast<const std::int32_t*>(first.starts), static_cast<const std::int32_t*>(first.indices))
               : copy(static_cast<const std::int64_t*>(first.starts), static_cast<const std::int64_t*>(first.indices));
  }

  // The row, `size` columns with their sums, times the next layer.
  template <class I>
  std::int64_t push(std::size_t l, std::int64_t size, RowMemory<Value>& memory) const {
    const I* const starts = static_cast<const I*>(layers_[l].pattern.starts);
    const I* const indices = static_cast<const I*>(layers_[l].pattern.indices);
    const Value* const weights = weights_[l].data();
    Value* const sums = memory.sums.data();
    std::uint32_t *const stamps = memory.stamps.data(), *const reached = memory.reached.data();
    if (++memory.epoch == 0) {
      memory.stamps.fill_zero();
      memory.epoch = 1;
    }
    const std::uint32_t mine = memory.epoch;
    std::size_t found = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(size); ++k) {
      const Value x = memory.values[k];
      const I end = starts[memory.columns[k] + 1];
      for (I q = starts[memory.columns[k]]; q < end; ++q) {
        const std::uint32_t column = static_cast<std::uint32_t>(indices[q]);
        const Value term = arithmetic_.product(x, weights[q]);
        if (stamps[column] == mine) {
          sums[column] = arithmetic_.sum(sums[column], term);
        } else {
          stamps[column] = mine;
          sums[column] = term;
          reached[found++] = column;
        }
      }
    }
    std::size_t kept = 0;
    for (std::size_t k = 0; k < found; ++k) {
      const Value sum = sums[reached[k]];
      memory.columns[kept] = reached[k];
      memory.values[kept] = sum;
      kept += !arithmetic_.vanished(sum);
    }
    arithmetic_.rescale(memory.values.data(), static_cast<std::int64_t>(kept));
    return static_cast<std::int64_t>(kept);
  }

  const std::vector<ValuedLayer>& layers_;
  const Arithmetic& arithmetic_;
  CountContext& context_;
  std::int64_t widest_ = 0;
  Charge charge_;
  std::vector<Buffer<Value>> weights_;
};

void check(const std::vector<ValuedLayer>& layers) {
  if (layers.empty()) throw std::invalid_argument("layers must hold at least one matrix");
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();  // columns are kept in 32 bits
  for (const ValuedLayer& layer : layers) {
    if (layer.pattern.cols > kMost) throw std::invalid_argument("layers must have fewer than 2^32 columns");
  }
  for (std::size_t l = 1; l < layers.size(); ++l) {
    if (layers[l - 1].pattern.cols != layers[l].pattern.rows) throw std::invalid_argument("layers must chain");
  }
}

}  // namespace

std::uint64_t count_modular(const std::vector<ValuedLayer>& layers, const Modulus& first, const Modulus& second,
                            CountContext& context) {
  check(layers);
  return NumericalCount<TwoPrimes>(layers, TwoPrimes(first, second), context).run();
}

std::uint64_t count_with_tolerance(const std::vector<ValuedLayer>& layers, double tolerance, CountContext& context) {
  check(layers);
  return NumericalCount<WithTolerance>(layers, WithTolerance(tolerance), context).run();
}

}  // namespace cheapfast
