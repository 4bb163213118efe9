// Diagonals, permutations and biases: y[i] = scale[i] * x[order[i]] + bias[i].
#pragma once

#include <cstdint>

#include "core/monitor.hpp"
#include "kernels/value_type.hpp"

namespace cheapfast {

// Borrowed memory, one number (index) a feature; null: no factor, no offset, everything in its place.
struct Reordering {
  std::int64_t features;
  const std::int64_t* order;
  const void* scale;
  const void* bias;

  bool is_identity() const { return order == nullptr && scale == nullptr && bias == nullptr; }
};

// Feature f of vector v is at memory + f * feature_step + v * vector_step, in numbers; one of the steps is 1, in both
// sides the same.
struct ReorderSide {
  void* memory;
  std::int64_t feature_step, vector_step;
};

// Whether so few numbers are not worth a second thread.
bool reorder_is_serial(std::int64_t features, std::int64_t vectors);

// x and y do not overlap; without an order, they may be the same. O(features x vectors).
void apply_reordering(const Reordering& reordering, ValueType type, const ReorderSide& x, const ReorderSide& y,
                      std::int64_t vectors, int threads, Monitor& monitor);

// The same in place and without an order for the numbers begin ... end - 1 of memory without gaps, in the calling
// thread.
void scale_numbers(const Reordering& reordering, ValueType type, const ReorderSide& y, std::int64_t vectors,
                   std::int64_t begin, std::int64_t end);

}  // namespace cheapfast
