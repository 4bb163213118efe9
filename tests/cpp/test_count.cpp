// Every count kernel on every instruction set against sets of columns, on misaligned arrays of all index types.
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.hpp"
#include "core/memory.hpp"
#include "core/monitor.hpp"
#include "kernels/chain.hpp"
#include "kernels/dispatch.hpp"

using namespace cheapfast;

namespace {

using Rows = std::vector<std::set<std::int64_t>>;

Rows random_rows(std::mt19937& random, std::int64_t rows, std::int64_t cols, double density) {
  std::bernoulli_distribution present(density);
  Rows made(static_cast<std::size_t>(rows));
  for (auto& row : made) {
    for (std::int64_t c = 0; c < cols; ++c) {
      if (present(random)) row.insert(c);
    }
  }
  return made;
}

Rows product(const Rows& a, const Rows& b) {
  Rows out(a.size());
  for (std::size_t r = 0; r < a.size(); ++r) {
    for (const std::int64_t k : a[r])
      out[r].insert(b[static_cast<std::size_t>(k)].begin(), b[static_cast<std::size_t>(k)].end());
  }
  return out;
}

std::uint64_t size_of(const Rows& rows) {
  std::uint64_t total = 0;
  for (const auto& row : rows) total += row.size();
  return total;
}

// Arrays that start one element after whatever the allocator aligned.
template <class S, class X>
struct Misaligned {
  std::vector<S> starts;
  std::vector<X> indices;
  Csr csr;

  Misaligned(const Rows& rows, std::int64_t cols, Width width) : starts(2, 0), indices(1, 0) {
    for (const auto& row : rows) {
      for (const std::int64_t c : row) indices.push_back(static_cast<X>(c));
      starts.push_back(static_cast<S>(indices.size() - 1));
    }
    csr = {static_cast<std::int64_t>(rows.size()), cols, starts.data() + 1, indices.data() + 1, width};
  }
};

using Narrow = Misaligned<std::int32_t, std::int32_t>;
using Wide = Misaligned<std::int64_t, std::int64_t>;

ChainCount count_with(const std::vector<Csr>& layers, const char* method, int threads) {
  Monitor monitor;
  MemoryBudget budget(std::uint64_t{1} << 30);
  CountContext context{threads, budget, monitor};
  return count_chain(layers, method_named(method), context);
}

const char* const kMethods[] = {"auto", "stamps", "bitmap", "bits", "push", "intern"};

}  // namespace

TEST(every_method_on_every_target_counts_what_sets_count) {
  std::mt19937 random(1);
  for (const std::string& target : available_targets()) {
    set_target(target);
    for (int round = 0; round < 24; ++round) {
      const int depth = 2 + round % 3;
      std::vector<std::int64_t> sizes;
      for (int l = 0; l <= depth; ++l)
        sizes.push_back(round % 7 == 0 ? l % 2 : 1 + static_cast<std::int64_t>(random() % (l == depth ? 1100 : 250)));
      Rows expected;
      std::vector<std::unique_ptr<Narrow>> narrow;
      std::vector<std::unique_ptr<Wide>> wide;
      std::vector<Csr> layers;
      for (int l = 0; l < depth; ++l) {
        const std::size_t i = static_cast<std::size_t>(l);
        const Rows rows = random_rows(random, sizes[i], sizes[i + 1], round % 5 == 0 ? 0.3 : 0.01);
        expected = l == 0 ? rows : product(expected, rows);
        if ((round + l) % 2 == 0) {
          narrow.push_back(std::make_unique<Narrow>(rows, sizes[i + 1], Width::narrow));
          layers.push_back(narrow.back()->csr);
        } else {
          wide.push_back(std::make_unique<Wide>(rows, sizes[i + 1], Width::wide));
          layers.push_back(wide.back()->csr);
        }
      }
      for (const char* const method : kMethods) {
        const ChainCount counted = count_with(layers, method, 1 + round % 3);
        check(counted.count == size_of(expected), target + " " + method + " round " + std::to_string(round) + ": " +
                                                      std::to_string(counted.count) + ", sets say " +
                                                      std::to_string(size_of(expected)));
      }
    }
  }
  set_target(available_targets().back());
}

TEST(stamps_survive_the_wrap_of_their_epoch) {
  // More than 65535 rows, each reaching the same two columns twice: a stale stamp would lose some.
  const std::int64_t rows = 70000;
  Rows head(static_cast<std::size_t>(rows), {0, 1}), tail(2, {0, 1, 2});
  const Narrow a(head, 2, Width::narrow), b(tail, 3, Width::narrow);
  for (const char* const method : kMethods) {
    check(count_with({a.csr, b.csr}, method, 1).count == static_cast<std::uint64_t>(3 * rows), method);
  }
}

TEST(a_budget_too_small_is_refused_before_the_allocation) {
  const Rows rows(100, {0, 5});
  const Narrow a(rows, 100, Width::narrow);
  Monitor monitor;
  MemoryBudget budget(10);
  CountContext context{1, budget, monitor};
  bool refused = false;
  try {
    count_chain({a.csr, a.csr}, Method::stamps, context);
  } catch (const MemoryLimitError&) {
    refused = true;
  }
  check(refused, "no MemoryLimitError");
}
