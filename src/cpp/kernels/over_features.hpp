// Activations that look at several features of a vector: softmax and maxpool.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"

namespace cheapfast {

// Numbers of the same vectors: feature by feature, with the vectors side by side, or vector by vector.
struct Features {
  std::int64_t count;
  std::int64_t vectors;
  bool side_by_side;
};

// y[f] = exp(x[f] - max x) / sum over g of exp(x[g] - max x) for each vector; float32 where `single`, float64
// otherwise. Of a vector with a NaN, with +infinity or of nothing but -infinity, all become NaN. x and y do not
// overlap. O(numbers).
void apply_softmax(bool single, const void* x, void* y, const Features& features, int threads, Monitor& monitor);

// y[f] = max of x[f * window ... f * window + window - 1] for each vector, NaN if one of them is; `features` are those
// of y. x and y do not overlap. O(numbers of x).
void apply_maxpool(bool single, const void* x, void* y, const Features& features, std::int64_t window, int threads,
                   Monitor& monitor);

}  // namespace cheapfast
