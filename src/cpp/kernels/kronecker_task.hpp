// What the kernels of factors are told of one.
#pragma once

#include <algorithm>

#include "kernels/kronecker.hpp"
#include "targets/tables/kronecker.hpp"

namespace cheapfast {

// Where its operand and its result are comes on top.
inline KroneckerTask task_of(const KroneckerFactor& factor) {
  KroneckerTask task{};
  task.a = factor.a;
  task.b = factor.b;
  task.c = factor.c;
  task.d = factor.d;
  std::copy(factor.strides.begin(), factor.strides.end(), task.stride);
  task.values = factor.values;
  task.bias = factor.bias;
  return task;
}

}  // namespace cheapfast
