// What the kernels of targets/fused.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

enum class FusedKind : int {
  rising,   // log2(radix) layers of 2 x 2 blocks, the closest rows first
  falling,  // the same, the farthest rows first
  sums,     // all blocks are (1, 1; 1, -1)
  fourier,  // forward Fourier transforms of length `radix`, after a twiddle factor for each row but the first
};

// Several layers of a run, done in registers: rows q + step * (i + radix * g), i < radix, of a tile at a time.
struct FusedPass {
  FusedKind kind;
  int radix;
  std::int64_t step;
  const void* weights;
  std::int64_t tile_step, group_step, row_step;  // from one tile, g, q to the next, in scalars; 0 where they are tied
  std::int64_t tile_period;                      // tile t has the weights of tile t % tile_period
  int lanes_from;  // of a sweep over one vector: layers from this stride on, within registers; else beyond all lanes
  bool is_unit;    // of a sweep: blocks are (1, p; q, 1), of which p and q are there
  bool is_scaled;  // of a sweep: each row is multiplied by a weight in the end; those follow the layers'
  bool has_bias;   // of a sweep that is scaled: then a weight is added to each row; those follow
  // Of Fourier transforms of one vector: the weights of row i are those of the tile times turns[q * (radix - 1) + i -
  // 1], which all lanes share. null: the weights are complete.
  const void* turns;
};

// Rows row[i] and columns column[j] apart, in scalars, from `memory` on.
struct FusedPlaces {
  void* memory;
  const std::int64_t* row;
  const std::int64_t* column;
  bool adjacent;       // columns follow each other; the first one belongs to `memory`
  bool rows_are_unit;  // rows follow each other
};

struct FusedTile {
  const FusedPass* passes;
  int pass_count;
  std::int64_t rows;
  std::int64_t columns;  // there; scratch has room for them in whole registers
  FusedPlaces in, out;
  bool streams;          // no cache has the rows of `out`; all begin a line if the first does
  std::int64_t weights;  // which tile's
  // For each row of each tile, laid out as weights are: the factor of what is read, that of what is written, and what
  // is added last; null: none.
  const void* in_scale;
  const void* out_scale;
  const void* bias;
  void* scratch;
};

struct FusedTable {
  // [weights shared by the columns of a tile, or each lane its own]
  void (*fused[4][2])(const FusedTile&);
  int fused_lanes[4];                          // columns in a register
  void (*fused_gather[4])(const FusedTile&);   // rows and columns from `in` to scratch
  void (*fused_scatter[4])(const FusedTile&);  // and from scratch to `out`
};

}  // namespace cheapfast
