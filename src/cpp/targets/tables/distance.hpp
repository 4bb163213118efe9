// What the kernels of targets/distance.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// Rows begin ... end - 1, in the order of `rows`, of what kernels/distance.hpp compares.
struct DistanceTask {
  const void* values;
  const std::int64_t* rows;
  std::int64_t p, width, left_width;
  const double* left[2];
  const double* right[2];
  std::int64_t runs, run_length;
  const std::int64_t* starts;
  std::int64_t begin, end;
};

struct DistanceTable {
  // [float32, float64][terms less one][each number of a run its own left factor, or all the same]
  double (*distance[2][2][2])(const DistanceTask&);
  double (*squares[2])(const void* data, std::int64_t size);  // their sum, in double precision
};

}  // namespace cheapfast
