// Vectors of float and double: compiler vector extensions where there are any, one number at a time elsewhere.
#pragma once

#include "targets/simd.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace cheapfast {
namespace CHEAPFAST_TARGET {

#if defined(__GNUC__) || defined(__clang__)
#define CHEAPFAST_UNROLL _Pragma("GCC unroll 16")
constexpr int kVectorBytes = sizeof(Register);

template <class T, int W>
struct VectorOf {
  typedef T Type __attribute__((vector_size(W * sizeof(T))));
};
#else
#define CHEAPFAST_UNROLL
constexpr int kVectorBytes = 0;  // a compiler without vector extensions: one lane

template <class T, int W>
struct VectorOf;
#endif

template <class T>
struct VectorOf<T, 1> {
  typedef T Type;
};

// W numbers in one register; W = 1 is the number itself, so that the same body serves what is left over.
template <class T, int W>
using Vector = typename VectorOf<T, W>::Type;

template <class T>
constexpr int kLanes = kVectorBytes > static_cast<int>(sizeof(T)) ? kVectorBytes / static_cast<int>(sizeof(T)) : 1;

// Twice as many registers as a pass of 16 rows holds, so that it has some for constants.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr bool kManyRegisters = true;
#else
constexpr bool kManyRegisters = false;
#endif

// Any address will do.
template <class T, int W>
CHEAPFAST_INLINE Vector<T, W> load_lanes(const T* p) {
  if constexpr (W == 1) {
    return *p;
  } else {
    Vector<T, W> v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
}
template <class T, int W>
CHEAPFAST_INLINE void store_lanes(T* p, Vector<T, W> v) {
  if constexpr (W == 1) {
    *p = v;
  } else {
    __builtin_memcpy(p, &v, sizeof v);
  }
}

// The compiler must not know where a value comes from: a vector is then loaded once, and computed with, even if it is a
// one.
template <class V>
CHEAPFAST_INLINE V opaque(V v) {
#if defined(__AVX2__) && (defined(__GNUC__) || defined(__clang__))
  asm("" : "+v"(v));
#endif
  return v;
}
#if defined(__clang__)
// no register class of clang's takes two floats
CHEAPFAST_INLINE Vector<float, 2> opaque(Vector<float, 2> v) { return v; }
#endif

// An array that the compiler must not take apart into registers.
template <class Array>
CHEAPFAST_INLINE void keep_in_memory(Array& array) {
#if defined(__GNUC__) || defined(__clang__)
  asm("" : "+m"(array));
#else
  (void)array;
#endif
}

template <int W>
struct LanesOf;  // the numbers 0 ... W - 1 as a type
#if defined(__GNUC__) || defined(__clang__)
template <int... I>
struct Lanes {};
template <>
struct LanesOf<2> {
  typedef Lanes<0, 1> Type;
};
template <>
struct LanesOf<4> {
  typedef Lanes<0, 1, 2, 3> Type;
};
template <>
struct LanesOf<8> {
  typedef Lanes<0, 1, 2, 3, 4, 5, 6, 7> Type;
};
template <>
struct LanesOf<16> {
  typedef Lanes<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15> Type;
};

// a * b + c and c - a * b. With b = +1 or -1, which is all that they are used for, rounding once or twice is the same.
template <class V>
CHEAPFAST_INLINE V multiply_add(V a, V b, V c) {
  return a * b + c;
}
template <class V>
CHEAPFAST_INLINE V subtract_product(V a, V b, V c) {
  return c - a * b;
}
#if defined(__AVX2__) && defined(__FMA__)
CHEAPFAST_INLINE Vector<float, 8> multiply_add(Vector<float, 8> a, Vector<float, 8> b, Vector<float, 8> c) {
  return _mm256_fmadd_ps(a, b, c);
}
CHEAPFAST_INLINE Vector<float, 8> subtract_product(Vector<float, 8> a, Vector<float, 8> b, Vector<float, 8> c) {
  return _mm256_fnmadd_ps(a, b, c);
}
CHEAPFAST_INLINE Vector<double, 4> multiply_add(Vector<double, 4> a, Vector<double, 4> b, Vector<double, 4> c) {
  return _mm256_fmadd_pd(a, b, c);
}
CHEAPFAST_INLINE Vector<double, 4> subtract_product(Vector<double, 4> a, Vector<double, 4> b, Vector<double, 4> c) {
  return _mm256_fnmadd_pd(a, b, c);
}
#endif
#if defined(__AVX512F__)
CHEAPFAST_INLINE Vector<float, 16> multiply_add(Vector<float, 16> a, Vector<float, 16> b, Vector<float, 16> c) {
  return _mm512_fmadd_ps(a, b, c);
}
CHEAPFAST_INLINE Vector<float, 16> subtract_product(Vector<float, 16> a, Vector<float, 16> b, Vector<float, 16> c) {
  return _mm512_fnmadd_ps(a, b, c);
}
CHEAPFAST_INLINE Vector<double, 8> multiply_add(Vector<double, 8> a, Vector<double, 8> b, Vector<double, 8> c) {
  return _mm512_fmadd_pd(a, b, c);
}
CHEAPFAST_INLINE Vector<double, 8> subtract_product(Vector<double, 8> a, Vector<double, 8> b, Vector<double, 8> c) {
  return _mm512_fnmadd_pd(a, b, c);
}
#endif

template <class T, int W, int H, int... I>
CHEAPFAST_INLINE Vector<T, W> butterfly_of_lanes(Vector<T, W> v, Lanes<I...>) {
  const Vector<T, W> signs = {((I & H) != 0 ? T(-1) : T(1))...};
  const Vector<T, W> partners = __builtin_shufflevector(v, v, (I ^ H)...);
  return multiply_add(v, signs, partners);
}
#endif

// Lanes i and i + H, where i has no bit H, become their sum and their difference.
template <class T, int W, int H>
CHEAPFAST_INLINE Vector<T, W> butterfly_of_lanes(Vector<T, W> v) {
  if constexpr (H < W) {
    return butterfly_of_lanes<T, W, H>(v, typename LanesOf<W>::Type{});
  } else {
    return v;
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
