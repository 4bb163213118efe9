// What the machine can do at best: streams of reads and of updates, and fused multiply-adds in registers.
#include "targets/tables/roofline.hpp"

#include <cstdint>

#include "targets/simd_real.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// So many independent chains hide the latency of an addition or of a multiply-add, and fit in sixteen registers.
constexpr int kChains = 12;

// The sum of data, read `repeats` times. O(size * repeats).
float stream_read(const float* data, std::int64_t size, std::int64_t repeats) {
  constexpr int kWidth = kLanes<float>;
  constexpr std::int64_t kStep = kChains * kWidth;
  Vector<float, kWidth> sums[kChains] = {};
  float rest = 0;
  for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
    std::int64_t i = 0;
    for (; i + kStep <= size; i += kStep) {
      CHEAPFAST_UNROLL
      for (int chain = 0; chain < kChains; ++chain) {
        sums[chain] += load_lanes<float, kWidth>(data + i + chain * kWidth);
      }
    }
    for (; i < size; ++i) rest += data[i];
  }
  for (int chain = 1; chain < kChains; ++chain) sums[0] += sums[chain];
  float lanes[kWidth];
  store_lanes<float, kWidth>(lanes, sums[0]);
  for (int lane = 0; lane < kWidth; ++lane) rest += lanes[lane];
  return rest;
}

// data = factor * data, `repeats` times. O(size * repeats).
void stream_update(float* data, std::int64_t size, float factor, std::int64_t repeats) {
  constexpr int kWidth = kLanes<float>;
  constexpr std::int64_t kStep = 4 * kWidth;
  for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
    std::int64_t i = 0;
    for (; i + kStep <= size; i += kStep) {
      CHEAPFAST_UNROLL
      for (int part = 0; part < 4; ++part) {
        float* const place = data + i + part * kWidth;
        store_lanes<float, kWidth>(place, load_lanes<float, kWidth>(place) * factor);
      }
    }
    for (; i < size; ++i) data[i] *= factor;
  }
}

// Iterates y = factor * y + 1 in all lanes of all chains and returns the mean; chain c begins at c, since of chains
// that are equal a compiler keeps one. O(steps).
template <class T>
T iterate(T factor, std::int64_t steps) {
  constexpr int kWidth = kLanes<T>;
  const Vector<T, kWidth> a = Vector<T, kWidth>{} + factor, b = Vector<T, kWidth>{} + T(1);
  Vector<T, kWidth> y[kChains];
  for (int chain = 0; chain < kChains; ++chain) y[chain] = Vector<T, kWidth>{} + T(chain);
  for (std::int64_t step = 0; step < steps; ++step) {
    CHEAPFAST_UNROLL
    for (int chain = 0; chain < kChains; ++chain) y[chain] = multiply_add(y[chain], a, b);
  }
  T lanes[kWidth];
  T sum = 0;
  for (int chain = 0; chain < kChains; ++chain) {
    store_lanes<T, kWidth>(lanes, y[chain]);
    for (int lane = 0; lane < kWidth; ++lane) sum += lanes[lane];
  }
  return sum / T(kChains * kWidth);
}

}  // namespace

void fill_roofline(RooflineTable& table) {
  table.stream_read = stream_read;
  table.stream_update = stream_update;
  table.iterate_float32 = iterate<float>;
  table.iterate_float64 = iterate<double>;
  table.iterate_flops[0] = 2 * kChains * kLanes<float>;
  table.iterate_flops[1] = 2 * kChains * kLanes<double>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
