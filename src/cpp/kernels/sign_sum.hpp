// The output of the flat product gate before it is scaled: a signed sum of an activation over 2^n neurons.
#pragma once

#include <cstdint>
#include <functional>

#include "core/monitor.hpp"
#include "targets/tables/sign_sum.hpp"

namespace cheapfast {

constexpr int kSignSumMost = 40;  // steps

// sum over s in {-1, +1}^n of s_1 ... s_n sigma(bias + s_1 steps[0] + ... + s_n steps[n - 1]), 1 <= n <= 40, steps
// ascending and not negative. The low half of the signs comes from tables in the first-level cache; the sums of fixed
// blocks are added in their order, so that the result does not depend on the number of threads. O(2^n).
// Arguments in float32 where `single`, in float64 otherwise; degree: of a power of relu.
double sign_sum(SigmaKind kind, bool single, const double* steps, int n, double bias, int degree, int threads,
                Monitor& monitor);

// The same for a function of the caller, which threads call at the same time.
typedef std::function<double(double)> ScalarFunction;
double sign_sum(const ScalarFunction& function, const double* steps, int n, double bias, int threads, Monitor& monitor);

// The same in double-double arithmetic: steps, bias and result are sums of two doubles.
struct DoubleDouble {
  double high, low;
};
DoubleDouble sign_sum_double(SigmaKind kind, const DoubleDouble* steps, int n, DoubleDouble bias, int degree,
                             int threads, Monitor& monitor);

// The activation of each number by the kernel that the sums use; float32 where `single`.
void activate(SigmaKind kind, bool single, const void* source, void* destination, std::int64_t size, int degree);

}  // namespace cheapfast
