// What the fused kernel does to a few rows in registers: layers of 2 x 2 blocks, sums and differences, small Fourier
// transforms. `run<W>(a, w)` replaces the kRadix rows a; W says how weights w reach the lanes; row i of a is read from
// row input(i).
#pragma once

#include "targets/lanes.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// log2 R layers of 2 x 2 blocks; 4 weights a block, blocks in the order of their first row.
template <int R, class W, class E>
CHEAPFAST_INLINE void mix_pairs(E* a, int h, const typename E::T*& w) {
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    if ((i & h) != 0) continue;
    const E low = a[i], high = a[i + h];
    a[i] = low.template combine<W>(high, w, 0);
    a[i + h] = low.template combine<W>(high, w, 2);
    w += 4 * E::kParts * W::kStep;
  }
}
template <int R>
struct Rising {
  static constexpr int kRadix = R;
  static constexpr int input(int i) { return i; }
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w) {
    CHEAPFAST_UNROLL
    for (int h = 1; h < R; h *= 2) mix_pairs<R, W>(a, h, w);
  }
};
template <int R>
struct Falling {
  static constexpr int kRadix = R;
  static constexpr int input(int i) { return i; }
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w) {
    CHEAPFAST_UNROLL
    for (int h = R / 2; h > 0; h /= 2) mix_pairs<R, W>(a, h, w);
  }
};

// Blocks (1, 1; 1, -1): no weights.
template <int R>
struct Sums {
  static constexpr int kRadix = R;
  static constexpr int input(int i) { return i; }
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T*) {
    CHEAPFAST_UNROLL
    for (int h = 1; h < R; h *= 2) {
      CHEAPFAST_UNROLL
      for (int i = 0; i < R; ++i) {
        if ((i & h) != 0) continue;
        const E sum = a[i] + a[i + h];
        a[i + h] = a[i] - a[i + h];
        a[i] = sum;
      }
    }
  }
};

// ---- Fourier transforms of R numbers, forward, natural order

constexpr double kHalfRoot = 0.70710678118654752440;  // cos(pi / 4)

template <class E>
CHEAPFAST_INLINE void fourier4(E& a, E& b, E& c, E& d) {
  const E s = a + c, t = a - c, u = b + d, v = b - d;
  a = s + u;
  b = t.minus_i(v);
  c = s - u;
  d = t.plus_i(v);
}

template <int R>
struct SmallFourier;
template <>
struct SmallFourier<2> {
  template <class E>
  static CHEAPFAST_MEMBER void run(E* a) {
    const E difference = a[0] - a[1];
    a[0] = a[0] + a[1];
    a[1] = difference;
  }
};
template <>
struct SmallFourier<4> {
  template <class E>
  static CHEAPFAST_MEMBER void run(E* a) {
    fourier4(a[0], a[1], a[2], a[3]);
  }
};
template <>
struct SmallFourier<8> {
  template <class E>
  static CHEAPFAST_MEMBER void run(E* a) {
    typedef typename E::T T;
    constexpr T h = T(kHalfRoot);
    fourier4(a[0], a[2], a[4], a[6]);
    fourier4(a[1], a[3], a[5], a[7]);
    const E e0 = a[0], e1 = a[2], e2 = a[4], e3 = a[6], o0 = a[1], o2 = a[5];
    const E o1 = a[3].minus_i(a[3]);  // sqrt(2) w a[3], w = exp(-i pi / 4)
    const E o3 = a[7].plus_i(a[7]);   // -sqrt(2) w^3 a[7]
    a[0] = e0 + o0;
    a[4] = e0 - o0;
    a[1] = e1.plus_scaled(o1, h);
    a[5] = e1.plus_scaled(o1, -h);
    a[2] = e2.minus_i(o2);
    a[6] = e2.plus_i(o2);
    a[3] = e3.plus_scaled(o3, -h);
    a[7] = e3.plus_scaled(o3, h);
  }
};

// cos and sin of 2 pi k / R for k = 0 ... R - 1
template <int R>
struct Circle;
template <>
struct Circle<3> {
  static constexpr double kCos[3] = {1, -0.5, -0.5};
  static constexpr double kSin[3] = {0, 0.86602540378443864676, -0.86602540378443864676};
};
template <>
struct Circle<5> {
  static constexpr double kCos[5] = {1, 0.30901699437494742410, -0.80901699437494742410, -0.80901699437494742410,
                                     0.30901699437494742410};
  static constexpr double kSin[5] = {0, 0.95105651629515357212, 0.58778525229247312917, -0.58778525229247312917,
                                     -0.95105651629515357212};
};
template <>
struct Circle<7> {
  static constexpr double kCos[7] = {1,
                                     0.62348980185873353053,
                                     -0.22252093395631440429,
                                     -0.90096886790241912624,
                                     -0.90096886790241912624,
                                     -0.22252093395631440429,
                                     0.62348980185873353053};
  static constexpr double kSin[7] = {0,
                                     0.78183148246802980871,
                                     0.97492791218182360702,
                                     0.43388373911755812048,
                                     -0.43388373911755812048,
                                     -0.97492791218182360702,
                                     -0.78183148246802980871};
};

// An odd number: input j and input R - j meet the same cosine and opposite sines.
template <int R>
struct OddFourier {
  template <class E>
  static CHEAPFAST_MEMBER void run(E* a) {
    typedef typename E::T T;
    constexpr int half = (R - 1) / 2;
    E sum[half], difference[half];
    const E first = a[0];
    CHEAPFAST_UNROLL
    for (int j = 0; j < half; ++j) {
      sum[j] = a[j + 1] + a[R - 1 - j];
      difference[j] = a[j + 1] - a[R - 1 - j];
      a[0] = a[0] + sum[j];
    }
    CHEAPFAST_UNROLL
    for (int k = 1; k <= half; ++k) {
      E even = first.plus_scaled(sum[0], T(Circle<R>::kCos[k]));
      E odd = difference[0].scale(T(Circle<R>::kSin[k]));
      CHEAPFAST_UNROLL
      for (int j = 1; j < half; ++j) {
        even = even.plus_scaled(sum[j], T(Circle<R>::kCos[k * (j + 1) % R]));
        odd = odd.plus_scaled(difference[j], T(Circle<R>::kSin[k * (j + 1) % R]));
      }
      a[k] = even.minus_i(odd);
      a[R - k] = even.plus_i(odd);
    }
  }
};
template <>
struct SmallFourier<3> : OddFourier<3> {};
template <>
struct SmallFourier<5> : OddFourier<5> {};
template <>
struct SmallFourier<7> : OddFourier<7> {};

// R - 1 twiddle factors, then the transform. R = 2^k stands for k layers of radix 2, which take their inputs in
// bit-reversed order.
template <int R>
struct Fourier {
  static constexpr int kRadix = R;
  static constexpr int input(int i) {
    return R == 4 ? (i & 1) * 2 + i / 2 : R == 8 ? (i & 1) * 4 + (i & 2) + i / 4 : i;
  }
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w) {
    CHEAPFAST_UNROLL
    for (int i = 1; i < R; ++i) a[i] = a[i].template times_weight<W>(w, i - 1);
    SmallFourier<R>::run(a);
  }
};

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
