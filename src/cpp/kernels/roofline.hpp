// The best that the machine does with the instruction set in use, for figures to be compared with.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"

namespace cheapfast {

// Each of `threads` threads reads its part of the data `repeats` times; returns repeats * sum of the data.
double stream_read(const float* data, std::int64_t size, std::int64_t repeats, int threads, Monitor& monitor);

// The same with data = factor * data instead.
void stream_update(float* data, std::int64_t size, float factor, std::int64_t repeats, int threads, Monitor& monitor);

struct Iterated {
  double value;  // the mean after `steps` times y = factor * y + 1, from 0, 1 ... 11
  double flops;  // of all threads together
};

// Each thread iterates in registers only.
Iterated iterate(double factor, bool single, std::int64_t steps, int threads, Monitor& monitor);

}  // namespace cheapfast
