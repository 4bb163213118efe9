#include "kernels/fused.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/buffer.hpp"
#include "core/caches.hpp"
#include "core/pool.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/pieces.hpp"

namespace cheapfast {
namespace {

constexpr const char* kNames[] = {"fused.float32", "fused.float64", "fused.complex64", "fused.complex128"};
constexpr std::int64_t kFarTile = std::int64_t{1} << 19;      // half of a second-level cache
constexpr std::int64_t kNearTile = std::int64_t{1} << 15;     // a first-level cache, and room beside it
constexpr std::int64_t kNearBytes = std::int64_t{1} << 23;    // data that no tile brings from memory
constexpr std::int64_t kTaskNumbers = std::int64_t{1} << 14;  // that one turn at the queue is worth
constexpr std::int64_t kParallelBytes = std::int64_t{1} << 19;
constexpr std::int64_t kMostColumns = 64;

// One worker's tile and the tables that say where its rows and columns are.
struct Worker {
  Buffer<char> scratch;
  std::vector<std::int64_t> in_column, out_column;
};

// A phase with operand and result in hand; steps count scalars from here on.
class PhaseRunner {
 public:
  PhaseRunner(const FusedRun& run, const FusedPhase& phase, const FusedOperand& x, const FusedOperand& y,
              std::int64_t vectors)
      : run_(run), phase_(phase), x_(x), y_(y), vectors_(vectors), table_(kernels()), parts_(parts(run.type)) {
    in_row_ = scaled(phase.in_row, x.feature_step, phase.own_rows ? phase.tiles : 1);
    out_row_ = scaled(phase.out_row, y.feature_step, 1);
    in_unit_ = !phase.own_rows && is_unit(in_row_);
    out_unit_ = is_unit(out_row_);
    streams_ = is_away();
  }

  void run(int threads, Monitor& monitor) const {
    const std::int64_t width = columns_at_once();
    const std::int64_t across = run_.per_lane ? vectors_ : (vectors_ + width - 1) / width;
    const std::int64_t along = run_.per_lane ? (phase_.tiles + width - 1) / width : phase_.tiles;
    const std::int64_t items = along * across;
    const std::int64_t per_turn = std::clamp<std::int64_t>(kTaskNumbers / (phase_.rows * width), 1, items);
    const std::int64_t turns = (items + per_turn - 1) / per_turn;
    const int workers = fused_is_serial(run_.type, phase_.rows * phase_.tiles * vectors_) ? 1 : threads;
    std::vector<Worker> state(static_cast<std::size_t>(std::max(workers, 1)));
    parallel_for(turns, workers, monitor, [&](int index, std::int64_t turn) {
      Worker& worker = state[static_cast<std::size_t>(index)];
      prepare(worker, width);
      const std::int64_t end = std::min((turn + 1) * per_turn, items);
      for (std::int64_t item = turn * per_turn; item < end; ++item) {
        if (run_.per_lane) {
          lanes_of_tiles(worker, item / along, item % along * width, width);
        } else {
          columns_of_tile(worker, item / across, item % across * width, width);
        }
      }
    });
  }

 private:
  std::vector<std::int64_t> scaled(const std::int64_t* rows, std::int64_t step, std::int64_t tiles) const {
    std::vector<std::int64_t> out(static_cast<std::size_t>(phase_.rows * tiles));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = rows[i] * step * parts_;
    return out;
  }

  bool is_unit(const std::vector<std::int64_t>& rows) const {
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (rows[i] - rows[i - 1] != parts_) return false;
    }
    return true;
  }

  // Whether the rows of the result are whole lines that no cache has: too many, and none of them read. Each would be
  // brought from memory in order to be written.
  bool is_away() const {
    const std::int64_t size = number_bytes(run_.type);
    if (x_.memory == y_.memory || y_.feature_step * size % kLineBytes != 0) return false;
    return phase_.rows * phase_.tiles * vectors_ * size >= kAwayBytes;
  }

  std::int64_t columns_at_once() const {
    if (run_.per_lane) return run_.lanes;
    // Narrow tiles pass through the fastest cache; wide rows are what memory delivers best.
    const std::int64_t lanes = run_.lanes, row_bytes = phase_.rows * number_bytes(run_.type);
    const bool is_near = row_bytes * phase_.tiles * std::min(vectors_, kMostColumns) <= kNearBytes;
    const std::int64_t fit = (is_near ? kNearTile : kFarTile) / row_bytes;
    const std::int64_t most = std::clamp(fit / lanes * lanes, lanes, std::max(kMostColumns, lanes));
    return std::min(most, (vectors_ + lanes - 1) / lanes * lanes);
  }

  void prepare(Worker& worker, std::int64_t width) const {
    if (!worker.in_column.empty()) return;
    worker.scratch.resize(static_cast<std::size_t>(phase_.rows * width * number_bytes(run_.type)));
    worker.in_column.resize(static_cast<std::size_t>(width));
    worker.out_column.resize(static_cast<std::size_t>(width));
  }

  void columns_of_tile(Worker& worker, std::int64_t tile, std::int64_t first, std::int64_t width) const {
    const std::int64_t columns = std::min(width, vectors_ - first);
    const auto side = [&](const FusedOperand& operand, std::int64_t base, std::vector<std::int64_t>& table) {
      const std::int64_t start = (base * operand.feature_step + first * operand.vector_step) * parts_;
      const bool adjacent = operand.vector_step == 1;
      for (std::int64_t j = 0; j < (adjacent ? 1 : columns); ++j) {
        table[static_cast<std::size_t>(j)] = start + j * operand.vector_step * parts_;
      }
      return adjacent;
    };
    const bool in_adjacent = side(x_, phase_.in_base[tile], worker.in_column);
    const bool out_adjacent = side(y_, phase_.out_base[tile], worker.out_column);
    apply(worker, columns, tile, in_adjacent, out_adjacent);
  }

  // The lanes of a register belong to neighbouring tiles of the same vector.
  void lanes_of_tiles(Worker& worker, std::int64_t vector, std::int64_t first, std::int64_t width) const {
    const std::int64_t columns = std::min(width, phase_.tiles - first);
    const auto side = [&](const FusedOperand& operand, const std::int64_t* base, std::vector<std::int64_t>& table) {
      bool adjacent = true;
      for (std::int64_t j = 0; j < columns; ++j) {
        table[static_cast<std::size_t>(j)] = (base[j] * operand.feature_step + vector * operand.vector_step) * parts_;
        adjacent = adjacent && (base[j] - base[0]) * operand.feature_step == j;
      }
      return adjacent;
    };
    const bool in_adjacent = side(x_, phase_.in_base + first, worker.in_column);
    const bool out_adjacent = side(y_, phase_.out_base + first, worker.out_column);
    apply(worker, columns, first / width, in_adjacent, out_adjacent);
  }

  FusedPlaces places(void* memory, const std::int64_t* rows, const std::int64_t* columns, bool adjacent,
                     bool unit) const {
    const std::int64_t size = part_bytes(run_.type);
    // Adjacent columns are read straight from memory: the first of them then belongs to the address.
    char* const start = static_cast<char*>(memory) + (adjacent ? columns[0] * size : 0);
    return {start, rows, columns, adjacent, unit};
  }

  void apply(Worker& worker, std::int64_t columns, std::int64_t weights, bool in_adjacent, bool out_adjacent) const {
    FusedTile tile{};
    tile.passes = phase_.passes.data();
    tile.pass_count = static_cast<int>(phase_.passes.size());
    tile.rows = phase_.rows;
    tile.columns = columns;
    const std::int64_t* const in_row = in_row_.data() + (phase_.own_rows ? weights * phase_.rows : 0);
    tile.in = places(x_.memory, in_row, worker.in_column.data(), in_adjacent, in_unit_);
    tile.out = places(y_.memory, out_row_.data(), worker.out_column.data(), out_adjacent, out_unit_);
    tile.streams = streams_;
    tile.weights = weights;
    tile.in_scale = phase_.in_scale;
    tile.out_scale = phase_.out_scale;
    tile.bias = phase_.bias;
    tile.scratch = worker.scratch.data();
    table_.fused[static_cast<int>(run_.type)][run_.per_lane ? 1 : 0](tile);
  }

  const FusedRun& run_;
  const FusedPhase& phase_;
  FusedOperand x_, y_;
  std::int64_t vectors_;
  const KernelTable& table_;
  std::int64_t parts_;
  std::vector<std::int64_t> in_row_, out_row_;
  bool in_unit_, out_unit_, streams_;
};

void run_phases(const FusedRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                Monitor& monitor) {
  const FusedOperand* source = &x;
  for (const FusedPhase& phase : run.phases) {
    PhaseRunner(run, phase, *source, y, vectors).run(threads, monitor);
    source = &y;
  }
}

}  // namespace

int fused_lanes(ValueType type) { return kernels().fused_lanes[static_cast<int>(type)]; }

bool fused_one_by_one(ValueType type, bool side_by_side, std::int64_t vectors) {
  const std::int64_t lanes = fused_lanes(type);
  // vectors side by side have to be taken apart and brought together again; complex ones compute longer beside that
  return side_by_side ? 8 * vectors <= parts(type) * lanes : 4 * vectors <= 3 * lanes;
}

bool fused_is_serial(ValueType type, std::int64_t numbers) { return numbers * number_bytes(type) < kParallelBytes; }

void apply_fused(const FusedRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                 Monitor& monitor) {
  if (run.lanes != fused_lanes(run.type)) {
    throw std::runtime_error("the weights were packed for another instruction set");
  }
  if (vectors == 0) return;
  record_run(kNames[static_cast<int>(run.type)], kernels());
  if (!run.per_lane || vectors == 1) return run_phases(run, x, y, vectors, threads, monitor);
  const std::int64_t features = run.phases[0].rows * run.phases[0].tiles;
  in_pieces(features, number_bytes(run.type), x, y, vectors,
            [&](const FusedOperand& from, const FusedOperand& to, std::int64_t count) {
              run_phases(run, from, to, count, threads, monitor);
              return true;
            });
}

}  // namespace cheapfast
