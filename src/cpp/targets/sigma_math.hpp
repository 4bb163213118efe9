// Elementary functions on vectors: what the activations of the sign sums are made of.
//
// The polynomials interpolate at Chebyshev points of the reduced interval; their coefficients were computed to 50
// digits and rounded once.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>

#include "targets/lanes.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__) && !defined(_MSC_VER)
#include <arm_neon.h>
#endif

namespace cheapfast {
namespace CHEAPFAST_TARGET {

template <class T>
struct BitsOf;
template <>
struct BitsOf<double> {
  typedef std::int64_t type;
  static constexpr int kMantissa = 52, kExponentBias = 1023, kSign = 63;
  static constexpr double kRound = 0x1.8p52;  // adding it rounds to an integer, left in the low bits
  static constexpr double kLargestExp = 709.782712893384, kSmallestExp = -745.1332191019412;
};
template <>
struct BitsOf<float> {
  typedef std::int32_t type;
  static constexpr int kMantissa = 23, kExponentBias = 127, kSign = 31;
  static constexpr float kRound = 0x1.8p23f;
  static constexpr float kLargestExp = 88.722839f, kSmallestExp = -103.972084f;
};
template <class T>
using Bits = Wide<typename BitsOf<T>::type>;

template <class T>
CHEAPFAST_INLINE Bits<T> bits_of(Wide<T> v) {
  Bits<T> b;
  static_assert(sizeof b == sizeof v, "as many lanes of integers as of numbers");
  std::memcpy(&b, &v, sizeof v);
  return b;
}
template <class T>
CHEAPFAST_INLINE Wide<T> of_bits(Bits<T> b) {
  Wide<T> v;
  std::memcpy(&v, &b, sizeof v);
  return v;
}
template <class T>
CHEAPFAST_INLINE Wide<T> wide(T value) {
  return Wide<T>{} + value;
}
// The second one where either is NaN.
template <class V>
CHEAPFAST_INLINE V at_least(V a, V b) {
  return a > b ? a : b;
}
template <class V>
CHEAPFAST_INLINE V at_most(V a, V b) {
  return a < b ? a : b;
}
#if defined(__AVX512F__)  // compilers make two instructions of the comparison and the choice
CHEAPFAST_INLINE Wide<double> at_least(Wide<double> a, Wide<double> b) { return _mm512_max_pd(a, b); }
CHEAPFAST_INLINE Wide<float> at_least(Wide<float> a, Wide<float> b) { return _mm512_max_ps(a, b); }
CHEAPFAST_INLINE Wide<double> at_most(Wide<double> a, Wide<double> b) { return _mm512_min_pd(a, b); }
CHEAPFAST_INLINE Wide<float> at_most(Wide<float> a, Wide<float> b) { return _mm512_min_ps(a, b); }
#elif defined(__AVX2__) && defined(__FMA__)
CHEAPFAST_INLINE Wide<double> at_least(Wide<double> a, Wide<double> b) { return _mm256_max_pd(a, b); }
CHEAPFAST_INLINE Wide<float> at_least(Wide<float> a, Wide<float> b) { return _mm256_max_ps(a, b); }
CHEAPFAST_INLINE Wide<double> at_most(Wide<double> a, Wide<double> b) { return _mm256_min_pd(a, b); }
CHEAPFAST_INLINE Wide<float> at_most(Wide<float> a, Wide<float> b) { return _mm256_min_ps(a, b); }
#endif
template <class T>
CHEAPFAST_INLINE Wide<T> magnitude(Wide<T> v) {
  typedef typename BitsOf<T>::type I;
  return of_bits<T>(bits_of<T>(v) & static_cast<I>(~(I{1} << BitsOf<T>::kSign)));
}

#if defined(__AVX2__) && defined(__FMA__) || defined(__aarch64__) && !defined(_MSC_VER)
#define CHEAPFAST_HAS_FMA 1
#if defined(__AVX512F__)
CHEAPFAST_INLINE Wide<double> fused(Wide<double> a, Wide<double> b, Wide<double> c) { return _mm512_fmadd_pd(a, b, c); }
CHEAPFAST_INLINE Wide<float> fused(Wide<float> a, Wide<float> b, Wide<float> c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__AVX2__)
CHEAPFAST_INLINE Wide<double> fused(Wide<double> a, Wide<double> b, Wide<double> c) { return _mm256_fmadd_pd(a, b, c); }
CHEAPFAST_INLINE Wide<float> fused(Wide<float> a, Wide<float> b, Wide<float> c) { return _mm256_fmadd_ps(a, b, c); }
#else
CHEAPFAST_INLINE Wide<double> fused(Wide<double> a, Wide<double> b, Wide<double> c) {
  return reinterpret_cast<Wide<double>>(
      vfmaq_f64(reinterpret_cast<float64x2_t>(c), reinterpret_cast<float64x2_t>(a), reinterpret_cast<float64x2_t>(b)));
}
CHEAPFAST_INLINE Wide<float> fused(Wide<float> a, Wide<float> b, Wide<float> c) {
  return reinterpret_cast<Wide<float>>(
      vfmaq_f32(reinterpret_cast<float32x4_t>(c), reinterpret_cast<float32x4_t>(a), reinterpret_cast<float32x4_t>(b)));
}
#endif
// What rounding took from ab = a * b.
template <class T>
CHEAPFAST_INLINE Wide<T> product_error(Wide<T> a, Wide<T> b, Wide<T> ab) {
  return fused(a, b, -ab);
}
#else
// The upper half of the digits: Dekker's split by masking.
template <class T>
CHEAPFAST_INLINE Wide<T> upper_half(Wide<T> v) {
  typedef typename BitsOf<T>::type I;
  return of_bits<T>(bits_of<T>(v) & static_cast<I>(~((I{1} << (BitsOf<T>::kMantissa + 2) / 2) - 1)));
}
template <class T>
CHEAPFAST_INLINE Wide<T> product_error(Wide<T> a, Wide<T> b, Wide<T> ab) {
  const Wide<T> ah = upper_half<T>(a), al = a - ah, bh = upper_half<T>(b), bl = b - bh;
  return ((ah * bh - ab) + ah * bl + al * bh) + al * bl;
}
#endif

// u = k ln 2 + r + rest with |r| <= ln(2)/2; k is left in the low bits.
CHEAPFAST_INLINE void reduce_exp(Wide<double> u, Wide<double>& r, Wide<double>& rest, Bits<double>& k) {
  const Wide<double> t = u * 1.4426950408889634074 + BitsOf<double>::kRound, whole = t - BitsOf<double>::kRound;
  const Wide<double> first = u - whole * 0x1.62e42fefa3800p-1, small = whole * 0x1.ef35793c76730p-45;
  r = first - small;
  rest = (first - r) - small;
  k = bits_of<double>(t);
}
CHEAPFAST_INLINE void reduce_exp(Wide<float> u, Wide<float>& r, Wide<float>& rest, Bits<float>& k) {
  const Wide<float> t = u * 1.44269504f + BitsOf<float>::kRound, whole = t - BitsOf<float>::kRound;
  const Wide<float> first = u - whole * 0.693145752f, small = whole * 1.42860677e-6f;
  r = first - small;
  rest = (first - r) - small;
  k = bits_of<float>(t);
}

// e^(r + rest) - 1 for |r| <= ln(2)/2.
CHEAPFAST_INLINE Wide<double> expm1_reduced(Wide<double> r, Wide<double> rest) {
  const Wide<double> r2 = r * r, r4 = r2 * r2;
  const Wide<double> a = 0.50000000000000010262 + 0.16666666666666667456 * r;
  const Wide<double> b = 0.041666666666623991516 + 0.0083333333333300513464 * r;
  const Wide<double> c = 0.0013888888917281793308 + 0.00019841269863105968748 * r;
  const Wide<double> d = 0.000024801521190217727651 + 2.7557268378684192873e-6 * r;
  const Wide<double> e = 2.7620138719733995569e-7 + 2.5100424157005066788e-8 * r;
  return r + (r2 * ((a + b * r2) + ((c + d * r2) + e * r4) * r4) + rest);
}
CHEAPFAST_INLINE Wide<float> expm1_reduced(Wide<float> r, Wide<float> rest) {
  Wide<float> p = 0.0083632029715758549465f + 0.0013926213466332443037f * r;
  p = 0.041666554437685938899f + p * r;
  p = 0.16666576845993976311f + p * r;
  p = 0.5f + p * r;
  return r + (r * r * p + rest);
}

// 2^k for an integer in the low bits, where it is a normal number.
template <class T>
CHEAPFAST_INLINE Wide<T> power_of_two(Bits<T> k) {
  return of_bits<T>((k + BitsOf<T>::kExponentBias) << BitsOf<T>::kMantissa);
}

// e^u where it is a normal number; nothing is promised beyond.
template <class T>
CHEAPFAST_INLINE Wide<T> exp_inside(Wide<T> u) {
  Wide<T> r, rest;
  Bits<T> k;
  reduce_exp(u, r, rest, k);
  const Wide<T> scale = power_of_two<T>(k);
  return scale + scale * expm1_reduced(r, rest);
}

// e^u for every u, NaN included: infinite above, subnormal and 0 below.
template <class T>
CHEAPFAST_INLINE Wide<T> exp_anywhere(Wide<T> u) {
  typedef BitsOf<T> B;
  const Wide<T> inside = at_most(at_least(u, wide<T>(B::kSmallestExp)), wide<T>(B::kLargestExp));
  Wide<T> r, rest;
  Bits<T> k;
  reduce_exp(inside, r, rest, k);
  // the low bits of k as a signed number, halved: neither half leaves the normal numbers
  constexpr int kUnused = static_cast<int>(8 * sizeof(T)) - B::kMantissa;
  const Bits<T> whole = (k << kUnused) >> kUnused, half = whole >> 1;
  const Wide<T> y = (1 + expm1_reduced(r, rest)) * power_of_two<T>(half) * power_of_two<T>(whole - half);
  const Wide<T> high = u > B::kLargestExp ? wide<T>(static_cast<T>(INFINITY)) : y;
  const Wide<T> low = u < B::kSmallestExp ? wide<T>(T{0}) : high;
  return u == u ? low : u;
}

// e^u - 1 for |u| up to the range of exp_inside.
template <class T>
CHEAPFAST_INLINE Wide<T> expm1_inside(Wide<T> u) {
  Wide<T> r, rest;
  Bits<T> k;
  reduce_exp(u, r, rest, k);
  const Wide<T> scale = power_of_two<T>(k);
  return scale * expm1_reduced(r, rest) + (scale - 1);
}

// (atanh(s) / s - 1) / z by z = s^2, 0 <= z <= 1/9.
CHEAPFAST_INLINE Wide<double> atanh_rest(Wide<double> z) {
  const Wide<double> z2 = z * z, z4 = z2 * z2;
  const Wide<double> a = 0.33333333333333074797 + 0.20000000000092873734 * z;
  const Wide<double> b = 0.14285714272727057267 + 0.11111112040373836587 * z;
  const Wide<double> c = 0.090908704162524022551 + 0.076933070211520038808 * z;
  const Wide<double> d = 0.066501870163373121685 + 0.060550843640346088273 * z;
  const Wide<double> e = 0.041622532559304102879 + 0.085220817813906990645 * z;
  return (a + b * z2) + ((c + d * z2) + e * z4) * z4;
}
CHEAPFAST_INLINE Wide<float> atanh_rest(Wide<float> z) {
  Wide<float> p = 0.13982578872598634444f + 0.14078889181554540327f * z;
  p = 0.20012297615351873956f + p * z;
  return 0.33333160820688886578f + p * z;
}
// log(1 + y), 0 <= y <= 1.
template <class T>
CHEAPFAST_INLINE Wide<T> log1p_inside(Wide<T> y) {
  const Wide<T> s = y / (2 + y), z = s * s, twice = 2 * s;
  return twice + twice * (z * atanh_rest(z));
}

// By z = r^2, |r| <= pi/4: (sin(r) - r) / r^3, and (cos(r) - 1 + z/2) / z^2.
CHEAPFAST_INLINE Wide<double> sine_rest(Wide<double> z) {
  const Wide<double> z2 = z * z, a = 0.0083333333333333314866 + -0.00019841269841265053009 * z;
  const Wide<double> b = 2.7557319219329880093e-6 + -2.5052106229222595386e-8 * z;
  const Wide<double> c = 1.6058531107942804808e-10 + -7.5866670002083061177e-13 * z;
  return -0.16666666666666666666 + z * (a + z2 * (b + z2 * c));
}
CHEAPFAST_INLINE Wide<double> cosine_rest(Wide<double> z) {
  const Wide<double> z2 = z * z, a = -0.0013888888888888887862 + 0.000024801587301584639791 * z;
  const Wide<double> b = -2.7557319221397661388e-7 + 2.0876755789287408326e-9 * z;
  const Wide<double> c = -1.1470460603480262384e-11 + 4.7458551572582714904e-14 * z;
  return 0.041666666666666666666 + z * (a + z2 * (b + z2 * c));
}
CHEAPFAST_INLINE Wide<float> sine_rest(Wide<float> z) {
  const Wide<float> p = -0.00019840085556195348002f + 2.7249772941151817236e-6f * z;
  return -0.16666666663849673698f + z * (0.0083333318725268646428f + z * p);
}
CHEAPFAST_INLINE Wide<float> cosine_rest(Wide<float> z) {
  const Wide<float> p = 0.000024800599392997149835f + -2.7300831620696713821e-7f * z;
  return 0.041666666664316516858f + z * (-0.0013888887670194633666f + z * p);
}

// u = k pi/2 + r + rest, with k in the low bits. Parts of pi/2 so short that the products are exact while |k| < 2^22
// (2^12 in float32).
CHEAPFAST_INLINE void reduce_sine(Wide<double> u, Wide<double>& r, Wide<double>& rest, Bits<double>& k) {
  const Wide<double> t = u * 0.63661977236758134308 + BitsOf<double>::kRound, whole = t - BitsOf<double>::kRound;
  const Wide<double> first = u - whole * 0x1.921fb544p+0, second = first - whole * 0x1.0b4611a4p-34;
  const Wide<double> lost = (first - second) - whole * 0x1.0b4611a4p-34;
  const Wide<double> small = whole * 0x1.13198a2e03707p-65 - lost;
  r = second - small;
  rest = (second - r) - small;
  k = bits_of<double>(t);
}
CHEAPFAST_INLINE void reduce_sine(Wide<float> u, Wide<float>& r, Wide<float>& rest, Bits<float>& k) {
  const Wide<float> t = u * 0.636619772f + BitsOf<float>::kRound, whole = t - BitsOf<float>::kRound;
  const Wide<float> first = (u - whole * 0x1.92p+0f) - whole * 0x1.fb4p-12f, second = first - whole * 0x1.444p-24f;
  const Wide<float> lost = (first - second) - whole * 0x1.444p-24f;
  const Wide<float> small = whole * 0x1.68c234p-39f - lost;
  r = second - small;
  rest = (second - r) - small;
  k = bits_of<float>(t);
}

template <class T>
CHEAPFAST_INLINE Wide<T> sine(Wide<T> u) {
  Wide<T> r, rest;
  Bits<T> k;
  reduce_sine(u, r, rest, k);
  const Wide<T> z = r * r;
  const Wide<T> sin = r + (r * (z * sine_rest(z)) + rest);
  const Wide<T> half = z / 2, top = 1 - half;
  const Wide<T> cos = top + (((1 - top) - half) + (z * z * cosine_rest(z) - r * rest));
  const Wide<T> y = (k & 1) != 0 ? cos : sin;
  return of_bits<T>(bits_of<T>(y) ^ ((k >> 1) << BitsOf<T>::kSign));
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
