// The sums of sign_sum.cpp in double-double arithmetic, for networks that leave float64 no digit.
#include "targets/tables/sign_sum_double.hpp"

#include "targets/double_double.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

CHEAPFAST_INLINE Twofold magnitude_of(Twofold u) { return choose(u.high < 0, negative(u), u); }
CHEAPFAST_INLINE Twofold positive_part(Twofold u) { return choose(u.high > 0, u, twofold(0.0)); }

struct DoubleExponential {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) { return exponential(u); }
};
struct DoubleLogistic {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) {
    const Twofold decay = exponential(negative(magnitude_of(u)));
    return divide(choose(u.high < 0, decay, twofold(1.0)), add(decay, wide(1.0)));
  }
};
struct DoubleTanh {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) {
    constexpr double kFlat = 40;  // tanh is 1 from here on
    const Twofold large = magnitude_of(u), near = choose(large.high < kFlat, large, twofold(kFlat));
    const Twofold y = expm1(scale(near, wide(-2.0)));
    const Twofold value = divide(negative(y), add(y, wide(2.0)));
    return choose(u.high < 0, negative(value), value);
  }
};
struct DoubleSoftplus {
  // log(1 + d) by a Newton step on e^y - 1 = d from its value in double precision.
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) {
    const Twofold decay = exponential(negative(magnitude_of(u)));
    const Doubles start = log1p_inside<double>(decay.high);
    const Twofold step = expm1({-start, wide(0.0)});  // e^-start - 1
    const Twofold rest = add(multiply(decay, add(step, wide(1.0))), step);
    return add(positive_part(u), add(rest, start));
  }
};
struct DoubleSine {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) { return sine(u); }
};
struct DoubleGauss {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) { return exponential(negative(multiply(u, u))); }
};
struct DoubleRelu {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) { return positive_part(u); }
};
struct DoubleStep {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int) { return choose(u.high > 0, twofold(1.0), twofold(0.0)); }
};
struct DoubleRepu {
  static CHEAPFAST_MEMBER Twofold of(Twofold u, int degree) {
    const Twofold base = positive_part(u);
    Twofold power = base;
    for (int i = 1; i < degree; ++i) power = multiply(power, base);
    return power;
  }
};

template <class Sigma>
void sign_sum_double(const SignSumDoubleTask& task, double* result) {
  constexpr int W = WideOf<double>::kLanes;
  Twofold total = twofold(0.0);
  for (std::int64_t k = 0; k < task.count; ++k) {
    const Twofold high = twofold(task.high[0][k], task.high[1][k]);
    Twofold sum = twofold(0.0);
    for (std::int64_t j = 0; j < task.pairs; j += W) {
      const Twofold t = {load_vector(task.low[0] + j), load_vector(task.low[1] + j)};
      const Twofold a = Sigma::of(add(high, t), task.degree), b = Sigma::of(add(high, negative(t)), task.degree);
      sum = add(sum, add(a, negative(b)));
    }
    std::uint64_t bits = static_cast<std::uint64_t>(k);
    for (int shift = 32; shift > 0; shift /= 2) bits ^= bits >> shift;
    total = add(total, (bits & 1) != 0 ? negative(sum) : sum);
  }
  double high[W], low[W];
  std::memcpy(high, &total.high, sizeof high);
  std::memcpy(low, &total.low, sizeof low);
  Twofold sum = twofold(0.0);
  for (int i = 0; i < W; ++i) sum = add(sum, twofold(high[i], low[i]));
  std::memcpy(high, &sum.high, sizeof high);
  std::memcpy(low, &sum.low, sizeof low);
  result[0] = high[0];
  result[1] = low[0];
}

}  // namespace

void fill_sign_sum_double(SignSumDoubleTable& table) {
  const auto put = [&table](SigmaKind kind, void (*kernel)(const SignSumDoubleTask&, double*)) {
    table.sign_sum_double[static_cast<int>(kind)] = kernel;
  };
  put(SigmaKind::exp, sign_sum_double<DoubleExponential>);
  put(SigmaKind::logistic, sign_sum_double<DoubleLogistic>);
  put(SigmaKind::tanh, sign_sum_double<DoubleTanh>);
  put(SigmaKind::softplus, sign_sum_double<DoubleSoftplus>);
  put(SigmaKind::sin, sign_sum_double<DoubleSine>);
  put(SigmaKind::gauss, sign_sum_double<DoubleGauss>);
  put(SigmaKind::relu, sign_sum_double<DoubleRelu>);
  put(SigmaKind::step, sign_sum_double<DoubleStep>);
  put(SigmaKind::repu, sign_sum_double<DoubleRepu>);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
