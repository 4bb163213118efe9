// Columns side by side in registers: the arithmetic of the kernels that apply weights.
//
// `Real` holds one vector of columns, `Complex` two: the real and the imaginary parts. Kernels are written once on
// either. Memory is addressed in scalars; a column takes `kParts` of them.
#pragma once

#include <cstdint>
#include <cstring>

#include "targets/masks.hpp"
#include "targets/simd.hpp"

#if defined(__clang__)
#define CHEAPFAST_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define CHEAPFAST_UNROLL _Pragma("GCC unroll 16")
#else
#define CHEAPFAST_UNROLL
#endif

// CHEAPFAST_INLINE for members of classes, where `static` means something else.
#if defined(_MSC_VER) && !defined(__clang__)
#define CHEAPFAST_MEMBER __forceinline
#else
#define CHEAPFAST_MEMBER inline __attribute__((always_inline))
#endif

namespace cheapfast {
namespace CHEAPFAST_TARGET {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

#if defined(__GNUC__) || defined(__clang__)
template <class T>
struct WideOf {
  static constexpr int kLanes = kVectorBytes / sizeof(T);
  typedef T type __attribute__((vector_size(kVectorBytes)));
};
#else
template <class T>
struct WideOf {  // a compiler without vector extensions: one lane
  static constexpr int kLanes = 1;
  typedef T type;
};
#endif
template <class T>
using Wide = typename WideOf<T>::type;

template <class T>
CHEAPFAST_INLINE Wide<T> load_vector(const T* p) {
  Wide<T> v;
  std::memcpy(&v, p, sizeof v);  // any alignment
  return v;
}
template <class T>
CHEAPFAST_INLINE void store_vector(T* p, Wide<T> v) {
  std::memcpy(p, &v, sizeof v);
}

// The magnitudes of numbers as the integers that their bits are, which are in the same order; NaN is the largest.
template <class T>
struct MagnitudeOf;
template <>
struct MagnitudeOf<float> {
  typedef std::int32_t Word;
  static constexpr Word kMask = 0x7fffffff;
};
template <>
struct MagnitudeOf<double> {
  typedef std::int64_t Word;
  static constexpr Word kMask = 0x7fffffffffffffff;
};
template <class T>
using Magnitude = Wide<typename MagnitudeOf<T>::Word>;

template <class T>
CHEAPFAST_INLINE Magnitude<T> larger_magnitude(Magnitude<T> most, Wide<T> v) {
  Magnitude<T> bits;
  std::memcpy(&bits, &v, sizeof bits);
  bits &= MagnitudeOf<T>::kMask;
  return most > bits ? most : bits;
}
template <int... I>
struct Indices {};
template <int N, int... I>
struct CountTo : CountTo<N - 1, N - 1, I...> {};
template <int... I>
struct CountTo<0, I...> {
  typedef Indices<I...> type;
};

#if defined(__GNUC__) || defined(__clang__)
// Lane l of the results is re and im of column l; (re, im) pairs follow each other in the operands.
template <class V, int... I>
CHEAPFAST_INLINE void split_pairs(V a, V b, V& re, V& im, Indices<I...>) {
  re = __builtin_shufflevector(a, b, (2 * I)...);
  im = __builtin_shufflevector(a, b, (2 * I + 1)...);
}
template <class V, int... I>
CHEAPFAST_INLINE void join_pairs(V re, V im, V& a, V& b, Indices<I...>) {
  constexpr int n = sizeof...(I);
  a = __builtin_shufflevector(re, im, (I / 2 + I % 2 * n)...);
  b = __builtin_shufflevector(re, im, (n / 2 + I / 2 + I % 2 * n)...);
}
// Exchanges the off-diagonal H x H blocks of each 2H x 2H block of rows a and b.
template <int H, class V, int... I>
CHEAPFAST_INLINE void exchange(V& a, V& b, Indices<I...>) {
  constexpr int n = sizeof...(I);
  const V low = __builtin_shufflevector(a, b, ((I & H) ? I - H + n : I)...);
  const V high = __builtin_shufflevector(a, b, ((I & H) ? I + n : I + H)...);
  a = low;
  b = high;
}
// Lane l gets what lane l ^ H has.
template <int H, class V, int... I>
CHEAPFAST_INLINE V swap_lanes(V v, Indices<I...>) {
  return __builtin_shufflevector(v, v, (I ^ H)...);
}
#else
template <class V, int... I>
CHEAPFAST_INLINE void split_pairs(V a, V b, V& re, V& im, Indices<I...>) {
  re = a;
  im = b;
}
template <class V, int... I>
CHEAPFAST_INLINE void join_pairs(V re, V im, V& a, V& b, Indices<I...>) {
  a = re;
  b = im;
}
template <int H, class V, int... I>
CHEAPFAST_INLINE V swap_lanes(V v, Indices<I...>) {
  return v;
}
#endif

// How weights reach the lanes: `get(w, i)` is scalar i of w for all columns, or a vector with one value for each.
template <class T>
struct Shared {
  static constexpr bool kPerLane = false;
  static constexpr int kStep = 1;
  static CHEAPFAST_MEMBER T get(const T* w, int i) { return w[i]; }
};
template <class T>
struct PerLane {
  static constexpr bool kPerLane = true;
  static constexpr int kStep = WideOf<T>::kLanes;
  static CHEAPFAST_MEMBER Wide<T> get(const T* w, int i) { return load_vector(w + i * kStep); }
};

#if defined(__clang__) && (defined(__aarch64__) || defined(__FMA__))
#if __has_builtin(__builtin_elementwise_fma)
#define CHEAPFAST_FUSED_PRODUCTS
#endif
#endif

// a + b * c and a - b * c, which round alike wherever they stand: clang fuses the two operations only where no branch
// comes between them. (GCC does everywhere in a unit that is compiled with -ffp-contract=fast.)
#if defined(CHEAPFAST_FUSED_PRODUCTS)
template <class V>
CHEAPFAST_INLINE V plus_product(V a, V b, V c) {
  return __builtin_elementwise_fma(b, c, a);
}
template <class V>
CHEAPFAST_INLINE V minus_product(V a, V b, V c) {
  return __builtin_elementwise_fma(-b, c, a);
}
#else
template <class V>
CHEAPFAST_INLINE V plus_product(V a, V b, V c) {
  return a + b * c;
}
template <class V>
CHEAPFAST_INLINE V minus_product(V a, V b, V c) {
  return a - b * c;
}
#endif

template <class S>
struct Real {
  typedef S T;
  static constexpr int kParts = 1;
  static constexpr int kLanes = WideOf<T>::kLanes;
  Wide<T> v;

  CHEAPFAST_MEMBER Wide<T> part(int) const { return v; }
  static CHEAPFAST_MEMBER Real of_parts(Wide<T> v, Wide<T>) { return {v}; }
  static CHEAPFAST_MEMBER Real zero() { return {Wide<T>{}}; }
  static CHEAPFAST_MEMBER Real load(const T* p) { return {load_vector(p)}; }
  static CHEAPFAST_MEMBER Real load_split(const T* p) { return load(p); }
  static CHEAPFAST_MEMBER Real fill(const T* p) { return {*p - Wide<T>{}}; }  // a sum would be computed: -0 + 0 is 0
  CHEAPFAST_MEMBER void store(T* p) const { store_vector(p, v); }
  CHEAPFAST_MEMBER void store_split(T* p) const { store(p); }
  CHEAPFAST_MEMBER Real operator+(Real b) const { return {v + b.v}; }
  CHEAPFAST_MEMBER Real operator-(Real b) const { return {v - b.v}; }
  template <int H>
  CHEAPFAST_MEMBER Real swapped() const {
    return {swap_lanes<H>(v, typename CountTo<kLanes>::type())};
  }
  CHEAPFAST_MEMBER Real times(Real b) const { return {v * b.v}; }
  CHEAPFAST_MEMBER Real plus_times(Real x, const T* w) const { return plus_times(x, fill(w)); }
  CHEAPFAST_MEMBER Real plus_times(Real x, Real w) const { return {plus_product(v, x.v, w.v)}; }
  // this * weight i + b * weight i + 1
  template <class W>
  CHEAPFAST_MEMBER Real combine(Real b, const T* w, int i) const {
    return {v * W::get(w, i) + b.v * W::get(w, i + 1)};
  }
  // this + b * weight i
  template <class W>
  CHEAPFAST_MEMBER Real plus_weighted(Real b, const T* w, int i) const {
    return {v + b.v * W::get(w, i)};
  }
  template <class W>
  CHEAPFAST_MEMBER Real times_weight(const T* w, int i) const {
    return {v * W::get(w, i)};
  }
  template <class W>
  CHEAPFAST_MEMBER Real plus_weight(const T* w, int i) const {
    return {v + W::get(w, i)};
  }
  static constexpr int kVectors = 1;  // of columns
  CHEAPFAST_MEMBER void raise(Magnitude<T>* largest) const { largest[0] = larger_magnitude<T>(largest[0], v); }
};

// Two vectors of real columns, so that one load of a weight serves both.
template <class S>
struct RealPair {
  typedef S T;
  static constexpr int kParts = 1;
  static constexpr int kLanes = 2 * WideOf<T>::kLanes;
  Wide<T> v, u;

  static CHEAPFAST_MEMBER RealPair load(const T* p) { return {load_vector(p), load_vector(p + kLanes / 2)}; }
  static CHEAPFAST_MEMBER RealPair load_split(const T* p) { return load(p); }
  CHEAPFAST_MEMBER void store(T* p) const {
    store_vector(p, v);
    store_vector(p + kLanes / 2, u);
  }
  CHEAPFAST_MEMBER void store_split(T* p) const { store(p); }
  CHEAPFAST_MEMBER RealPair operator+(RealPair b) const { return {v + b.v, u + b.u}; }
  CHEAPFAST_MEMBER RealPair operator-(RealPair b) const { return {v - b.v, u - b.u}; }
  template <class W>
  CHEAPFAST_MEMBER RealPair combine(RealPair b, const T* w, int i) const {
    // `+ Wide<T>{}` would be an addition: it turns -0 into 0
    const Wide<T> mine = W::get(w, i) - Wide<T>{}, other = W::get(w, i + 1) - Wide<T>{};
    return {v * mine + b.v * other, u * mine + b.u * other};
  }
  template <class W>
  CHEAPFAST_MEMBER RealPair plus_weighted(RealPair b, const T* w, int i) const {
    const Wide<T> weight = W::get(w, i) - Wide<T>{};
    return {v + b.v * weight, u + b.u * weight};
  }
  template <class W>
  CHEAPFAST_MEMBER RealPair times_weight(const T* w, int i) const {
    const Wide<T> weight = W::get(w, i) - Wide<T>{};
    return {v * weight, u * weight};
  }
  template <class W>
  CHEAPFAST_MEMBER RealPair plus_weight(const T* w, int i) const {
    const Wide<T> weight = W::get(w, i) - Wide<T>{};
    return {v + weight, u + weight};
  }
  static constexpr int kVectors = 2;
  CHEAPFAST_MEMBER void raise(Magnitude<T>* largest) const {
    largest[0] = larger_magnitude<T>(largest[0], v);
    largest[1] = larger_magnitude<T>(largest[1], u);
  }
};

template <class S>
struct Complex {
  typedef S T;
  static constexpr int kParts = 2;
  static constexpr int kLanes = WideOf<T>::kLanes;
  Wide<T> re, im;

  CHEAPFAST_MEMBER Wide<T> part(int i) const { return i == 0 ? re : im; }
  static CHEAPFAST_MEMBER Complex of_parts(Wide<T> re, Wide<T> im) { return {re, im}; }
  static CHEAPFAST_MEMBER Complex zero() { return {Wide<T>{}, Wide<T>{}}; }
  // Columns as NumPy has them, re and im in turn.
  static CHEAPFAST_MEMBER Complex of_pairs(Wide<T> a, Wide<T> b) {
    Complex c;
    split_pairs(a, b, c.re, c.im, typename CountTo<kLanes>::type());
    return c;
  }
  CHEAPFAST_MEMBER void to_pairs(Wide<T>& a, Wide<T>& b) const {
    join_pairs(re, im, a, b, typename CountTo<kLanes>::type());
  }
  static CHEAPFAST_MEMBER Complex load(const T* p) { return of_pairs(load_vector(p), load_vector(p + kLanes)); }
  // As scratch has them: all re, then all im.
  static CHEAPFAST_MEMBER Complex load_split(const T* p) { return {load_vector(p), load_vector(p + kLanes)}; }
  static CHEAPFAST_MEMBER Complex fill(const T* p) { return {p[0] - Wide<T>{}, p[1] - Wide<T>{}}; }
  CHEAPFAST_MEMBER void store(T* p) const {
    Wide<T> a, b;
    to_pairs(a, b);
    store_vector(p, a);
    store_vector(p + kLanes, b);
  }
  CHEAPFAST_MEMBER void store_split(T* p) const {
    store_vector(p, re);
    store_vector(p + kLanes, im);
  }
  CHEAPFAST_MEMBER Complex operator+(Complex b) const { return {re + b.re, im + b.im}; }
  CHEAPFAST_MEMBER Complex operator-(Complex b) const { return {re - b.re, im - b.im}; }
  template <int H>
  CHEAPFAST_MEMBER Complex swapped() const {
    return {swap_lanes<H>(re, typename CountTo<kLanes>::type()), swap_lanes<H>(im, typename CountTo<kLanes>::type())};
  }
  CHEAPFAST_MEMBER Complex times(Complex b) const { return {re * b.re - im * b.im, im * b.re + re * b.im}; }
  CHEAPFAST_MEMBER Complex plus_times(Complex x, const T* w) const { return plus_times(x, fill(w)); }
  CHEAPFAST_MEMBER Complex plus_times(Complex x, Complex w) const {
    return {minus_product(plus_product(re, x.re, w.re), x.im, w.im),
            plus_product(plus_product(im, x.im, w.re), x.re, w.im)};
  }
  template <class W>
  CHEAPFAST_MEMBER Complex times_weight(const T* w, int i) const {
    const auto a = W::get(w, 2 * i);
    const auto b = W::get(w, 2 * i + 1);
    return {re * a - im * b, im * a + re * b};
  }
  template <class W>
  CHEAPFAST_MEMBER Complex plus_weight(const T* w, int i) const {
    return {re + W::get(w, 2 * i), im + W::get(w, 2 * i + 1)};
  }
  template <class W>
  CHEAPFAST_MEMBER Complex combine(Complex x, const T* w, int i) const {
    const auto a = W::get(w, 2 * i), b = W::get(w, 2 * i + 1);
    const auto c = W::get(w, 2 * i + 2), d = W::get(w, 2 * i + 3);
    return {re * a - im * b + x.re * c - x.im * d, im * a + re * b + x.im * c + x.re * d};
  }
  template <class W>
  CHEAPFAST_MEMBER Complex plus_weighted(Complex x, const T* w, int i) const {
    const auto a = W::get(w, 2 * i), b = W::get(w, 2 * i + 1);
    return {re + x.re * a - x.im * b, im + x.im * a + x.re * b};
  }
  static constexpr int kVectors = 1;
  CHEAPFAST_MEMBER void raise(Magnitude<T>* largest) const {
    largest[0] = larger_magnitude<T>(larger_magnitude<T>(largest[0], re), im);
  }
  // Real multiples, and multiples of the imaginary unit: what a small Fourier transform is made of.
  CHEAPFAST_MEMBER Complex scale(T c) const { return {re * c, im * c}; }
  CHEAPFAST_MEMBER Complex plus_scaled(Complex x, T c) const { return {re + x.re * c, im + x.im * c}; }
  CHEAPFAST_MEMBER Complex plus_i(Complex b) const { return {re - b.im, im + b.re}; }
  CHEAPFAST_MEMBER Complex minus_i(Complex b) const { return {re + b.im, im - b.re}; }
};

#if !defined(CHEAPFAST_MASKS)
// As in targets/masks.hpp; a caller's memory need not be aligned to a number.
template <class T>
CHEAPFAST_INLINE Wide<T> load_first(const T* p, std::int64_t count) {
  alignas(64) T room[WideOf<T>::kLanes] = {};
  for (int i = 0; i < WideOf<T>::kLanes && i < count; ++i) std::memcpy(room + i, p + i, sizeof(T));
  return load_vector(room);
}
template <class T>
CHEAPFAST_INLINE void store_first(T* p, Wide<T> v, std::int64_t count) {
  alignas(64) T room[WideOf<T>::kLanes];
  store_vector(room, v);
  for (int i = 0; i < WideOf<T>::kLanes && i < count; ++i) std::memcpy(p + i, room + i, sizeof(T));
}
#endif

// Fewer columns than lanes, or all, zeros beside them.
template <class E>
CHEAPFAST_INLINE E load_some(const typename E::T* p, std::int64_t columns) {
  const Wide<typename E::T> first = load_first(p, columns * E::kParts);
  if constexpr (E::kParts == 1) {
    return {first};
  } else {
    return E::of_pairs(first, load_first(p + E::kLanes, columns * E::kParts - E::kLanes));
  }
}
template <class E>
CHEAPFAST_INLINE void store_some(E value, typename E::T* p, std::int64_t columns) {
  if constexpr (E::kParts == 1) {
    store_first(p, value.v, columns);
  } else {
    Wide<typename E::T> first, last;
    value.to_pairs(first, last);
    store_first(p, first, columns * E::kParts);
    store_first(p + E::kLanes, last, columns * E::kParts - E::kLanes);
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
