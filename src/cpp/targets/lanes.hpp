// Columns side by side in registers: the arithmetic of the kernels that apply weights.
//
// `Real` holds one vector of columns, `Complex` two: the real and the imaginary parts. Kernels are written once on
// either. Memory is addressed in scalars; a column takes `kParts` of them.
#pragma once

#include <cstdint>

#include "targets/wide.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

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
  CHEAPFAST_MEMBER void stream(T* p) const { stream_vector(p, v); }
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
  CHEAPFAST_MEMBER void stream(T* p) const {
    stream_vector(p, v);
    stream_vector(p + kLanes / 2, u);
  }
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
  CHEAPFAST_MEMBER void stream(T* p) const {
    Wide<T> a, b;
    to_pairs(a, b);
    stream_vector(p, a);
    stream_vector(p + kLanes, b);
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
