// The activations of the sign sums, as functions of a vector.
//
// `inside` may be called where |u| is at most kInside and serves the inner loops; `anywhere` takes every u.
#pragma once

#include "targets/sigma_math.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// y but where u is a zero, which an odd function returns with its sign, or NaN: there u.
template <class T>
CHEAPFAST_INLINE Wide<T> of_zeros(Wide<T> u, Wide<T> y) {
  return magnitude<T>(u) > 0 ? y : u;
}

template <class T>
struct Exponential {
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) { return exp_inside<T>(u); }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return exp_anywhere<T>(u); }
};

template <class T>
struct Logistic {
  // 1 / (1 + e^-u) by d = e^-|u|: what rounding takes from 1 + d would cost half an ulp, so it is put back.
  static CHEAPFAST_MEMBER Wide<T> of_decay(Wide<T> u, Wide<T> decay) {
    const Wide<T> one = wide<T>(T{1}), sum = 1 + decay, lost = decay - (sum - 1);
    const Wide<T> y = (u < 0 ? decay : one) / sum;
    return y - y * lost * (u < 0 ? one - y : y);
  }
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) { return of_decay(u, exp_inside<T>(-magnitude<T>(u))); }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return of_decay(u, exp_anywhere<T>(-magnitude<T>(u))); }
};

template <class T>
struct Tanh {
  static constexpr T kFlat = sizeof(T) == 8 ? T{20} : T{10};  // tanh is 1 from here on
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) {
    const Wide<T> y = expm1_inside<T>(2 * at_most(at_least(u, wide<T>(-kFlat)), wide<T>(kFlat)));
    return y / (y + 2);
  }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return of_zeros<T>(u, inside(u, 0)); }
};

template <class T>
struct Softplus {
  static CHEAPFAST_MEMBER Wide<T> of_decay(Wide<T> u, Wide<T> decay) {
    return at_least(u, wide<T>(T{0})) + log1p_inside<T>(decay);
  }
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) { return of_decay(u, exp_inside<T>(-magnitude<T>(u))); }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return of_decay(u, exp_anywhere<T>(-magnitude<T>(u))); }
};

template <class T>
struct Sine {
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) { return sine<T>(u); }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return of_zeros<T>(u, sine<T>(u)); }
};

// e^(-u^2): what rounding takes from u^2 would cost u^2 ulp, so it is put back.
template <class T>
struct Gauss {
  static constexpr T kTiny = sizeof(T) == 8 ? T{26.5} : T{9.3};  // the result is next to nothing from here on,
  static constexpr T kZero = sizeof(T) == 8 ? T{28} : T{11};     // and 0 from here on
  static CHEAPFAST_MEMBER Wide<T> clamp(Wide<T> u, T most) {
    return at_most(at_least(u, wide<T>(-most)), wide<T>(most));
  }
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) {
    const Wide<T> near = clamp(u, kTiny), square = near * near, y = exp_inside<T>(-square);
    return y - y * product_error<T>(near, near, square);
  }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) {
    const Wide<T> near = clamp(u, kZero), square = near * near, y = exp_anywhere<T>(-square);
    return u == u ? y - y * product_error<T>(near, near, square) : u;
  }
};

template <class T>
struct Relu {
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) { return at_least(u, wide<T>(T{0})); }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return u <= 0 ? wide<T>(T{0}) : u; }  // 0 of -0., too
};

template <class T>
struct Step {
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int) { return u > 0 ? wide<T>(T{1}) : wide<T>(T{0}); }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int) { return inside(u, 0); }
};

template <class T>
struct Repu {
  static CHEAPFAST_MEMBER Wide<T> inside(Wide<T> u, int degree) {
    const Wide<T> base = at_least(u, wide<T>(T{0}));
    Wide<T> power = base;
    for (int i = 1; i < degree; ++i) power = power * base;
    return power;
  }
  static CHEAPFAST_MEMBER Wide<T> anywhere(Wide<T> u, int degree) { return inside(u, degree); }
};

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
