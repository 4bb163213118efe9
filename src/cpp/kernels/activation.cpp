#include "kernels/activation.hpp"

#include <algorithm>
#include <cmath>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kParallelNumbers = std::int64_t{1} << 16;
constexpr std::int64_t kTurnNumbers = std::int64_t{1} << 13;  // that one turn at the queue is worth, and a near cache

// Sines of arguments that the reduction modulo pi does not reach, infinities among them.
template <class T>
void mend_sines(const T* x, T* y, std::int64_t count) {
  constexpr T kReach = sizeof(T) == sizeof(double) ? T{6e6} : T{6e3};
  const auto is_far = [](T u) { return !(std::abs(u) <= kReach); };
  int far = 0;  // counted without a branch: hardly ever is one of them
  for (std::int64_t i = 0; i < count; ++i) far += is_far(x[i]) ? 1 : 0;
  for (std::int64_t i = 0; i < count && far > 0; ++i) {
    if (is_far(x[i])) y[i] = std::sin(x[i]);
  }
}

template <class T>
void apply_typed(SigmaKind kind, const T* x, T* y, std::int64_t count, int threads, Monitor& monitor) {
  constexpr bool single = sizeof(T) == sizeof(float);
  const KernelTable& table = kernels();
  record_run(single ? "activate.float32" : "activate.float64", table);
  const auto kernel = table.activate[single ? 0 : 1][static_cast<int>(kind)];
  const std::int64_t turns = (count + kTurnNumbers - 1) / kTurnNumbers;
  parallel_for(turns, activation_is_serial(count) ? 1 : threads, monitor, [&](int, std::int64_t turn) {
    const std::int64_t begin = turn * kTurnNumbers, size = std::min(kTurnNumbers, count - begin);
    kernel(x + begin, y + begin, size, 1);
    if (kind == SigmaKind::sin) mend_sines(x + begin, y + begin, size);
  });
}

}  // namespace

bool activation_is_serial(std::int64_t count) { return count < kParallelNumbers; }

void apply_activation(SigmaKind kind, bool single, const void* x, void* y, std::int64_t count, int threads,
                      Monitor& monitor) {
  if (single) {
    apply_typed(kind, static_cast<const float*>(x), static_cast<float*>(y), count, threads, monitor);
  } else {
    apply_typed(kind, static_cast<const double*>(x), static_cast<double*>(y), count, threads, monitor);
  }
}

}  // namespace cheapfast
