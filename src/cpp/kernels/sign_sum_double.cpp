#include "core/buffer.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/sign_sum.hpp"
#include "kernels/signs.hpp"

namespace cheapfast {

// Not in an unnamed namespace: the templates of signs.hpp find them by their operands.
static DoubleDouble operator-(DoubleDouble a) { return {-a.high, -a.low}; }

static DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const auto quick = [](double x, double y) { return DoubleDouble{x + y, y - ((x + y) - x)}; };
  const auto exact = [](double x, double y) {
    const double sum = x + y, part = sum - x;
    return DoubleDouble{sum, (x - (sum - part)) + (y - part)};
  };
  const DoubleDouble s = exact(a.high, b.high), t = exact(a.low, b.low);
  const DoubleDouble u = quick(s.high, s.low + t.high);
  return quick(u.high, u.low + t.low);
}

DoubleDouble sign_sum_double(SigmaKind kind, const DoubleDouble* steps, int n, DoubleDouble bias, int degree,
                             int threads, Monitor& monitor) {
  const KernelTable& table = kernels();
  const SignSplit split(n);
  const std::int64_t pairs = split.padded_pairs();
  Buffer<double> memory(static_cast<std::size_t>(2 * pairs));
  memory.fill_zero();
  double* const low = memory.data();
  for_each_pair(split, steps, [&](std::int64_t j, DoubleDouble t) {
    low[j] = t.high;
    low[pairs + j] = t.low;
  });
  record_run("sign_sum.double_double", table);
  const auto kernel = table.sign_sum_double[static_cast<int>(kind)];
  const auto block = [&](const DoubleDouble* high) {
    double parts[2][kSignSumBlock];
    for (std::int64_t k = 0; k < split.count(); ++k) {
      parts[0][k] = high[k].high;
      parts[1][k] = high[k].low;
    }
    double sum[2];
    kernel({{low, low + pairs}, pairs, {parts[0], parts[1]}, split.count(), degree}, sum);
    return DoubleDouble{sum[0], sum[1]};
  };
  DoubleDouble total{0, 0};
  for (const DoubleDouble sum : sum_blocks<DoubleDouble>(split, steps, bias, threads, monitor, block)) {
    total = total + sum;
  }
  return total;
}

}  // namespace cheapfast
