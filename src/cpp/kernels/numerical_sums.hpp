// The arithmetic of a numerical count: what stands for a weight, for a product and for a sum, and which sums are zero.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "core/modular.hpp"
#include "kernels/numerical.hpp"

namespace cheapfast {

// Modulo two primes at once.
class TwoPrimes {
 public:
  struct Value {
    std::uint64_t first, second;
  };

  TwoPrimes(const Modulus& first, const Modulus& second)
      : first_(first.prime, first.root), second_(second.prime, second.root) {}

  Value weight(double re, double im, int) const { return {first_.image(re, im), second_.image(re, im)}; }
  Value product(Value a, Value b) const {
    return {first_.field().multiply(a.first, b.first), second_.field().multiply(a.second, b.second)};
  }
  Value sum(Value a, Value b) const {
    return {first_.field().add(a.first, b.first), second_.field().add(a.second, b.second)};
  }
  // Zero modulo both: no more terms will come of it.
  bool vanished(Value a) const { return (a.first | a.second) == 0; }
  bool counts(Value a) const { return !vanished(a); }
  void rescale(Value*, std::int64_t) const {}

 private:
  FloatImages first_, second_;
};

// In double precision, with the sum of the magnitudes of the terms beside each sum.
class WithTolerance {
 public:
  struct Value {
    double re, im, size;
  };

  explicit WithTolerance(double tolerance) : tolerance_(tolerance) {}

  // `exponent` is that of the layer's largest value: a common factor changes no answer and keeps the range.
  Value weight(double re, double im, int exponent) const {
    re = std::ldexp(re, -exponent);
    im = std::ldexp(im, -exponent);
    const double size = std::hypot(re, im);
    if (size < kSmallest) refuse();
    return {re, im, size};
  }
  Value product(Value a, Value b) const {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re, a.size * b.size};
  }
  Value sum(Value a, Value b) const { return {a.re + b.re, a.im + b.im, a.size + b.size}; }
  bool vanished(Value) const { return false; }
  bool counts(Value a) const { return std::hypot(a.re, a.im) > tolerance_ * a.size; }

  // Makes the largest magnitude of a row about 1, and refuses what is too small beside it to be told from zero.
  void rescale(Value* values, std::int64_t size) const {
    double largest = 0, smallest = HUGE_VAL;
    for (std::int64_t k = 0; k < size; ++k) {
      largest = std::max(largest, values[k].size);
      smallest = std::min(smallest, values[k].size);
    }
    if (size == 0) return;
    if (smallest < kSmallest) refuse();
    const int exponent = std::ilogb(largest);
    if (exponent < 200 && exponent > -200) return;
    const double factor = std::ldexp(1.0, -exponent);
    for (std::int64_t k = 0; k < size; ++k) {
      values[k] = {values[k].re * factor, values[k].im * factor, values[k].size * factor};
      if (values[k].size < kSmallest) refuse();
    }
  }

 private:
  // A product of two numbers above this is no subnormal.
  static constexpr double kSmallest = 1e-150;

  [[noreturn]] static void refuse() {
    throw std::invalid_argument(
        "tolerance needs values that differ by less than a factor of about 1e150 within a layer and within a row of "
        "each partial product; use tolerance=0, which is exact at any range");
  }

  double tolerance_;
};

}  // namespace cheapfast
