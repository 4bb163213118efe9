#include "kernels/neighbourhoods.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

// The second power passes through every node once anyway.
constexpr std::size_t kLeastLayers = 2;  // and the tail
// Entries of a node looked at together, its first one in place of those that it lacks: how many a short row has is what
// a processor guesses wrong, and that takes longer than looking at an entry once more.
constexpr int kTogether = 4;

// Memory of one thread: which nodes the row reaches, as marks and as a list.
class Reached {
 public:
  Reached(std::int64_t nodes, MemoryBudget& budget)
      : size_(static_cast<std::size_t>(nodes)),
        charge_(budget, size_ * sizeof(std::uint16_t) + (size_ + 1) * sizeof(std::uint32_t),
                "listing the nodes that a row reaches"),
        stamps_(size_),
        list_(size_ + 1) {
    stamps_.fill_zero();
  }

  // The mark of the next row: no stamp has it yet.
  std::uint16_t next_mark() {
    if (++mark_ == 0) {
      stamps_.fill_zero();
      mark_ = 1;
    }
    return mark_;
  }

  std::uint16_t* stamps() { return stamps_.data(); }
  std::uint32_t* list() { return list_.data(); }

 private:
  std::size_t size_;
  Charge charge_;
  Buffer<std::uint16_t> stamps_;
  Buffer<std::uint32_t> list_;
  std::uint16_t mark_ = 0;
};

// Calls f with the arrays of the matrix, typed.
template <class F>
auto with_arrays(const Csr& csr, const F& f) {
  const auto* const narrow = static_cast<const std::int32_t*>(csr.indices);
  const auto* const wide = static_cast<const std::int64_t*>(csr.starts);
  if (csr.width == Width::narrow) return f(static_cast<const std::int32_t*>(csr.starts), narrow);
  if (csr.width == Width::wide) return f(wide, static_cast<const std::int64_t*>(csr.indices));
  return f(wide, narrow);
}

bool same(const Csr& a, const Csr& b) {
  return a.rows == b.rows && a.cols == b.cols && a.starts == b.starts && a.indices == b.indices && a.width == b.width;
}

bool has_diagonal(const Csr& csr) {
  return with_arrays(csr, [&](const auto* starts, const auto* indices) {
    for (std::int64_t r = 0; r < csr.rows; ++r) {
      const auto* const end = indices + starts[r + 1];
      if (std::find(indices + starts[r], end, r) == end) return false;
    }
    return true;
  });
}

struct Neighbourhood {
  std::int64_t size;
  std::uint64_t pairs;
};

// Breadth first: what the step before has reached is passed through, in the order of the list.
template <class Start, class Index>
Neighbourhood neighbourhood(const Start* starts, const Index* indices, std::int64_t row, std::size_t steps,
                            Reached& reached) {
  const std::uint16_t mark = reached.next_mark();
  std::uint16_t* const stamps = reached.stamps();
  std::uint32_t* const list = reached.list();
  list[0] = static_cast<std::uint32_t>(row);
  stamps[row] = mark;
  std::int64_t size = 1, from = 0;
  std::uint64_t pairs = 0;
  for (std::size_t step = 0; step < steps && from < size; ++step) {
    for (const std::int64_t end = size; from < end; ++from) {
      const std::int64_t first = starts[list[from]], last = starts[list[from] + 1];
      for (std::int64_t k = first; k < last; k += kTogether) {
        for (int i = 0; i < kTogether; ++i) {
          const std::uint32_t column = static_cast<std::uint32_t>(indices[k + i < last ? k + i : first]);
          list[size] = column;
          size += stamps[column] != mark;
          stamps[column] = mark;
        }
      }
      pairs += static_cast<std::uint64_t>(last - first);
    }
  }
  return {size, pairs};
}

}  // namespace

bool is_power_with_diagonal(const Chain& chain) {
  if (chain.tail_class != nullptr || chain.layers.size() < kLeastLayers || chain.tail.rows != chain.tail.cols) {
    return false;
  }
  for (const Csr& layer : chain.layers) {
    if (!same(layer, chain.tail)) return false;
  }
  return has_diagonal(chain.tail);
}

std::uint64_t count_neighbourhoods(const Chain& chain, const std::int64_t* rows, std::int64_t count,
                                   std::int64_t* sizes, CountContext& context) {
  const Csr& matrix = chain.tail;
  record_run(std::string("neighbourhoods.") + width_name(matrix.width), kernels());
  const int workers =
      static_cast<int>(std::min<std::int64_t>(std::max(1, context.threads), std::max<std::int64_t>(1, count)));
  std::vector<std::unique_ptr<Reached>> memory;
  for (int w = 0; w < workers; ++w) memory.push_back(std::make_unique<Reached>(matrix.rows, context.budget));
  std::vector<std::uint64_t> pairs(static_cast<std::size_t>(workers), 0);
  parallel_for(count, workers, context.monitor, [&](int worker, std::int64_t i) {
    Reached& reached = *memory[static_cast<std::size_t>(worker)];
    const Neighbourhood found = with_arrays(matrix, [&](const auto* starts, const auto* indices) {
      return neighbourhood(starts, indices, rows[i], chain.layers.size() + 1, reached);
    });
    sizes[i] = found.size;
    pairs[static_cast<std::size_t>(worker)] += found.pairs;
    context.monitor.advance(1);
  });
  std::uint64_t total = 0;
  for (const std::uint64_t part : pairs) total += part;
  return total;
}

}  // namespace cheapfast
