// Registers of real or complex numbers, and a weight that multiplies all of a register.
#pragma once

#include <cstdint>

#include "targets/masks.hpp"
#include "targets/simd_real.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

#if !defined(__GNUC__) && !defined(__clang__)
// A complex number, where there are no vectors to hold it.
template <class T>
struct Pair {
  T lane[2];
};
template <class T>
CHEAPFAST_INLINE Pair<T> operator+(Pair<T> a, Pair<T> b) {
  return {{a.lane[0] + b.lane[0], a.lane[1] + b.lane[1]}};
}
template <class T>
CHEAPFAST_INLINE Pair<T> operator*(Pair<T> a, Pair<T> b) {
  return {{a.lane[0] * b.lane[0], a.lane[1] * b.lane[1]}};
}
#endif

// W reals at any address: a register of them, or the number itself.
template <class T, int W>
struct Reals {
#if !defined(__GNUC__) && !defined(__clang__)
  static_assert(W == 2, "one real or one complex number at a time");
  typedef Pair<T> V;
  CHEAPFAST_INLINE V load(const T* p) { return {{p[0], p[1]}}; }
  CHEAPFAST_INLINE void store(T* p, V v) { p[0] = v.lane[0], p[1] = v.lane[1]; }
  CHEAPFAST_INLINE V alternate(T even, T odd) { return {{even, odd}}; }
  CHEAPFAST_INLINE V splat(T value) { return {{value, value}}; }
  CHEAPFAST_INLINE V swap_pairs(V v) { return {{v.lane[1], v.lane[0]}}; }
#else
  typedef Vector<T, W> V;
  CHEAPFAST_INLINE V load(const T* p) { return load_lanes<T, W>(p); }
  CHEAPFAST_INLINE void store(T* p, V v) { store_lanes<T, W>(p, v); }
  // even, odd, even, odd, ... Not by way of memory: a load of what was just stored in parts waits for all of them.
  CHEAPFAST_INLINE V alternate(T even, T odd) {
    return alternate(splat(even), splat(odd), typename LanesOf<W>::Type{});
  }
  template <int... I>
  CHEAPFAST_INLINE V alternate(V even, V odd, Lanes<I...>) {
    return __builtin_shufflevector(even, odd, (I % 2 == 0 ? I : I + W)...);
  }
  CHEAPFAST_INLINE V splat(T value) { return value - V{}; }  // `value + V{}` would turn -0 into 0
  // re, im, re, im, ... -> im, re, im, re, ...
  CHEAPFAST_INLINE V swap_pairs(V v) { return swap_pairs(v, typename LanesOf<W>::Type{}); }
  template <int... I>
  CHEAPFAST_INLINE V swap_pairs(V v, Lanes<I...>) {
    return __builtin_shufflevector(v, v, (I ^ 1)...);
  }
#endif
};

template <class T>
struct Reals<T, 1> {
  typedef T V;
  CHEAPFAST_INLINE V load(const T* p) { return *p; }
  CHEAPFAST_INLINE void store(T* p, V v) { *p = v; }
  CHEAPFAST_INLINE V alternate(T even, T) { return even; }
  CHEAPFAST_INLINE V splat(T value) { return value; }
};

// One weight, ready to multiply registers of reals or of complex numbers (re, im, re, im, ...).
template <class T, int W, bool is_complex>
struct Weight {
  typedef Reals<T, W> L;
  typename L::V value;

  template <class S>
  CHEAPFAST_INLINE Weight at(const S* weights, std::int64_t position, bool) {
    return {L::splat(static_cast<T>(weights[position]))};
  }
  CHEAPFAST_INLINE typename L::V times(Weight w, typename L::V x) { return w.value * x; }
};

template <class T, int W>
struct Weight<T, W, true> {
  typedef Reals<T, W> L;
  typename L::V re, im;  // im: minus, plus, minus, plus, ...

  template <class S>
  CHEAPFAST_INLINE Weight at(const S* weights, std::int64_t position, bool conjugate) {
    const T im = static_cast<T>(weights[2 * position + 1]);
    const typename L::V signs = L::alternate(T(-1), T(1));
    return {L::splat(static_cast<T>(weights[2 * position])), signs * L::splat(conjugate ? -im : im)};
  }
  // (re + i im)(a + i b) = re a - im b + i (re b + im a)
  CHEAPFAST_INLINE typename L::V times(Weight w, typename L::V x) { return w.re * x + w.im * L::swap_pairs(x); }
};

// Registers of which the last may hold fewer columns, `rest` of them.
template <class T, int W, bool is_some>
struct Last : Reals<T, W> {
  CHEAPFAST_INLINE typename Reals<T, W>::V load(const T* p, std::int64_t) { return Reals<T, W>::load(p); }
  CHEAPFAST_INLINE void store(T* p, typename Reals<T, W>::V v, std::int64_t) { Reals<T, W>::store(p, v); }
};
#if defined(CHEAPFAST_MASKS)
template <class T, int W>
struct Last<T, W, true> : Reals<T, W> {
  CHEAPFAST_INLINE typename Reals<T, W>::V load(const T* p, std::int64_t rest) { return load_first(p, rest); }
  CHEAPFAST_INLINE void store(T* p, typename Reals<T, W>::V v, std::int64_t rest) { store_first(p, v, rest); }
};
#endif

}  // namespace
}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
