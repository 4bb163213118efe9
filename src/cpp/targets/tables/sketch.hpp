// What the kernels of targets/sketch.cpp take.
#pragma once

#include <cstdint>

#include "core/csr.hpp"

namespace cheapfast {

// Sketches of sets: what a row reaches has the maximum, byte by byte (or the minimum, float by float), of the sketches
// of the columns that it names. With `sums`, no sketches are written but what they say of the size of each row.
struct SketchTask {
  Csr layer;       // narrow or wide
  const void* in;  // one sketch a column, on a boundary of 64 bytes
  void* out;       // one sketch a row; not used with sums
  void* sums;      // null; or one uint64 a row, added to (maxima), or one double a row, set (minima)
  std::int64_t begin, end;
};

// What one register adds to a sum: 2^(kMostRank - rank), or 2^kEmptyShift where nothing reached it. Sums of 64 of them
// are exact in 64 bits, in any order: slices of a sketch add up to what the whole would have given.
constexpr int kMostRank = 40;
constexpr int kEmptyShift = 46;
// The minimum over no columns.
constexpr float kNoRank = 3e38f;

struct SketchTable {
  // [narrow, wide][64 bytes a node, 16]; see SketchTask
  void (*sketch_maxima[2][2])(const SketchTask&);
  void (*sketch_minima[2])(const SketchTask&);  // 64 bytes a node
};

}  // namespace cheapfast
