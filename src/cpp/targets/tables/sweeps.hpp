// What the kernels of targets/sweeps.cpp take.
#pragma once

#include <cstdint>

#include "targets/tables/fused.hpp"

namespace cheapfast {

// One pass over all rows of an operand, or over some: unit u has the rows u % step + step * (i + radix * (u / step)).
struct Sweep {
  FusedPass pass;  // of kind rising or falling
  const void* in;
  void* out;                       // may be `in`
  std::int64_t in_step, out_step;  // from row to row, in scalars
  std::int64_t width;              // scalars of a row, rounded up to whole registers
  std::int64_t in_tail, out_tail;  // columns of the last register of a row that are there
  bool from_caller, to_caller;     // complex numbers as the caller has them, else split into parts
  std::int64_t begin, end;         // units
  // Of a pass that is scaled, for each column: becomes the bits of the largest magnitude of a real or imaginary part
  // that is written, if that is larger. Words of the size of a scalar; as numbers, bits are in the order of the
  // magnitudes, infinity and NaN last.
  void* largest;
  // How many bytes behind what is read, and what is written, of each row is asked for in advance; 0: the rows are near,
  // or the processor sees by itself what comes next.
  std::int64_t ahead_in, ahead_out;
  // Whether a unit is copied first to where it goes, and mixed there. Where every load and store is in another row than
  // the one before, some processors neither see what comes next nor have the lines that are written (on a Zen 4, large
  // batches take 5 to 30% less time with it). Only where a unit is in one piece, as read and as written.
  bool brings;
};

struct SweepsTable {
  // [columns share weights, or one vector]
  void (*sweep[4][2])(const Sweep&);
  int sweep_radix[4];  // the largest
};

}  // namespace cheapfast
