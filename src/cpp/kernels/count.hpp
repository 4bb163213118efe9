// Counting the nonzeros of a product without storing it: the drivers that give kernels their memory, threads and
// pauses. All take supports in matrix order, without duplicates in a row, and return exact counts that do not depend
// on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "core/csr.hpp"
#include "core/memory.hpp"
#include "core/monitor.hpp"
#include "targets/tables/count.hpp"

namespace cheapfast {

struct CountContext {
  int threads;
  MemoryBudget& budget;
  Monitor& monitor;
};

// Number of (entry of head, entry of the row of tail that it names) pairs.
std::uint64_t pair_work(const Csr& head, const Csr& tail, CountContext& context);

// Whether nearly all rows (of a sample) are unbroken runs of sorted columns, as in bands and blocks.
bool rows_are_runs(const Csr& csr);

// Nonzeros of head . tail, row by row; `multiplicity` (null: all 1) says how often each row of head counts.
// O(pairs) time, O(columns) memory a thread.
std::uint64_t count_by_rows(const Csr& head, const Csr& tail, const std::uint32_t* multiplicity, std::uint64_t pairs,
                            Accumulator accumulator, CountContext& context);

// The same, with the nonzeros of each row written to `sizes`.
void count_each_row(const Csr& head, const Csr& tail, std::int64_t* sizes, CountContext& context);

// A chain that ends in `tail`; with `tail_class` (one entry a column of the last layer), the rows of tail that these
// columns stand for.
struct Chain {
  std::vector<Csr> layers;
  Csr tail;
  const std::uint32_t* tail_class = nullptr;
};

// Nonzeros of layers[0] ... layers[last] . tail, one row pushed through all layers at a time.
std::uint64_t count_by_pushing(const Chain& chain, CountContext& context);

// The nonzeros of some rows of that product, in the order in which they are named; returns the pairs looked at.
std::uint64_t push_some_rows(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::int64_t* sizes,
                             CountContext& context);

// The work that count_by_pushing would do, from a few rows of the first layer spread over it.
struct PushForecast {
  double push_work;   // pairs while lists are made
  double final_work;  // pairs of the last step
  double final_rows;  // rows looked up in it
  double count;       // nonzeros of the product
};
PushForecast forecast_pushing(const Chain& chain, CountContext& context);

std::int64_t nonzeros(const Csr& csr);
std::uint64_t longest_row(const Csr& csr);

}  // namespace cheapfast
