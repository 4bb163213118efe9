// The kernels of targets/roofline.cpp: what the machine does at best.
#pragma once

#include <cstdint>

namespace cheapfast {

struct RooflineTable {
  float (*stream_read)(const float* data, std::int64_t size, std::int64_t repeats);
  void (*stream_update)(float* data, std::int64_t size, float factor, std::int64_t repeats);
  float (*iterate_float32)(float factor, std::int64_t steps);
  double (*iterate_float64)(double factor, std::int64_t steps);
  int iterate_flops[2];  // of one step: float32, float64
};

}  // namespace cheapfast
