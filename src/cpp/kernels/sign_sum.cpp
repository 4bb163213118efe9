#include "kernels/sign_sum.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/signs.hpp"

namespace cheapfast {
namespace {

// [float64, float32]: arguments beyond which e^u is no normal number, with room for rounding; and up to which the
// reduction modulo pi is exact.
constexpr double kExpRange[2] = {706.0, 86.0};
constexpr double kSineRange[2] = {6e6, 6e3};
// Steps of the low signs up to which e^t and e^h are in range wherever their product counts.
constexpr double kTableReach[2] = {40.0, 8.0};
constexpr int kMergedNeurons[2] = {16, 4};  // that share a division in the kernels of `sign_sum_merged`

double total(const std::vector<double>& terms) {  // Neumaier
  double sum = 0, rest = 0;
  for (const double term : terms) {
    const double next = sum + term;
    rest += std::abs(sum) >= std::abs(term) ? (sum - next) + term : (term - next) + sum;
    sum = next;
  }
  return sum + rest;
}

double magnitude_sum(const double* steps, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += std::abs(steps[i]);
  return sum;
}

// Tables in the kernel's type, side by side.
template <class T>
class LowTables {
 public:
  LowTables(const SignSplit& split, const double* steps, bool merged, bool exponentials = false)
      : pairs_(split.padded_pairs()) {
    memory_.resize(static_cast<std::size_t>(8 * pairs_));
    memory_.fill_zero();
    for_each_pair(split, steps, [&](std::int64_t j, double plus, double minus) {
      table(0)[j] = static_cast<T>(plus);
      table(1)[j] = static_cast<T>(minus);
      if (merged) set_merged(j, plus, minus);
      if (exponentials) {
        table(2)[j] = static_cast<T>(std::exp(plus));
        table(3)[j] = static_cast<T>(std::exp(minus));
      }
    });
  }

  const T* plus() const { return table(0); }
  const T* minus() const { return table(1); }
  const T* exp_plus() const { return table(2); }  // these two share their place with the merged tables
  const T* exp_minus() const { return table(3); }
  MergedTable merged(int side) const { return {table(2 + 3 * side), table(3 + 3 * side), table(4 + 3 * side)}; }

 private:
  // The difference of exponentials by a product: for steps that are small it must not cancel.
  void set_merged(std::int64_t j, double plus, double minus) {
    const double mean = (plus + minus) / 2, half = (plus - minus) / 2;
    const double cosh2 = 2 * std::cosh(half), sinh2 = 2 * std::sinh(half);
    for (int side = 0; side < 2; ++side) {
      const double middle = std::exp(side == 0 ? -mean : mean);
      table(2 + 3 * side)[j] = static_cast<T>(middle * sinh2);
      table(3 + 3 * side)[j] = static_cast<T>(middle * cosh2);
      table(4 + 3 * side)[j] = static_cast<T>(middle * middle);
    }
  }
  T* table(int i) { return memory_.data() + i * pairs_; }
  const T* table(int i) const { return memory_.data() + i * pairs_; }

  std::int64_t pairs_;
  Buffer<T> memory_;
};

// Which of the merged kernels has room for the products of its denominators: 0, 1, or -1 for neither.
int merged_level(bool single, double low_reach) {
  for (int level = 0; level < 2; ++level) {
    if (kMergedNeurons[level] * (low_reach + std::log(2.0)) < kExpRange[single]) return level;
  }
  return -1;
}

template <class T>
double sum_with_tables(SigmaKind kind, const double* steps, int n, double bias, int degree, int threads,
                       Monitor& monitor) {
  constexpr bool single = sizeof(T) == sizeof(float);
  const KernelTable& table = kernels();
  const SignSplit split(n);
  const double low_reach = magnitude_sum(steps, split.low), reach = std::abs(bias) + magnitude_sum(steps, n);
  const int level = kind == SigmaKind::logistic ? merged_level(single, low_reach) : -1;
  const bool by_table =
      kind == SigmaKind::exp && low_reach < kTableReach[single] && reach < kExpRange[single] - kTableReach[single];
  const LowTables<T> tables(split, steps, level >= 0, by_table);
  SignSumTask task{};
  task.plus = tables.plus();
  task.minus = tables.minus();
  task.pairs = split.padded_pairs();
  task.merged[0] = tables.merged(0);
  task.merged[1] = tables.merged(1);
  task.exp_plus = tables.exp_plus();
  task.exp_minus = tables.exp_minus();
  task.count = split.count();
  task.degree = degree;
  task.inside = reach < kExpRange[single];
  const auto kernel = by_table     ? table.sign_sum_exp_table[!single]
                      : level >= 0 ? table.sign_sum_merged[!single][level]
                                   : table.sign_sum[!single][static_cast<int>(kind)];
  record_run(std::string(single ? "sign_sum.float32" : "sign_sum.float64"), table);
  return total(sum_blocks<double>(split, steps, bias, threads, monitor, [&](const double* high) {
    SignSumTask mine = task;
    mine.high = high;
    return kernel(mine);
  }));
}

}  // namespace

double sign_sum(SigmaKind kind, bool single, const double* steps, int n, double bias, int degree, int threads,
                Monitor& monitor) {
  if (kind == SigmaKind::tanh) {  // 2 logistic(2u) - 1, and the constant cancels
    std::vector<double> twice(steps, steps + n);
    for (double& step : twice) step *= 2;
    return 2 * sign_sum(SigmaKind::logistic, single, twice.data(), n, 2 * bias, degree, threads, monitor);
  }
  if (kind == SigmaKind::sin && std::abs(bias) + magnitude_sum(steps, n) > kSineRange[single]) {
    return sign_sum([](double u) { return std::sin(u); }, steps, n, bias, threads, monitor);
  }
  return single ? sum_with_tables<float>(kind, steps, n, bias, degree, threads, monitor)
                : sum_with_tables<double>(kind, steps, n, bias, degree, threads, monitor);
}

double sign_sum(const ScalarFunction& function, const double* steps, int n, double bias, int threads,
                Monitor& monitor) {
  const SignSplit split(n);
  const LowTables<double> tables(split, steps, false);
  return total(sum_blocks<double>(split, steps, bias, threads, monitor, [&](const double* high) {
    std::vector<double> terms;
    terms.reserve(static_cast<std::size_t>(split.count()));
    for (std::int64_t k = 0; k < split.count(); ++k) {
      double sum = 0;
      for (std::int64_t j = 0; j < split.pairs(); ++j) {
        sum += function(tables.plus()[j] + high[k]) - function(tables.minus()[j] + high[k]);
      }
      terms.push_back(odd_parity(k) ? -sum : sum);
    }
    return total(terms);
  }));
}

void activate(SigmaKind kind, bool single, const void* source, void* destination, std::int64_t size, int degree) {
  const KernelTable& table = kernels();
  record_run(std::string(single ? "activate.float32" : "activate.float64"), table);
  table.activate[!single][static_cast<int>(kind)](source, destination, size, degree);
}

}  // namespace cheapfast
