// Double-double arithmetic on vectors: numbers as unevaluated sums of two, about 106 bits (Dekker, Knuth; Hida, Li and
// Bailey's QD). To be compiled without contraction of a * b + c.
#pragma once

#include "targets/sigma_math.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

typedef Wide<double> Doubles;

struct Twofold {
  Doubles high, low;
};

CHEAPFAST_INLINE Twofold quick_sum(Doubles a, Doubles b) {  // |a| >= |b|
  const Doubles sum = a + b;
  return {sum, b - (sum - a)};
}
CHEAPFAST_INLINE Twofold exact_sum(Doubles a, Doubles b) {
  const Doubles sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}
CHEAPFAST_INLINE Twofold exact_product(Doubles a, Doubles b) {
  const Doubles product = a * b;
  return {product, product_error<double>(a, b, product)};
}
CHEAPFAST_INLINE Twofold twofold(double high, double low = 0) { return {wide(high), wide(low)}; }
CHEAPFAST_INLINE Twofold negative(Twofold a) { return {-a.high, -a.low}; }

// Accurate also where the operands cancel.
CHEAPFAST_INLINE Twofold add(Twofold a, Twofold b) {
  Twofold s = exact_sum(a.high, b.high);
  const Twofold t = exact_sum(a.low, b.low);
  s = quick_sum(s.high, s.low + t.high);
  return quick_sum(s.high, s.low + t.low);
}
CHEAPFAST_INLINE Twofold add(Twofold a, Doubles b) {
  const Twofold s = exact_sum(a.high, b);
  return quick_sum(s.high, s.low + a.low);
}
CHEAPFAST_INLINE Twofold multiply(Twofold a, Twofold b) {
  const Twofold p = exact_product(a.high, b.high);
  return quick_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}
CHEAPFAST_INLINE Twofold multiply(Twofold a, Doubles b) {
  const Twofold p = exact_product(a.high, b);
  return quick_sum(p.high, p.low + a.low * b);
}
CHEAPFAST_INLINE Twofold scale(Twofold a, Doubles power) { return {a.high * power, a.low * power}; }
CHEAPFAST_INLINE Twofold divide(Twofold a, Twofold b) {
  const Doubles first = a.high / b.high;
  const Twofold rest = add(a, negative(multiply(b, first)));
  const Doubles second = rest.high / b.high;
  const Doubles third = add(rest, negative(multiply(b, second))).high / b.high;
  const Twofold quotient = quick_sum(first, second);
  return add(quotient, third);
}
CHEAPFAST_INLINE Twofold choose(Bits<double> mask, Twofold a, Twofold b) {
  return {mask ? a.high : b.high, mask ? a.low : b.low};
}

// High and low part, from 1/3! on.
constexpr int kFirstFactorial = 3;
constexpr double kInverseFactorial[][2] = {
    {0x1.5555555555555p-3, 0x1.5555555555555p-57},      // 1/3!
    {0x1.5555555555555p-5, 0x1.5555555555555p-59},      // 1/4!
    {0x1.1111111111111p-7, 0x1.1111111111111p-63},      // 1/5!
    {0x1.6c16c16c16c17p-10, -0x1.f49f49f49f49fp-65},    // 1/6!
    {0x1.a01a01a01a01ap-13, 0x1.a01a01a01a01ap-73},     // 1/7!
    {0x1.a01a01a01a01ap-16, 0x1.a01a01a01a01ap-76},     // 1/8!
    {0x1.71de3a556c734p-19, -0x1.c154f8ddc6cp-73},      // 1/9!
    {0x1.27e4fb7789f5cp-22, 0x1.cbbc05b4fa99ap-76},     // 1/10!
    {0x1.ae64567f544e4p-26, -0x1.c062e06d1f209p-80},    // 1/11!
    {0x1.1eed8eff8d898p-29, -0x1.2aec959e14c06p-83},    // 1/12!
    {0x1.6124613a86d09p-33, 0x1.f28e0cc748ebep-87},     // 1/13!
    {0x1.93974a8c07c9dp-37, 0x1.05d6f8a2efd1fp-92},     // 1/14!
    {0x1.ae7f3e733b81fp-41, 0x1.1d8656b0ee8cbp-97},     // 1/15!
    {0x1.ae7f3e733b81fp-45, 0x1.1d8656b0ee8cbp-101},    // 1/16!
    {0x1.952c77030ad4ap-49, 0x1.ac981465ddc6cp-103},    // 1/17!
    {0x1.6827863b97d97p-53, 0x1.eec01221a8b0bp-107},    // 1/18!
    {0x1.2f49b46814157p-57, 0x1.2650f61dbdcb4p-112},    // 1/19!
    {0x1.e542ba4020225p-62, 0x1.ea72b4afe3c2fp-120},    // 1/20!
    {0x1.71b8ef6dcf572p-66, -0x1.d043ae40c4647p-120},   // 1/21!
    {0x1.0ce396db7f853p-70, -0x1.aebcdbd20331cp-124},   // 1/22!
    {0x1.761b41316381ap-75, -0x1.3423c7d91404fp-130},   // 1/23!
    {0x1.f2cf01972f578p-80, -0x1.9ada5fcc1ab14p-135},   // 1/24!
    {0x1.3f3ccdd165fa9p-84, -0x1.58ddadf344487p-139},   // 1/25!
    {0x1.88e85fc6a4e5ap-89, -0x1.71c37ebd1654p-143},    // 1/26!
    {0x1.d1ab1c2dccea3p-94, 0x1.054d0c78aea14p-149},    // 1/27!
    {0x1.0a18a2635085dp-98, 0x1.b9e2e28e1aa54p-153},    // 1/28!
    {0x1.259f98b4358adp-103, 0x1.eaf8c39dd9bc5p-157},   // 1/29!
    {0x1.3932c5047d60ep-108, 0x1.832b7b530a627p-162},   // 1/30!
    {0x1.434d2e783f5bcp-113, 0x1.0b87b91be9affp-167},   // 1/31!
    {0x1.434d2e783f5bcp-118, 0x1.0b87b91be9affp-172},   // 1/32!
    {0x1.3981254dd0d52p-123, -0x1.2b1f4c8015a2fp-177},  // 1/33!
    {0x1.2710231c0fd7ap-128, 0x1.3f8a2b4af9d6bp-184},   // 1/34!
    {0x1.0dc59c716d91fp-133, 0x1.419e3fad3f031p-188},   // 1/35!
};

CHEAPFAST_INLINE Twofold inverse_factorial(int n) {
  return twofold(kInverseFactorial[n - kFirstFactorial][0], kInverseFactorial[n - kFirstFactorial][1]);
}

// e^u - 1 = 2^k (e^r - 1) + (2^k - 1): the Taylor series of r / 512, squared nine times. -708 <= u <= 709.
CHEAPFAST_INLINE Twofold expm1(Twofold u) {
  constexpr int kSquarings = 9, kTerms = 10;
  const Doubles t = u.high * 1.4426950408889634074 + BitsOf<double>::kRound, whole = t - BitsOf<double>::kRound;
  Twofold r = add(u, -(whole * 0x1.62e42fefa2p-1));  // parts of ln 2 so short that the products are exact
  r = add(r, -(whole * 0x1.9ef35793c6p-41));
  r = add(r, negative(exact_product(whole, wide(0x1.673007e5ed5e8p-81))));
  r = scale(r, wide(1.0 / (1 << kSquarings)));
  Twofold p = inverse_factorial(kTerms);
  for (int n = kTerms - 1; n >= kFirstFactorial; --n) p = add(multiply(p, r), inverse_factorial(n));
  p = add(multiply(p, r), twofold(0.5));
  p = add(multiply(multiply(p, r), r), r);
  for (int i = 0; i < kSquarings; ++i) p = add(scale(p, wide(2.0)), multiply(p, p));
  const Doubles power = power_of_two<double>(bits_of<double>(t));
  return add(scale(p, power), exact_sum(power, wide(-1.0)));
}

// e^u for u <= 709; 0 where it would be subnormal.
CHEAPFAST_INLINE Twofold exponential(Twofold u) {
  constexpr double kLeast = -707;
  const Bits<double> tiny = u.high < kLeast;
  const Twofold y = add(expm1(choose(tiny, twofold(kLeast), u)), wide(1.0));
  return choose(tiny, twofold(0.0), y);
}

// sin(u), |u| < 2^22: pi in parts so short that the products are exact, then the Taylor series.
CHEAPFAST_INLINE Twofold sine(Twofold u) {
  constexpr int kTerms = 35;
  const Doubles t = u.high * 0.318309886183790671538 + BitsOf<double>::kRound, whole = t - BitsOf<double>::kRound;
  Twofold r = add(u, -(whole * 0x1.921fb544p+1));
  r = add(r, -(whole * 0x1.0b4611a4p-33));
  r = add(r, -(whole * 0x1.13198a2cp-64));
  r = add(r, negative(exact_product(whole, wide(0x1.01b839a25204ap-95))));
  const Twofold z = negative(multiply(r, r));
  Twofold p = inverse_factorial(kTerms);
  for (int n = kTerms - 2; n >= kFirstFactorial; n -= 2) p = add(multiply(p, z), inverse_factorial(n));
  p = add(multiply(multiply(p, z), r), r);
  const Bits<double> flip = bits_of<double>(t) << BitsOf<double>::kSign;
  return {of_bits<double>(bits_of<double>(p.high) ^ flip), of_bits<double>(bits_of<double>(p.low) ^ flip)};
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
