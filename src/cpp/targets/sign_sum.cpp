// Sums of an activation over signs: sum over s of prod(s) sigma(bias + s . steps), a table of low halves at a time.
#include "targets/kernels.hpp"
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
  double sum = 0;
  for (int i = 0; i < WideOf<T>::kLanes; ++i) sum += static_cast<double>(lane[i]);
  return sum;
}

// sigma of the pairs from j on: each is subtracted before it is added, since two separate sums would be larger than
// their difference by far.
template <class T, template <class> class Sigma, bool kInside>
CHEAPFAST_INLINE Wide<T> difference(const SignSumTask& task, std::int64_t j, Wide<T> high) {
  const Wide<T> a = load_vector(static_cast<const T*>(task.plus) + j) + high;
  const Wide<T> b = load_vector(static_cast<const T*>(task.minus) + j) + high;
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

// A sum of N pairs over their common denominator.
template <class T>
struct Fraction {
  Wide<T> over, under;
};

// Pair j is difference B / (1 + sum B + product B^2); B is left to the caller. Halves first, so that few are alive.
template <class T, int N>
CHEAPFAST_INLINE Fraction<T> merged(const MergedTable& table, std::int64_t j, Wide<T> B) {
  constexpr int W = WideOf<T>::kLanes;
  if constexpr (N == 1) {
    const Wide<T> sum = load_vector(static_cast<const T*>(table.sum) + j);
    const Wide<T> product = load_vector(static_cast<const T*>(table.product) + j);
    return {load_vector(static_cast<const T*>(table.difference) + j), 1 + B * (sum + B * product)};
  } else {
    const Fraction<T> a = merged<T, N / 2>(table, j, B), b = merged<T, N / 2>(table, j + N / 2 * W, B);
    return {a.over * b.under + b.over * a.under, a.under * b.under};
  }
}

// The logistic by tables of exponentials: logistic(u) = 1 / (1 + e^-u), so that an argument costs two multiplications
// and N pairs share one division. Where `high` is negative, 1 - logistic(-u) keeps the exponentials small.
template <class T, int N>
double sign_sum_merged(const SignSumTask& task) {
  constexpr int W = WideOf<T>::kLanes;
  alignas(64) T factors[kSignSumBlock];
  for (std::int64_t k = 0; k < task.count; ++k) {
    const double high = task.high[k];
    factors[k] = static_cast<T>(high < 0 ? high : -high);
  }
  for (std::int64_t k = task.count; k % W != 0; ++k) factors[k] = 0;
  for (std::int64_t k = 0; k < task.count; k += W) {
    store_vector(factors + k, exp_anywhere<T>(load_vector(factors + k)));
  }
  Compensated total;
  for (std::int64_t k = 0; k < task.count; ++k) {
    const MergedTable& table = task.merged[task.high[k] < 0];
    const Wide<T> B = wide<T>(factors[k]);
    Wide<T> sum = {};
    for (std::int64_t j = 0; j < task.pairs; j += N * W) {
      const Fraction<T> f = merged<T, N>(table, j, B);
      sum += f.over / f.under;
    }
    total.add(sign_of(k) * static_cast<double>(factors[k]) * sum_lanes<T>(sum));
  }
  return total.sum + total.rest;
}

// e^u by a table of exponentials: an argument costs one multiplication.
template <class T>
double sign_sum_exp_table(const SignSumTask& task) {
  constexpr int W = WideOf<T>::kLanes;
  const T* const plus = static_cast<const T*>(task.exp_plus);
  const T* const minus = static_cast<const T*>(task.exp_minus);
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

// relu(t + h) = max(t, -h) + h, and the h of a pair cancel.
template <class T>
double sign_sum_relu(const SignSumTask& task) {
  constexpr int W = WideOf<T>::kLanes;
  const T* const plus = static_cast<const T*>(task.plus);
  const T* const minus = static_cast<const T*>(task.minus);
  Compensated total;
  for (std::int64_t k = 0; k < task.count; ++k) {
    const Wide<T> edge = wide<T>(static_cast<T>(-task.high[k]));
    Wide<T> even = {}, odd = {};
    for (std::int64_t j = 0; j < task.pairs; j += 2 * W) {
      even += at_least(load_vector(plus + j), edge) - at_least(load_vector(minus + j), edge);
      odd += at_least(load_vector(plus + j + W), edge) - at_least(load_vector(minus + j + W), edge);
    }
    total.add(sign_of(k) * sum_lanes<T>(even + odd));
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
void fill(KernelTable& table, int type, SigmaKind kind) {
  table.sign_sum[type][static_cast<int>(kind)] = sign_sum<T, Sigma>;
  table.activate[type][static_cast<int>(kind)] = activate<T, Sigma>;
}

template <class T>
void fill(KernelTable& table, int type) {
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
  table.sign_sum_merged[type][0] = sign_sum_merged<T, 8>;
  table.sign_sum_merged[type][1] = sign_sum_merged<T, 2>;
}

}  // namespace

void fill_sign_sum(KernelTable& table) {
  fill<float>(table, 0);
  fill<double>(table, 1);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
