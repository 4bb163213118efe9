// A run of Kronecker-sparse layers of small blocks, applied a tile of rows at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/monitor.hpp"
#include "kernels/value_type.hpp"
#include "targets/tables/fused.hpp"

namespace cheapfast {

// Some layers of the run, and the tiles that they do not mix: tile t has the rows in_base[t] + in_row[i] of what it
// reads and out_base[t] + out_row[i] of what it writes, i = 0 ... rows - 1. The first phase reads the operand, the
// others what the phase before has written, in place (so that their rows of both sides are the same). Where each tile
// has rows of its own to read, they are in_row[t * rows + i] (not per lane). Borrowed memory.
struct FusedPhase {
  std::int64_t rows, tiles;
  bool own_rows;
  const std::int64_t* in_row;
  const std::int64_t* in_base;
  const std::int64_t* out_row;
  const std::int64_t* out_base;
  std::vector<FusedPass> passes;
  const void* in_scale;  // see FusedTile
  const void* out_scale;
  const void* bias;
};

// Vectors of features: feature f of vector v is at memory + f * feature_step + v * vector_step, in numbers.
struct FusedOperand {
  void* memory;
  std::int64_t feature_step, vector_step;
};

struct FusedRun {
  ValueType type;
  // Weights are packed for registers of columns of one vector (`lanes` tiles side by side, weights of their own);
  // else for registers of vectors.
  bool per_lane;
  std::int64_t lanes;  // that the weights were packed for
  std::vector<FusedPhase> phases;
};

// Columns of a register with the instruction set in use.
int fused_lanes(ValueType type);

// Whether vectors are so few that they are quicker one by one than side by side, in registers that they do not fill.
bool fused_one_by_one(ValueType type, bool side_by_side, std::int64_t vectors);

// Whether so few numbers are not worth a second thread.
bool fused_is_serial(ValueType type, std::int64_t numbers);

// y = run . x, in place after the first phase; y does not overlap x. Throws std::runtime_error if the instruction set
// has changed since the weights were packed.
void apply_fused(const FusedRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                 Monitor& monitor);

}  // namespace cheapfast
