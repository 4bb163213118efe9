#include "kernels/sweeps.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include "core/caches.hpp"
#include "core/pool.hpp"
#include "core/spare.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/pieces.hpp"
#include "kernels/sweep_range.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"fused.float32", "fused.float64", "fused.complex64", "fused.complex128"};
constexpr std::int64_t kBlockBytes = std::int64_t{1} << 18;  // rows that go through several passes while they are near
constexpr std::int64_t kTurnBytes = std::int64_t{1} << 16;   // that one turn at the queue is worth
constexpr std::int64_t kNearBytes = std::int64_t{1} << 20;   // of an operand that the second-level cache may have
// Of rows that follow each other, which the processor does not ask for as it should, those of the next unit are asked
// for in advance, at least and at most so much; of others so much.
constexpr std::int64_t kLeastAheadBytes = 4096, kMostAheadBytes = 8192, kAheadBytesApart = 1024;
constexpr std::int64_t kScratchBytes = std::int64_t{1} << 20;  // that costs less than rows across lines

// Rows of a chunk of columns (or of registers of one vector), on their way through the passes.
class Chunk {
 public:
  Chunk(const SweepRun& run, std::int64_t rows, std::int64_t width, int workers, Largest& largest, Monitor& monitor)
      : run_(run),
        kernel_(kernels().sweep[static_cast<int>(run.type)][run.per_lane ? 1 : 0]),
        rows_(rows),
        width_(width),
        row_bytes_(width * part_bytes(run.type)),
        workers_(workers),
        largest_(largest),
        monitor_(monitor) {}

  struct Place {
    void* memory;
    std::int64_t step;  // from row to row, in scalars
    bool is_caller;     // complex numbers as the caller has them
    std::int64_t tail;  // columns of the last register of a row that are there
  };

  // `middle` has the rows between the passes; it may be `to`, or `from` if that is scratch.
  void apply(const Place& from, const Place& middle, const Place& to) const {
    const std::size_t count = run_.passes.size();
    for (std::size_t first = 0; first < count && !monitor_.stopped();) {
      std::int64_t block = 0;
      std::size_t last = first;
      for (; last < count; ++last) {
        const std::int64_t reach = run_.passes[last].radix * run_.passes[last].step;
        if (std::max(block, reach) * row_bytes_ > kBlockBytes) break;
        block = std::max(block, reach);
      }
      if (last > first + 1) {
        near(first, last, block, from, middle, to);
        first = last;
      } else {
        far(first, from, middle, to);
        ++first;
      }
    }
  }

 private:
  Sweep sweep(std::size_t number, const Place& from, const Place& middle, const Place& to) const {
    const Place& in = number == 0 ? from : middle;
    const Place& out = number + 1 == run_.passes.size() ? to : middle;
    return {run_.passes[number], in.memory,     out.memory, in.step, out.step, width_, in.tail, out.tail,
            in.is_caller,        out.is_caller, 0,          0,       nullptr,  0,      0,       false};
  }

  // Lets the first pass of a trip ask for rows in advance, or copy them first.
  void look_ahead(Sweep& part) const {
    const std::int64_t bytes = rows_ * row_bytes_;
    if (bytes <= kNearBytes) return;
    const bool is_away = bytes >= kAwayBytes, has_short_rows = !run_.per_lane && row_bytes_ < kAheadBytesApart;
    if (part.in != part.out && is_away && is_in_one_piece(part)) {
      part.brings = true;
    } else if (part.pass.step == 1) {
      part.ahead_in = std::clamp(part.pass.radix * row_bytes_, kLeastAheadBytes, kMostAheadBytes);
      if (part.in != part.out && is_away) part.ahead_out = part.ahead_in;
    } else if (part.in != part.out || (is_away && has_short_rows)) {
      part.ahead_in = kAheadBytesApart;
    }
  }

  // Whether a unit is rows that follow each other, without gaps on either side, each longer than a line.
  bool is_in_one_piece(const Sweep& part) const {
    const bool is_dense = part.in_step == width_ && part.out_step == width_;
    const bool is_full = part.in_tail == run_.lanes && part.out_tail == run_.lanes;
    return !run_.per_lane && part.pass.step == 1 && is_dense && is_full && row_bytes_ > kLineBytes;
  }

  void run(Sweep& part, std::size_t number) const {
    if (!run_.passes[number].is_scaled) return kernel_(part);
    // the last pass is the one that tells; a worker alone need not lock what it knows
    const bool tells = number + 1 == run_.passes.size();
    if (tells && workers_ <= 1) {
      part.largest = largest_.words().bytes;
      return kernel_(part);
    }
    Largest::Words words;
    largest_.clear(words);
    part.largest = words.bytes;
    kernel_(part);
    if (tells) largest_.include(words);
  }

  // Several passes, one block of rows after another.
  void near(std::size_t first, std::size_t last, std::int64_t block, const Place& from, const Place& middle,
            const Place& to) const {
    const std::int64_t blocks = rows_ / block;
    const std::int64_t at_once = std::clamp<std::int64_t>(kTurnBytes / (block * row_bytes_), 1, blocks);
    const auto run_blocks = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        for (std::size_t number = first; number < last; ++number) {
          Sweep part = sweep(number, from, middle, to);
          if (number == first) look_ahead(part);
          const std::int64_t units = block / part.pass.radix;
          part.begin = b * units;
          part.end = part.begin + units;
          run(part, number);
        }
      }
    };
    if (blocks <= at_once) return run_blocks(0, blocks);  // in less time than the queue takes to set up
    parallel_for((blocks + at_once - 1) / at_once, workers_, monitor_,
                 [&](int, std::int64_t turn) { run_blocks(turn * at_once, std::min(blocks, (turn + 1) * at_once)); });
  }

  // One pass over all rows.
  void far(std::size_t number, const Place& from, const Place& middle, const Place& to) const {
    Sweep all = sweep(number, from, middle, to);
    look_ahead(all);
    const std::int64_t units = rows_ / all.pass.radix;
    const std::int64_t at_once = std::clamp<std::int64_t>(kTurnBytes / (all.pass.radix * row_bytes_), 1, units);
    parallel_for((units + at_once - 1) / at_once, workers_, monitor_, [&](int, std::int64_t turn) {
      Sweep part = all;
      part.begin = turn * at_once;
      part.end = std::min(units, part.begin + at_once);
      run(part, number);
    });
  }

  const SweepRun& run_;
  void (*kernel_)(const Sweep&);
  std::int64_t rows_, width_, row_bytes_;
  int workers_;
  Largest& largest_;
  Monitor& monitor_;
};

// An operand with steps in scalars, from one column or feature on.
Chunk::Place place(const SweepRun& run, const FusedOperand& operand, std::int64_t first, std::int64_t step,
                   std::int64_t tail) {
  char* const start = static_cast<char*>(operand.memory) + first * operand.vector_step * number_bytes(run.type);
  return {start, step * parts(run.type), true, tail};
}

// A vector in one piece is rows of a register each. Returns whether the result is right.
bool apply_to_vector(const SweepRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vector,
                     int workers, Monitor& monitor) {
  Largest largest(run, 1);
  const std::int64_t width = run.lanes * parts(run.type);
  const Chunk::Place from = place(run, x, vector, run.lanes, run.lanes);
  const Chunk::Place to = place(run, y, vector, run.lanes, run.lanes);
  Chunk(run, run.features / run.lanes, width, workers, largest, monitor)
      .apply(from, {to.memory, width, false, run.lanes}, to);
  return run.least == 0 || monitor.stopped() || largest.is_right(x, vector);
}

// Columns [first, first + columns) of an operand whose columns do not lie side by side.
class Detour {
 public:
  Detour(const SweepRun& run, std::int64_t first, std::int64_t columns, void* scratch)
      : run_(run), first_(first), columns_(columns), scratch_(scratch) {}

  void gather(const FusedOperand& x) const { go(x, kernels().fused_gather[static_cast<int>(run_.type)]); }
  void scatter(const FusedOperand& y) const { go(y, kernels().fused_scatter[static_cast<int>(run_.type)]); }

 private:
  void go(const FusedOperand& operand, void (*kernel)(const FusedTile&)) const {
    const std::int64_t count = parts(run_.type);
    std::vector<std::int64_t> row(static_cast<std::size_t>(run_.features)), column(static_cast<std::size_t>(columns_));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = static_cast<std::int64_t>(i) * operand.feature_step * count;
    }
    for (std::size_t j = 0; j < column.size(); ++j) {
      column[j] = (first_ + static_cast<std::int64_t>(j)) * operand.vector_step * count;
    }
    FusedTile tile{};
    tile.rows = run_.features;
    tile.columns = columns_;
    tile.in = tile.out = {operand.memory, row.data(), column.data(), false, operand.feature_step == 1};
    tile.scratch = scratch_;
    kernel(tile);
  }

  const SweepRun& run_;
  std::int64_t first_, columns_;
  void* scratch_;
};

// Whether rows of the result serve between the passes: if they follow each other and lie as those of scratch do, or are
// too many for that.
bool serves_between(const SweepRun& run, const FusedOperand& y, std::int64_t columns) {
  if (columns % run.lanes != 0 || y.vector_step != 1 || y.feature_step != columns) return false;
  const std::int64_t row_bytes = columns * number_bytes(run.type);
  const std::uintptr_t places = reinterpret_cast<std::uintptr_t>(y.memory) | static_cast<std::uintptr_t>(row_bytes);
  return places % kLineBytes == 0 || run.features * row_bytes > kScratchBytes;
}

// Columns of rows that follow each other are taken together: parts of rows would be as far apart as powers of two are,
// and compete for the same lines of the caches.
std::int64_t columns_at_once(const SweepRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vectors) {
  const bool is_dense = x.vector_step == 1 && x.feature_step == vectors && serves_between(run, y, vectors);
  return is_dense && vectors * number_bytes(run.type) <= kSweepRowBytes ? vectors : kSweepColumns;
}

// Returns whether the result is right.
bool apply_to_columns(const SweepRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t first,
                      std::int64_t columns, int workers, Monitor& monitor) {
  Largest largest(run, columns);
  const std::int64_t padded = (columns + run.lanes - 1) / run.lanes * run.lanes;
  const std::int64_t width = padded * parts(run.type), tail = columns - (padded - run.lanes);
  const bool in_direct = x.vector_step == 1, out_direct = y.vector_step == 1;
  const Chunk::Place from = place(run, x, first, x.feature_step, tail), to = place(run, y, first, y.feature_step, tail);
  Spare<kSweepSpare> spare;
  Chunk::Place middle{to.memory, to.step, false, run.lanes};
  if (!serves_between(run, y, columns)) {
    middle.memory = spare.of_size(run.features * padded * number_bytes(run.type));
    middle.step = width;
  }
  const Detour detour(run, first, columns, middle.memory);
  if (!in_direct) detour.gather(x);
  Chunk(run, run.features, width, workers, largest, monitor)
      .apply(in_direct ? from : middle, middle, out_direct ? to : middle);
  if (monitor.stopped()) return true;
  if (!out_direct) detour.scatter(y);
  return run.least == 0 || largest.is_right(x, first);
}

}  // namespace

int sweep_radix(ValueType type, bool per_lane, std::int64_t step) {
  const int largest = kernels().sweep_radix[static_cast<int>(type)];
  // more rows of columns that are a power of two apart would compete for the same lines of the first-level cache
  return per_lane || step == 1 ? largest : std::min(largest, 8);
}

bool apply_sweeps(const SweepRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                  Monitor& monitor) {
  if (run.lanes != fused_lanes(run.type)) {
    throw std::runtime_error("the weights were packed for another instruction set");
  }
  if (vectors == 0) return true;
  record_run(kNames[static_cast<int>(run.type)], kernels());
  const int workers = fused_is_serial(run.type, run.features * vectors) ? 1 : std::max(threads, 1);
  if (run.per_lane) {
    const std::int64_t size = number_bytes(run.type);
    return in_pieces(run.features, size, x, y, vectors, [&](const auto& from, const auto& to, std::int64_t count) {
      bool is_right = true;
      for (std::int64_t v = 0; v < count && is_right; ++v) {
        is_right = apply_to_vector(run, from, to, v, workers, monitor);
      }
      return is_right;
    });
  }
  std::atomic<bool> is_right{true};
  const std::int64_t columns = columns_at_once(run, x, y, vectors), chunks = (vectors + columns - 1) / columns;
  const bool is_across = workers > 1 && chunks >= 2 * workers;  // one worker a chunk, else all workers on each
  parallel_for(chunks, is_across ? workers : 1, monitor, [&](int, std::int64_t chunk) {
    if (!is_right.load(std::memory_order_relaxed)) return;
    const std::int64_t first = chunk * columns;
    const bool mine =
        apply_to_columns(run, x, y, first, std::min(columns, vectors - first), is_across ? kAlone : workers, monitor);
    if (!mine) is_right.store(false, std::memory_order_relaxed);
  });
  return is_right;
}

}  // namespace cheapfast
