// Nonzeros of products of sparse rows: the inner loops of every count.
//
// All kernels take supports without duplicates in a row, sorted or not, and look at each pair (entry of head,
// entry of the row of tail that it names) once.
#include "targets/tables/count.hpp"

#include <cstdint>

#include "core/caches.hpp"
#include "targets/rows.hpp"
#include "targets/simd.hpp"
#include "targets/unions.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// Brings a tail that fits the caches into them. The rows are asked for in random order, and prefetching a few entries
// ahead hides the latency of a cache but not that of main memory.
template <class Tail>
CHEAPFAST_INLINE void fetch(const Tail& tail, std::int64_t rows) {
  constexpr std::int64_t kStarts = kLineBytes / sizeof(typename Tail::Start);
  constexpr std::int64_t kIndices = kLineBytes / sizeof(typename Tail::Index);
  for (std::int64_t r = 0; r < rows; r += kStarts) CHEAPFAST_PREFETCH(&tail.starts[r]);
  for (std::int64_t k = 0; k < tail.starts[rows]; k += kIndices) CHEAPFAST_PREFETCH(&tail.indices[k]);
}

template <class Head, class Tail>
std::uint64_t pair_work(const Csr& head_csr, const Csr& tail_csr, std::int64_t begin, std::int64_t end) {
  const Head head(head_csr);
  const std::int64_t first = head.starts[begin];
  return pairs_of(List<typename Head::Index>{head.indices + first, head.starts[end] - first, 0, 0}, Tail(tail_csr));
}

template <Accumulator accumulator, class Head, class Tail>
CHEAPFAST_NOINLINE CountOutcome count_rows_with(const CountTask& task, UnionScratch& shared) {
  const Head head(task.head);
  const Tail tail(task.tail);
  UnionScratch scratch = shared;  // a copy of its own: the compiler need not reload it after every store
  const std::int64_t entries = head.starts[task.head.rows];
  const std::int64_t distance = prefetch_distance(tail.starts[task.tail.rows]);
  if (task.begin == 0 && distance == kAhead && entries >= task.tail.rows) fetch(tail, task.tail.rows);
  CountOutcome out{task.begin, 0, 0};
  for (; out.next < task.end && out.work < task.work_limit; ++out.next) {
    const std::int64_t first = head.starts[out.next];
    const List<typename Head::Index> list{head.indices + first, head.starts[out.next + 1] - first, entries - first,
                                          distance};
    out.work += 1;
    const std::uint64_t count = count_union<accumulator>(list, tail, task.tail.cols, scratch, out.work);
    out.count += task.multiplicity ? count * task.multiplicity[out.next] : count;
  }
  shared.epoch = scratch.epoch;
  return out;
}

// O(pairs) time, O(columns) memory: nothing of the product is stored.
template <class Head, class Tail>
CountOutcome count_rows(const CountTask& task, UnionScratch& scratch) {
  switch (task.accumulator) {
    case Accumulator::stamps:
      return count_rows_with<Accumulator::stamps, Head, Tail>(task, scratch);
    case Accumulator::bitmap:
      return count_rows_with<Accumulator::bitmap, Head, Tail>(task, scratch);
    case Accumulator::runs:
      return count_rows_with<Accumulator::runs, Head, Tail>(task, scratch);
    default:
      return count_rows_with<Accumulator::automatic, Head, Tail>(task, scratch);
  }
}

// out = the union of the listed rows of layer.
template <class Layer>
CHEAPFAST_INLINE std::int64_t push(const List<std::uint32_t>& list, const Layer& layer, std::uint16_t* stamps,
                                   std::uint16_t mine, std::uint32_t* out, std::uint64_t& work) {
  std::int64_t found = 0;
  for (std::int64_t k = 0; k < list.size; ++k) {
    prefetch(list, k, layer);
    const std::int64_t first = layer.starts[list.rows[k]], end = layer.starts[list.rows[k] + 1];
    for (std::int64_t q = first; q < end; ++q) {
      const std::uint32_t column = static_cast<std::uint32_t>(layer.indices[q]);
      out[found] = column;
      found += stamps[column] != mine;
      stamps[column] = mine;
    }
    work += static_cast<std::uint64_t>(end - first);
  }
  return found;
}

std::int64_t push_any(const List<std::uint32_t>& list, const Csr& layer, std::uint16_t* stamps, std::uint16_t mine,
                      std::uint32_t* out, std::uint64_t& work) {
  switch (layer.width) {
    case Width::narrow:
      return push(list, Narrow(layer), stamps, mine, out, work);
    case Width::wide:
      return push(list, Wide(layer), stamps, mine, out, work);
    default:
      return push(list, Own(layer), stamps, mine, out, work);
  }
}

template <class Tail>
std::uint64_t count_in_tail_of(const List<std::uint32_t>& list, const PushTask& task, UnionScratch& scratch,
                               std::uint64_t& work) {
  return count_union<Accumulator::automatic>(list, Tail(task.tail), task.tail.cols, scratch, work);
}

std::uint64_t count_in_tail(const List<std::uint32_t>& list, const PushTask& task, UnionScratch& scratch,
                            std::uint64_t& work) {
  switch (task.tail.width) {
    case Width::narrow:
      return count_in_tail_of<Narrow>(list, task, scratch, work);
    case Width::wide:
      return count_in_tail_of<Wide>(list, task, scratch, work);
    default:
      return count_in_tail_of<Own>(list, task, scratch, work);
  }
}

template <class Layer>
std::int64_t copy_row(const Csr& csr, std::int64_t row, std::uint32_t* out) {
  const Layer layer(csr);
  const std::int64_t first = layer.starts[row], size = layer.starts[row + 1] - first;
  for (std::int64_t k = 0; k < size; ++k) out[k] = static_cast<std::uint32_t>(layer.indices[first + k]);
  return size;
}

std::int64_t copy_row_any(const Csr& csr, std::int64_t row, std::uint32_t* out) {
  switch (csr.width) {
    case Width::narrow:
      return copy_row<Narrow>(csr, row, out);
    case Width::wide:
      return copy_row<Wide>(csr, row, out);
    default:
      return copy_row<Own>(csr, row, out);
  }
}

// Rows of equal support stand once in tail: name each of them once.
CHEAPFAST_INLINE std::int64_t to_classes(const std::uint32_t* list, std::int64_t size, const std::uint32_t* classes,
                                         std::uint16_t* stamps, std::uint16_t mine, std::uint32_t* out) {
  std::int64_t found = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    const std::uint32_t c = classes[list[k]];
    out[found] = c;
    found += stamps[c] != mine;
    stamps[c] = mine;
  }
  return found;
}

// O(pairs) time and O(widest layer) memory for a chain of any length.
PushOutcome push_rows(const PushTask& task, PushScratch& scratch) {
  PushOutcome out{task.begin, 0, 0, 0, 0};
  for (; out.next < task.end && out.push_work + out.final_work < task.work_limit; ++out.next) {
    std::uint32_t *rows = scratch.list_a, *other = scratch.list_b;
    std::int64_t size = copy_row_any(task.layers[0], out.next, rows);
    for (int l = 1; l < task.layer_count + (task.tail_class != nullptr); ++l) {
      next_epoch(scratch.stamps, scratch.stamps_size, scratch.epoch);
      const std::uint16_t mine = static_cast<std::uint16_t>(scratch.epoch);
      size = l < task.layer_count
                 ? push_any({rows, size, size, kAhead}, task.layers[l], scratch.stamps, mine, other, out.push_work)
                 : to_classes(rows, size, task.tail_class, scratch.stamps, mine, other);
      std::uint32_t* const swap = rows;
      rows = other;
      other = swap;
    }
    out.push_work += 1;
    out.final_rows += static_cast<std::uint64_t>(size);
    out.count += count_in_tail({rows, size, size, kAhead}, task, scratch.tail, out.final_work);
  }
  return out;
}

template <class Head>
void fill_count_for_head(CountTable& table, int head) {
  table.pair_work[head][static_cast<int>(Width::narrow)] = pair_work<Head, Narrow>;
  table.pair_work[head][static_cast<int>(Width::wide)] = pair_work<Head, Wide>;
  table.pair_work[head][static_cast<int>(Width::own)] = pair_work<Head, Own>;
  table.count_rows[head][static_cast<int>(Width::narrow)] = count_rows<Head, Narrow>;
  table.count_rows[head][static_cast<int>(Width::wide)] = count_rows<Head, Wide>;
  table.count_rows[head][static_cast<int>(Width::own)] = count_rows<Head, Own>;
}

}  // namespace

void fill_count(CountTable& table) {
  fill_count_for_head<Narrow>(table, static_cast<int>(Width::narrow));
  fill_count_for_head<Wide>(table, static_cast<int>(Width::wide));
  fill_count_for_head<Own>(table, static_cast<int>(Width::own));
  table.push_rows = push_rows;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
