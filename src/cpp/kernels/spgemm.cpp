#include "kernels/spgemm.hpp"

#include <algorithm>
#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/pool.hpp"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace cheapfast {
namespace {

constexpr std::int64_t kBlockRows = 64;
// Below this many rows of left, threads cost more than they save.
constexpr std::int64_t kSerialRows = 512;

int workers_for(const Csr& left, const CountContext& context) {
  return left.rows < kSerialRows ? 1 : std::max(1, context.threads);
}

template <class Body>
void for_row_blocks(std::int64_t rows, int workers, Monitor& monitor, const Body& body) {
  parallel_for((rows + kBlockRows - 1) / kBlockRows, workers, monitor, [&](int worker, std::int64_t block) {
    body(static_cast<std::size_t>(worker), block * kBlockRows, std::min(rows, (block + 1) * kBlockRows));
  });
}

// Trailing zeros of a word that is not 0.
int lowest_bit(std::uint64_t word) {
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long position;
  _BitScanForward64(&position, word);
  return static_cast<int>(position);
#else
  return __builtin_ctzll(word);
#endif
}

// The columns that a row has reached: one bit a column, and above it two levels with one bit for each word that is not
// empty. Read back, it sorts the columns in time proportional to their number.
class ColumnSet {
 public:
  ColumnSet(std::int64_t cols, MemoryBudget& budget) {
    std::size_t bytes = 0;
    for (int level = 0; level < kLevels; ++level) {
      sizes_[level] = (static_cast<std::size_t>(cols) >> (6 * (level + 1))) + 1;
      bytes += sizes_[level] * sizeof(std::uint64_t);
    }
    charge_ = Charge(budget, bytes, "multiplying sparse matrices");
    for (int level = 0; level < kLevels; ++level) {
      words_[level].resize(sizes_[level]);
      words_[level].fill_zero();
    }
  }

  // True where the column was not in the set.
  bool insert(std::int64_t column) {
    std::uint64_t& word = words_[0][static_cast<std::size_t>(column >> 6)];
    const std::uint64_t bit = std::uint64_t{1} << (column & 63);
    if ((word & bit) != 0) return false;
    if (word == 0) {
      words_[1][static_cast<std::size_t>(column >> 12)] |= std::uint64_t{1} << ((column >> 6) & 63);
      words_[2][static_cast<std::size_t>(column >> 18)] |= std::uint64_t{1} << ((column >> 12) & 63);
    }
    word |= bit;
    return true;
  }

  // Calls visit with every column in rising order, and empties the set.
  template <class Visit>
  void drain(const Visit& visit) {
    for (std::size_t i = 0; i < sizes_[2]; ++i) {
      for (; words_[2][i] != 0; words_[2][i] &= words_[2][i] - 1) {
        const std::size_t j = 64 * i + static_cast<std::size_t>(lowest_bit(words_[2][i]));
        for (; words_[1][j] != 0; words_[1][j] &= words_[1][j] - 1) {
          const std::size_t k = 64 * j + static_cast<std::size_t>(lowest_bit(words_[1][j]));
          std::uint64_t word = words_[0][k];
          words_[0][k] = 0;
          for (; word != 0; word &= word - 1) visit(64 * k + static_cast<std::size_t>(lowest_bit(word)));
        }
      }
    }
  }

 private:
  static constexpr int kLevels = 3;
  Charge charge_;
  std::size_t sizes_[kLevels];
  Buffer<std::uint64_t> words_[kLevels];
};

template <class T>
struct Workspace {
  ColumnSet columns;
  Charge charge;
  Buffer<T> sums;

  Workspace(std::int64_t cols, MemoryBudget& budget)
      : columns(cols, budget),
        charge(budget, static_cast<std::uint64_t>(cols) * sizeof(T), "summing the entries of a row"),
        sums(static_cast<std::size_t>(cols)) {}
};

template <class Memory>
std::vector<std::unique_ptr<Memory>> one_each(int workers, std::int64_t cols, MemoryBudget& budget) {
  std::vector<std::unique_ptr<Memory>> all;
  for (int w = 0; w < workers; ++w) all.push_back(std::make_unique<Memory>(cols, budget));
  return all;
}

// Fills the row's place and returns how many entries are not zero; these come first. Adds the pairs to `pairs`.
template <class I, class Index, class T>
std::int64_t fill_row(std::int64_t r, const Csr& left, const T* a, const Csr& right, const T* b, Workspace<T>& work,
                      Index* indices, T* values, std::uint64_t& pairs) {
  const I *ap = static_cast<const I*>(left.starts), *ai = static_cast<const I*>(left.indices);
  const I *bp = static_cast<const I*>(right.starts), *bi = static_cast<const I*>(right.indices);
  T* const sums = work.sums.data();
  for (I k = ap[r]; k < ap[r + 1]; ++k) {
    const T weight = a[k];
    pairs += static_cast<std::uint64_t>(bp[ai[k] + 1] - bp[ai[k]]);
    for (I q = bp[ai[k]]; q < bp[ai[k] + 1]; ++q) {
      const I column = bi[q];
      if (work.columns.insert(column)) {
        sums[column] = weight * b[q];
      } else {
        sums[column] += weight * b[q];
      }
    }
  }
  std::int64_t kept = 0;
  work.columns.drain([&](std::size_t column) {
    const T value = sums[column];
    if (value == T(0)) return;
    indices[kept] = static_cast<Index>(column);
    values[kept++] = value;
  });
  return kept;
}

// Closes the gaps that cancelled entries left.
template <class Index, class T>
void compact(SparseProduct<Index, T>& product, const Buffer<std::int64_t>& starts, const Buffer<std::int64_t>& kept) {
  std::size_t to = 0;
  for (std::size_t r = 0; r < kept.size(); ++r) {
    const std::size_t from = static_cast<std::size_t>(starts[r]), size = static_cast<std::size_t>(kept[r]);
    product.starts[r] = static_cast<Index>(to);
    if (to != from) {
      std::copy_n(product.indices.data() + from, size, product.indices.data() + to);
      std::copy_n(product.values.data() + from, size, product.values.data() + to);
    }
    to += size;
  }
  product.starts[kept.size()] = static_cast<Index>(to);
  product.indices.resize(to);
  product.values.resize(to);
}

template <class I, class Index, class T>
SparseProduct<Index, T> fill(const Csr& left, const T* a, const Csr& right, const T* b,
                             const Buffer<std::int64_t>& starts, CountContext& context) {
  const std::size_t entries = static_cast<std::size_t>(starts[static_cast<std::size_t>(left.rows)]);
  context.budget.take(entries * (sizeof(Index) + sizeof(T)) + starts.size() * sizeof(Index), "the product");
  SparseProduct<Index, T> product;
  product.starts.resize(starts.size());
  product.indices.resize(entries);
  product.values.resize(entries);
  const int workers = workers_for(left, context);
  auto memory = one_each<Workspace<T>>(workers, right.cols, context.budget);
  Buffer<std::int64_t> kept(static_cast<std::size_t>(left.rows));
  for_row_blocks(left.rows, workers, context.monitor, [&](std::size_t worker, std::int64_t begin, std::int64_t end) {
    std::uint64_t pairs = 0;
    for (std::int64_t r = begin; r < end && !context.monitor.stopped(); ++r) {
      const std::size_t row = static_cast<std::size_t>(r);
      kept[row] = fill_row<I>(r, left, a, right, b, *memory[worker], product.indices.data() + starts[row],
                              product.values.data() + starts[row], pairs);
      if (worker == 0 && pairs > kPollWork) {
        context.monitor.poll();
        pairs = 0;
      }
    }
  });
  compact(product, starts, kept);
  return product;
}

}  // namespace

Buffer<std::int64_t> product_starts(const Csr& left, const Csr& right, CountContext& context) {
  Buffer<std::int64_t> starts(static_cast<std::size_t>(left.rows) + 1);
  starts[0] = 0;
  count_each_row(left, right, starts.data() + 1, context);
  for (std::size_t r = 1; r < starts.size(); ++r) starts[r] += starts[r - 1];
  return starts;
}

template <class Index, class T>
SparseProduct<Index, T> sparse_product(const Csr& left, const T* a, const Csr& right, const T* b,
                                       const Buffer<std::int64_t>& starts, CountContext& context) {
  return left.width == Width::narrow ? fill<std::int32_t, Index>(left, a, right, b, starts, context)
                                     : fill<std::int64_t, Index>(left, a, right, b, starts, context);
}

#define CHEAPFAST_INSTANTIATE(Index, T)                                                       \
  template SparseProduct<Index, T> sparse_product(const Csr&, const T*, const Csr&, const T*, \
                                                  const Buffer<std::int64_t>&, CountContext&);
#define CHEAPFAST_INSTANTIATE_TYPES(Index)          \
  CHEAPFAST_INSTANTIATE(Index, float)               \
  CHEAPFAST_INSTANTIATE(Index, double)              \
  CHEAPFAST_INSTANTIATE(Index, std::complex<float>) \
  CHEAPFAST_INSTANTIATE(Index, std::complex<double>)
CHEAPFAST_INSTANTIATE_TYPES(std::int32_t)
CHEAPFAST_INSTANTIATE_TYPES(std::int64_t)

}  // namespace cheapfast
