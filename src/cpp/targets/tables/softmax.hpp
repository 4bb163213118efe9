// What the kernels of targets/softmax.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// [float, double]; there is at least one feature; x and y do not overlap.
struct SoftmaxTable {
  // Vectors side by side, some columns of rows `step` apart.
  void (*softmax_columns[2])(const void* x, void* y, std::int64_t features, std::int64_t step, std::int64_t columns);
  // One vector in one piece.
  void (*softmax_vector[2])(const void* x, void* y, std::int64_t features);
};

}  // namespace cheapfast
