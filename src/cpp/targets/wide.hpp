// The widest registers of the instruction set as plain values: loads and stores at any address, some lanes of one, and
// lanes changing places.
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

// Stores past the caches, to a multiple of the vector's bytes, where there is an instruction for that: numbers that
// will not soon be read, in lines that are written whole. Another thread sees them after `finish_streams`.
#if defined(__AVX2__) && (defined(__GNUC__) || defined(__clang__))
template <class T>
CHEAPFAST_INLINE void stream_vector(T* p, Wide<T> v) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), reinterpret_cast<__m512i>(v));
#else
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(v));
#endif
}
CHEAPFAST_INLINE void finish_streams() { _mm_sfence(); }
#else
template <class T>
CHEAPFAST_INLINE void stream_vector(T* p, Wide<T> v) {
  store_vector(p, v);
}
CHEAPFAST_INLINE void finish_streams() {}
#endif

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

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
