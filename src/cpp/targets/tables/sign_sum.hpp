// What the kernels of targets/sign_sum.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

enum class SigmaKind : int { exp, logistic, tanh, softplus, sin, gauss, relu, step, repu };
constexpr int kSigmaKinds = 9;
constexpr std::int64_t kSignSumPairs = 256;  // tables come in whole multiples: 4 x 16 lanes, four pairs each
constexpr std::int64_t kReluPairs = 32;      // and those of relu in these
constexpr std::int64_t kSignSumBlock = 512;  // sums of high halves in one call, at most

// sum over k < count of (-1)^popcount(k) sum over j < pairs of [sigma(high[k] + low[j]) - sigma(high[k] - low[j])]
struct SignSumTask {
  const void* low;  // tables are of the kernel's type; pairs beyond the true ones are 0, so that they cancel
  std::int64_t pairs;
  const void* merged;        // eight tables of pairs / 4 coefficients, see `sign_sum_merged`
  const void* exponentials;  // e^low, and then e^-low
  const void* magnitudes;    // |low|: the positive ones, filled up with zeros to `positive`, and then the others
  std::int64_t positive, end;
  const double* high;
  std::int64_t count;
  int degree;   // of a power of relu
  bool inside;  // no argument leaves the range where e^u is a normal number
};

struct SignSumTable {
  // [float32, float64][SigmaKind]; of merged: 32, 16 or 8 neurons a division
  double (*sign_sum[2][kSigmaKinds])(const SignSumTask&);
  double (*sign_sum_merged[2][3])(const SignSumTask&);
  double (*sign_sum_exp_table[2])(const SignSumTask&);
  void (*activate[2][kSigmaKinds])(const void* source, void* destination, std::int64_t size, int degree);
};

}  // namespace cheapfast
