// Arithmetic modulo an odd number below 2^61, in Montgomery's form: x stands for x 2^64 mod p.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/wide.hpp"

namespace cheapfast {

class Montgomery {
 public:
  explicit Montgomery(std::uint64_t modulus) : modulus_(modulus), inverse_(modulus) {
    // Newton: each step doubles the bits that are right; an odd number is its own inverse modulo 8.
    for (int bits = 3; bits < 64; bits *= 2) inverse_ *= 2 - modulus * inverse_;
    square_ = 1;
    for (int i = 0; i < 128; ++i) square_ = add(square_, square_);
    if (modulus == 1) square_ = 0;
  }

  std::uint64_t modulus() const { return modulus_; }

  std::uint64_t add(std::uint64_t a, std::uint64_t b) const {
    const std::uint64_t sum = a + b;
    return sum >= modulus_ ? sum - modulus_ : sum;
  }

  std::uint64_t negative(std::uint64_t a) const { return a == 0 ? 0 : modulus_ - a; }

  std::uint64_t multiply(std::uint64_t a, std::uint64_t b) const {
    const Wide128 product = multiply_wide(a, b);
    const std::uint64_t folded = multiply_wide(product.low * inverse_, modulus_).high;
    return product.high >= folded ? product.high - folded : product.high + modulus_ - folded;
  }

  std::uint64_t from_integer(std::uint64_t x) const { return multiply(x % modulus_, square_); }

 private:
  std::uint64_t modulus_;
  std::uint64_t inverse_;  // of the modulus, modulo 2^64
  std::uint64_t square_;   // 2^128 mod p
};

// Finite floating-point numbers are m 2^e with integers m and e: modulo an odd p each has an exact image, and sums and
// products of images are the images of sums and products.
class FloatImages {
 public:
  // root^2 = -1 modulo p: the image of the imaginary unit.
  FloatImages(std::uint64_t prime, std::uint64_t root) : field_(prime), root_(field_.from_integer(root)) {
    const std::uint64_t half = field_.from_integer((prime + 1) / 2), two = field_.from_integer(2);
    powers_.resize(static_cast<std::size_t>(kLargest - kSmallest + 1));
    std::uint64_t up = field_.from_integer(1), down = up;
    for (int e = 0; e <= kLargest; ++e, up = field_.multiply(up, two)) powers_[place(e)] = up;
    for (int e = 0; e >= kSmallest; --e, down = field_.multiply(down, half)) powers_[place(e)] = down;
  }

  const Montgomery& field() const { return field_; }

  std::uint64_t image(double x) const {
    if (x == 0) return 0;
    int exponent;
    const double fraction = std::frexp(std::fabs(x), &exponent);
    const std::uint64_t digits = static_cast<std::uint64_t>(std::ldexp(fraction, kDigits));
    const std::uint64_t value = field_.multiply(field_.from_integer(digits), powers_[place(exponent - kDigits)]);
    return x < 0 ? field_.negative(value) : value;
  }
  std::uint64_t image(double re, double im) const { return field_.add(image(re), field_.multiply(root_, image(im))); }

 private:
  static constexpr int kDigits = 53;
  static constexpr int kSmallest = -1074 - kDigits, kLargest = 1024 - kDigits;
  static std::size_t place(int exponent) { return static_cast<std::size_t>(exponent - kSmallest); }

  Montgomery field_;
  std::uint64_t root_;
  std::vector<std::uint64_t> powers_;  // of two, from kSmallest on
};

}  // namespace cheapfast
