// What the kernels of targets/sign_sum_double.cpp take.
#pragma once

#include <cstdint>

#include "targets/tables/sign_sum.hpp"

namespace cheapfast {

// The sum of SignSumTask in double-double arithmetic: numbers are the sums of a high and a low part.
struct SignSumDoubleTask {
  const double* low[2];
  std::int64_t pairs;
  const double* high[2];
  std::int64_t count;
  int degree;
};

struct SignSumDoubleTable {
  void (*sign_sum_double[kSigmaKinds])(const SignSumDoubleTask&, double* sum);  // sum[0] + sum[1]
};

}  // namespace cheapfast
