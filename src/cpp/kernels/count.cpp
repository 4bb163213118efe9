#include "kernels/count.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "core/buffer.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/row_blocks.hpp"

namespace cheapfast {
namespace {

const Csr& named_layer(const Csr& head, const Csr& tail) { return head.width == Width::own ? tail : head; }

// Memory of one thread that counts unions over `cols` columns.
class UnionMemory {
 public:
  UnionMemory(std::int64_t cols, MemoryBudget& budget)
      : columns_(static_cast<std::size_t>(cols)),
        words_((columns_ + 511) / 512 * 8),
        charge_(budget, columns_ * sizeof(std::uint16_t) + words_ * sizeof(std::uint64_t),
                "counting the columns of a row"),
        stamps_(columns_),
        bits_(words_) {
    stamps_.fill_zero();
    bits_.fill_zero();
    scratch = {stamps_.data(), cols, bits_.data(), 0};
  }

  UnionScratch scratch{};

 private:
  std::size_t columns_, words_;
  Charge charge_;
  Buffer<std::uint16_t> stamps_;
  Buffer<std::uint64_t> bits_;
};

std::int64_t widest(const Chain& chain) {
  std::int64_t width = chain.tail_class ? chain.tail.rows : 0;
  for (const Csr& layer : chain.layers) width = std::max(width, layer.cols);
  return width;
}

class PushMemory {
 public:
  PushMemory(const Chain& chain, MemoryBudget& budget)
      : union_(chain.tail.cols, budget),
        width_(static_cast<std::size_t>(widest(chain))),
        charge_(budget, width_ * sizeof(std::uint16_t) + 2 * (width_ + 1) * sizeof(std::uint32_t),
                "pushing a row through the layers"),
        stamps_(width_),
        list_a_(width_ + 1),
        list_b_(width_ + 1) {
    stamps_.fill_zero();
    scratch = {union_.scratch, stamps_.data(), static_cast<std::int64_t>(width_), list_a_.data(), list_b_.data(), 0};
  }

  PushScratch scratch{};

 private:
  UnionMemory union_;
  std::size_t width_;
  Charge charge_;
  Buffer<std::uint16_t> stamps_;
  Buffer<std::uint32_t> list_a_, list_b_;
};

template <class Memory, class... Arguments>
std::vector<std::unique_ptr<Memory>> one_each(int workers, Arguments&&... arguments) {
  std::vector<std::unique_ptr<Memory>> all;
  for (int w = 0; w < workers; ++w) all.push_back(std::make_unique<Memory>(arguments...));
  return all;
}

PushTask push_task(const Chain& chain, std::int64_t begin, std::int64_t end) {
  return {
      chain.layers.data(), static_cast<int>(chain.layers.size()), chain.tail, chain.tail_class, kPollWork, begin, end};
}

}  // namespace

std::int64_t nonzeros(const Csr& csr) {
  return csr.width == Width::narrow ? static_cast<const std::int32_t*>(csr.starts)[csr.rows]
                                    : static_cast<const std::int64_t*>(csr.starts)[csr.rows];
}

std::uint64_t longest_row(const Csr& csr) {
  std::int64_t longest = 0;
  const auto look = [&](const auto* starts) {
    for (std::int64_t r = 0; r < csr.rows; ++r) {
      longest = std::max(longest, static_cast<std::int64_t>(starts[r + 1] - starts[r]));
    }
  };
  if (csr.width == Width::narrow) {
    look(static_cast<const std::int32_t*>(csr.starts));
  } else {
    look(static_cast<const std::int64_t*>(csr.starts));
  }
  return static_cast<std::uint64_t>(longest);
}

bool rows_are_runs(const Csr& csr) {
  constexpr std::int64_t kSample = 512;
  constexpr std::int64_t kExceptions = kSample / 20;  // one row in twenty; more, and the sample need not be finished
  std::int64_t looked_at = 0, exceptions = 0;
  const auto look = [&](const auto* starts, const auto* indices) {
    const std::int64_t step = std::max<std::int64_t>(1, csr.rows / kSample);
    for (std::int64_t r = 0; r < csr.rows && exceptions <= kExceptions; r += step) {
      const std::int64_t begin = starts[r], end = starts[r + 1];
      if (end - begin < 2) continue;  // a single column is a run, but says nothing
      ++looked_at;
      exceptions +=
          static_cast<std::int64_t>(indices[end - 1]) - static_cast<std::int64_t>(indices[begin]) != end - begin - 1;
    }
  };
  if (csr.width == Width::narrow) {
    look(static_cast<const std::int32_t*>(csr.starts), static_cast<const std::int32_t*>(csr.indices));
  } else if (csr.width == Width::wide) {
    look(static_cast<const std::int64_t*>(csr.starts), static_cast<const std::int64_t*>(csr.indices));
  }
  return looked_at > 0 && 20 * exceptions <= looked_at;
}

std::uint64_t pair_work(const Csr& head, const Csr& tail, CountContext& context) {
  const KernelTable& table = kernels();
  const auto kernel = table.pair_work[static_cast<int>(head.width)][static_cast<int>(tail.width)];
  const int workers = workers_for(static_cast<std::uint64_t>(nonzeros(head)), context);
  return count_blocks(head.rows, workers, context, [&](int, std::int64_t begin, std::int64_t end) {
    return CountOutcome{end, kernel(head, tail, begin, end), 0};
  });
}

std::uint64_t count_by_rows(const Csr& head, const Csr& tail, const std::uint32_t* multiplicity, std::uint64_t pairs,
                            Accumulator accumulator, CountContext& context) {
  const KernelTable& table = kernels();
  record_run(kernel_name("count_rows", named_layer(head, tail)), table);
  const auto kernel = table.count_rows[static_cast<int>(head.width)][static_cast<int>(tail.width)];
  const int workers = workers_for(pairs, context);
  auto memory = one_each<UnionMemory>(workers, tail.cols, context.budget);
  return count_blocks(head.rows, workers, context, [&](int worker, std::int64_t begin, std::int64_t end) {
    const CountTask task{head, tail, multiplicity, begin, end, kPollWork, accumulator};
    return kernel(task, memory[static_cast<std::size_t>(worker)]->scratch);
  });
}

void count_each_row(const Csr& head, const Csr& tail, std::int64_t* sizes, CountContext& context) {
  const KernelTable& table = kernels();
  record_run(kernel_name("count_rows", named_layer(head, tail)), table);
  const auto kernel = table.count_rows[static_cast<int>(head.width)][static_cast<int>(tail.width)];
  const int workers = workers_for(static_cast<std::uint64_t>(nonzeros(head)), context);
  auto memory = one_each<UnionMemory>(workers, tail.cols, context.budget);
  count_blocks(head.rows, workers, context, [&](int worker, std::int64_t begin, std::int64_t end) {
    std::uint64_t work = 0;
    for (; begin < end && work < kPollWork; ++begin) {
      const CountTask task{head, tail, nullptr, begin, begin + 1, kPollWork, Accumulator::automatic};
      const CountOutcome out = kernel(task, memory[static_cast<std::size_t>(worker)]->scratch);
      sizes[begin] = static_cast<std::int64_t>(out.count);
      work += out.work;
    }
    return CountOutcome{begin, 0, work};
  });
}

std::uint64_t count_by_pushing(const Chain& chain, CountContext& context) {
  const KernelTable& table = kernels();
  record_run(kernel_name("push_rows", chain.layers[0]), table);
  if (context.monitor.watched()) {
    const PushForecast forecast = forecast_pushing(chain, context);
    const double work = forecast.push_work + forecast.final_work;
    context.monitor.expect(context.monitor.done() + static_cast<std::uint64_t>(work));
  }
  const int workers = std::max(1, context.threads);
  auto memory = one_each<PushMemory>(workers, chain, context.budget);
  return count_blocks(chain.layers[0].rows, workers, context, [&](int worker, std::int64_t begin, std::int64_t end) {
    const PushOutcome out =
        table.push_rows(push_task(chain, begin, end), memory[static_cast<std::size_t>(worker)]->scratch);
    return CountOutcome{out.next, out.count, out.push_work + out.final_work};
  });
}

std::uint64_t push_some_rows(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::int64_t* sizes,
                             CountContext& context) {
  const KernelTable& table = kernels();
  record_run(kernel_name("push_rows", chain.layers[0]), table);
  const int workers =
      static_cast<int>(std::min<std::int64_t>(std::max(1, context.threads), std::max<std::int64_t>(1, count)));
  auto memory = one_each<PushMemory>(workers, chain, context.budget);
  std::vector<std::uint64_t> pairs(static_cast<std::size_t>(workers), 0);
  parallel_for(count, workers, context.monitor, [&](int worker, std::int64_t i) {
    PushScratch& scratch = memory[static_cast<std::size_t>(worker)]->scratch;
    const PushOutcome out = table.push_rows(push_task(chain, rows[i], rows[i] + 1), scratch);
    sizes[i] = static_cast<std::int64_t>(out.count);
    pairs[static_cast<std::size_t>(worker)] += out.push_work + out.final_work;
    context.monitor.advance(1);
  });
  std::uint64_t total = 0;
  for (const std::uint64_t part : pairs) total += part;
  return total;
}

PushForecast forecast_pushing(const Chain& chain, CountContext& context) {
  constexpr std::int64_t kRows = 48;
  constexpr std::uint64_t kEnough = 1000000;
  const std::int64_t rows = chain.layers[0].rows;
  if (rows == 0) return {0, 0, 0, 0};
  PushMemory memory(chain, context.budget);
  double push = 0, final = 0, final_rows = 0, count = 0;
  std::int64_t looked_at = 0;
  for (std::int64_t i = 0; i < std::min(rows, kRows) && push + final < kEnough; ++i) {
    // A golden-ratio walk visits the rows evenly, however early it stops, and hits no stride of the matrix.
    const double turn = 0.5 + 0.6180339887498949 * static_cast<double>(i);
    const std::int64_t row = static_cast<std::int64_t>((turn - static_cast<double>(static_cast<std::int64_t>(turn))) *
                                                       static_cast<double>(rows));
    const PushOutcome out = kernels().push_rows(push_task(chain, row, row + 1), memory.scratch);
    push += static_cast<double>(out.push_work);
    final += static_cast<double>(out.final_work);
    final_rows += static_cast<double>(out.final_rows);
    count += static_cast<double>(out.count);
    ++looked_at;
    context.monitor.poll();
  }
  const double scale = static_cast<double>(rows) / static_cast<double>(looked_at);
  return {push * scale, final * scale, final_rows * scale, count * scale};
}

}  // namespace cheapfast
