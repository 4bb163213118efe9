// Sums of an activation over signs: sum over s of prod(s) sigma(bias + s . steps), a table of low halves at a time.
#include "targets/tables/sign_sum.hpp"

#include "targets/sigmas.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// +1 or -1 by the parity of the ones of k: the product of the signs that k stands for.
CHEAPFAST_INLINE double sign_of(std::int64_t k) {
  std::uint64_t bits = static_cast<std::uint64_t>(k);
  for (int shift = 32; shift > 0; shift /= 2) bits ^= bits >> shift;
  return (bits & 1) != 0 ? -1.0 : 1.0;
}

// Adds numbers that cancel, keeping what rounding takes from each sum (Neumaier).
struct Compensated {
  double sum = 0, rest = 0;
  CHEAPFAST_MEMBER void add(double value) {
    const double total = sum + value;
    const double a = sum < 0 ? -sum : sum, b = value < 0 ? -value : value;
    rest += a >= b ? (sum - total) + value : (value - total) + sum;
    sum = total;
  }
};

template <class T>
CHEAPFAST_INLINE double sum_lanes(Wide<T> v) {
  T lane[WideOf<T>::kLanes];
  std::memcpy(lane, &v, sizeof v);
  double sums[WideOf<T>::kLanes];
  for (int i = 0; i < WideOf<T>::kLanes; ++i) sums[i] = static_cast<double>(lane[i]);
  for (int half = WideOf<T>::kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

// sigma of the pairs from j on: each is subtracted before it is added, since two separate sums would be larger than
// their difference by far.
template <class T, template <class> class Sigma, bool kInside>
CHEAPFAST_INLINE Wide<T> difference(const SignSumTask& task, std::int64_t j, Wide<T> high) {
  const Wide<T> t = load_vector(static_cast<const T*>(task.low) + j), a = high + t, b = high - t;
  if constexpr (kInside) return Sigma<T>::inside(a, task.degree) - Sigma<T>::inside(b, task.degree);
  return Sigma<T>::anywhere(a, task.degree) - Sigma<T>::anywhere(b, task.degree);
}

template <class T, template <class> class Sigma, bool kInside>
CHEAPFAST_INLINE double sum_pairs(const SignSumTask& task, Wide<T> high) {
  constexpr int W = WideOf<T>::kLanes;
  Wide<T> even = {}, odd = {};
  for (std::int64_t j = 0; j < task.pairs; j += 2 * W) {
    even += difference<T, Sigma, kInside>(task, j, high);
    odd += difference<T, Sigma, kInside>(task, j + W, high);
  }
  return sum_lanes<T>(even + odd);
}

template <class T, template <class> class Sigma>
double sign_sum(const SignSumTask& task) {
  Compensated total;
  for (std::int64_t k = 0; k < task.count; ++k) {
    const Wide<T> high = wide<T>(static_cast<T>(task.high[k]));
    const double sum = task.inside ? sum_pairs<T, Sigma, true>(task, high) : sum_pairs<T, Sigma, false>(task, high);
    total.add(sign_of(k) * sum);
  }
  return total.sum + total.rest;
}

// A sum of pairs over their common denominator.
template <class T>
struct Fraction {
  Wide<T> over, under;
};

// Four N pairs, from the coefficients of the four that share a place of the tables: over / under is their sum over w.
// Halves first, so that few are alive.
template <class T, int N>
CHEAPFAST_INLINE Fraction<T> merged(const T* table, std::int64_t stride, Wide<T> w) {
  constexpr int W = WideOf<T>::kLanes;
  if constexpr (N == 1) {
    Wide<T> c[8];
    CHEAPFAST_UNROLL
    for (int i = 0; i < 8; ++i) c[i] = load_vector(table + i * stride);
    return {c[0] + w * (c[1] + w * (c[2] + w * c[3])), 1 + w * (c[4] + w * (c[5] + w * (c[6] + w * c[7])))};
  } else {
    const Fraction<T> a = merged<T, N / 2>(table, stride, w), b = merged<T, N / 2>(table + N / 2 * W, stride, w);
    return {a.over * b.under + b.over * a.under, a.under * b.under};
  }
}

// The logistic by tables of exponentials: with w = 1 / (2 cosh h)
//   logistic(h + t) - logistic(h - t) = 2 sinh(t) w / (1 + 2 cosh(t) w),
// and four such fractions have one denominator, a polynomial in w. So a neuron costs less than one multiplication, and
// 8 N of them share a division.
template <class T, int N>
double sign_sum_merged(const SignSumTask& task) {
  constexpr int W = WideOf<double>::kLanes, kStep = N * WideOf<T>::kLanes;
  alignas(64) double factors[kSignSumBlock] = {};
  std::memcpy(factors, task.high, static_cast<std::size_t>(task.count) * sizeof(double));
  for (std::int64_t k = 0; k < task.count; k += W) {
    const Wide<double> decay = exp_anywhere<double>(-magnitude<double>(load_vector(factors + k)));
    store_vector(factors + k, decay / (1 + decay * decay));
  }
  const std::int64_t places = task.pairs / 4;
  Compensated total;
  for (std::int64_t k = 0; k < task.count; ++k) {
    const Wide<T> w = wide<T>(static_cast<T>(factors[k]));
    Wide<T> sum = {};
    for (std::int64_t j = 0; j < places; j += kStep) {
      const Fraction<T> f = merged<T, N>(static_cast<const T*>(task.merged) + j, places, w);
      sum += f.over / f.under;
    }
    total.add(sign_of(k) * factors[k] * sum_lanes<T>(sum));
  }
  return total.sum + total.rest;
}

// e^u by a table of exponentials: an argument costs one multiplication.
template <class T>
double sign_sum_exp_table(const SignSumTask& task) {
  constexpr int W = WideOf<T>::kLanes;
  const T* const plus = static_cast<const T*>(task.exponentials);
  const T* const minus = plus + task.pairs;
  Compensated total;
  for (std::int64_t k = 0; k < task.count; ++k) {
    T factor[W];
    store_vector(factor, exp_anywhere<T>(wide<T>(static_cast<T>(task.high[k]))));
    const Wide<T> B = wide<T>(factor[0]);
    Wide<T> even = {}, odd = {};
    for (std::int64_t j = 0; j < task.pairs; j += 2 * W) {
      even += load_vector(plus + j) * B - load_vector(minus + j) * B;
      odd += load_vector(plus + j + W) * B - load_vector(minus + j + W) * B;
    }
    total.add(sign_of(k) * sum_lanes<T>(even + odd));
  }
  return total.sum + total.rest;
}

constexpr int kReluTogether = 4;  // sums of high signs that share a table's entries while these are in registers

// Adds min(table[j], most[i]) for begin <= j < end to sums[i].
template <class T>
CHEAPFAST_INLINE void add_least(const T* table, std::int64_t begin, std::int64_t end, const Wide<T>* most,
                                Wide<T>* sums) {
  constexpr int W = WideOf<T>::kLanes;
  Wide<T> odd[kReluTogether] = {};  // an addition need not wait for the one before it
  for (std::int64_t j = begin; j < end; j += 2 * W) {
    const Wide<T> a = load_vector(table + j), b = load_vector(table + j + W);
    CHEAPFAST_UNROLL
    for (int i = 0; i < kReluTogether; ++i) {
      sums[i] += at_most(a, most[i]);
      odd[i] += at_most(b, most[i]);
    }
  }
  for (int i = 0; i < kReluTogether; ++i) sums[i] += odd[i];
}

// relu(h + t) - relu(h - t) = t + sign(h) sign(t) min(|h|, |t|), of which the t are left to the caller.
template <class T>
double sign_sum_relu(const SignSumTask& task) {
  const T* const table = static_cast<const T*>(task.magnitudes);
  double high[kSignSumBlock + kReluTogether] = {};  // those beyond add nothing
  std::memcpy(high, task.high, static_cast<std::size_t>(task.count) * sizeof(double));
  Compensated total;
  for (std::int64_t k = 0; k < task.count; k += kReluTogether) {
    Wide<T> most[kReluTogether], positive[kReluTogether] = {}, others[kReluTogether] = {};
    for (int i = 0; i < kReluTogether; ++i) most[i] = magnitude<T>(wide<T>(static_cast<T>(high[k + i])));
    add_least<T>(table, 0, task.positive, most, positive);
    add_least<T>(table, task.positive, task.end, most, others);
    for (int i = 0; i < kReluTogether; ++i) {
      const double sum = sum_lanes<T>(positive[i] - others[i]);
      total.add(sign_of(k + i) * (high[k + i] < 0 ? -sum : sum));
    }
  }
  return total.sum + total.rest;
}

template <class T, template <class> class Sigma>
void activate(const void* source, void* destination, std::int64_t size, int degree) {
  constexpr int W = WideOf<T>::kLanes;
  const T* const in = static_cast<const T*>(source);
  T* const out = static_cast<T*>(destination);
  std::int64_t i = 0;
  for (; i + W <= size; i += W) store_vector(out + i, Sigma<T>::anywhere(load_vector(in + i), degree));
  if (i == size) return;
  T rest[W] = {};
  std::memcpy(rest, in + i, static_cast<std::size_t>(size - i) * sizeof(T));
  store_vector(rest, Sigma<T>::anywhere(load_vector(rest), degree));
  std::memcpy(out + i, rest, static_cast<std::size_t>(size - i) * sizeof(T));
}

template <class T, template <class> class Sigma>
void fill(SignSumTable& table, int type, SigmaKind kind) {
  table.sign_sum[type][static_cast<int>(kind)] = sign_sum<T, Sigma>;
  table.activate[type][static_cast<int>(kind)] = activate<T, Sigma>;
}

template <class T>
void fill(SignSumTable& table, int type) {
  fill<T, Exponential>(table, type, SigmaKind::exp);
  fill<T, Logistic>(table, type, SigmaKind::logistic);
  fill<T, Tanh>(table, type, SigmaKind::tanh);
  fill<T, Softplus>(table, type, SigmaKind::softplus);
  fill<T, Sine>(table, type, SigmaKind::sin);
  fill<T, Gauss>(table, type, SigmaKind::gauss);
  fill<T, Relu>(table, type, SigmaKind::relu);
  fill<T, Step>(table, type, SigmaKind::step);
  fill<T, Repu>(table, type, SigmaKind::repu);
  table.sign_sum[type][static_cast<int>(SigmaKind::relu)] = sign_sum_relu<T>;
  table.sign_sum_exp_table[type] = sign_sum_exp_table<T>;
  table.sign_sum_merged[type][0] = sign_sum_merged<T, 4>;
  table.sign_sum_merged[type][1] = sign_sum_merged<T, 2>;
  table.sign_sum_merged[type][2] = sign_sum_merged<T, 1>;
}

}  // namespace

void fill_sign_sum(SignSumTable& table) {
  fill<float>(table, 0);
  fill<double>(table, 1);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
