#include "kernels/sign_sum.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/sign_tables.hpp"
#include "kernels/signs.hpp"

namespace cheapfast {
namespace {

// [float64, float32]: arguments beyond which e^u is no normal number, with room for rounding; and up to which the
// reduction modulo pi is exact.
constexpr double kExpRange[2] = {706.0, 86.0};
constexpr double kSineRange[2] = {6e6, 6e3};
// Steps of the low signs up to which e^t and e^h are in range wherever their product counts.
constexpr double kTableReach[2] = {40.0, 8.0};
constexpr int kMergedPairs[3] = {16, 8, 4};  // that share a division in the kernels of `sign_sum_merged`

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

// Which kernels have room for the products of their denominators, each a factor of at most 2 e^reach: 0, 1 or 2 as the
// table of kernels has them, -1 for none.
int merged_level(bool single, double low_reach) {
  for (int level = 0; level < 3; ++level) {
    if (kMergedPairs[level] * (low_reach + std::log(2.0)) < kExpRange[single]) return level;
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
  LowTables<T> tables(split, steps);
  SignSumTask task{};
  task.low = tables.low();
  task.pairs = split.padded_pairs();
  if (kind == SigmaKind::relu) {
    task.magnitudes = tables.magnitudes(task.positive, task.end);
  } else if (level >= 0) {
    task.merged = tables.merged();
  } else if (by_table) {
    task.exponentials = tables.exponentials();
  }
  task.count = split.count();
  task.degree = degree;
  task.inside = reach < kExpRange[single];
  const auto kernel = by_table     ? table.sign_sum_exp_table[!single]
                      : level >= 0 ? table.sign_sum_merged[!single][level]
                                   : table.sign_sum[!single][static_cast<int>(kind)];
  record_run(std::string(single ? "sign_sum.float32" : "sign_sum.float64"), table);
  const double sum = total(sum_blocks<double>(split, steps, bias, threads, monitor, [&](const double* high) {
    SignSumTask mine = task;
    mine.high = high;
    return kernel(mine);
  }));
  // what the kernel of relu leaves out cancels between other signs, if there are any
  return kind == SigmaKind::relu && n == 1 ? sum + steps[0] : sum;
}

}  // namespace

double sign_sum(SigmaKind kind, bool single, const double* steps, int n, double bias, int degree, int threads,
                Monitor& monitor) {
  if (kind == SigmaKind::tanh) {  // 2 logistic(2u) - 1, and the constant cancels
    std::vector<double> twice(steps, steps + n);
    for (double& step : twice) step *= 2;
    return 2 * sign_sum(SigmaKind::logistic, single, twice.data(), n, 2 * bias, degree, threads, monitor);
  }
  if (kind == SigmaKind::relu && bias + magnitude_sum(steps, n) < 0) return 0;  // no neuron is on
  if (kind == SigmaKind::sin && std::abs(bias) + magnitude_sum(steps, n) > kSineRange[single]) {
    return sign_sum([](double u) { return std::sin(u); }, steps, n, bias, threads, monitor);
  }
  return single ? sum_with_tables<float>(kind, steps, n, bias, degree, threads, monitor)
                : sum_with_tables<double>(kind, steps, n, bias, degree, threads, monitor);
}

double sign_sum(const ScalarFunction& function, const double* steps, int n, double bias, int threads,
                Monitor& monitor) {
  const SignSplit split(n);
  const LowTables<double> tables(split, steps);
  return total(sum_blocks<double>(split, steps, bias, threads, monitor, [&](const double* high) {
    std::vector<double> terms;
    terms.reserve(static_cast<std::size_t>(split.count()));
    for (std::int64_t k = 0; k < split.count(); ++k) {
      double sum = 0;
      for (std::int64_t j = 0; j < split.pairs(); ++j) {
        sum += function(high[k] + tables.low()[j]) - function(high[k] - tables.low()[j]);
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
