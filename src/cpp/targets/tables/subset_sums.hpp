// What the kernels of targets/subset_sums.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// Sums over subsets by 1 to 3 bits: 2^bits rows, of which the places j < width, whole registers.
struct SubsetRows {
  void* data;
  std::int64_t stride, width;  // of the numbers
  int bits;
};

struct SubsetSumsTable {
  // [float32, float64, int64][alternating, plain]
  void (*subset_block[3][2])(void* data, std::int64_t size);
  void (*subset_rows[3][2])(const SubsetRows&);
};

}  // namespace cheapfast
