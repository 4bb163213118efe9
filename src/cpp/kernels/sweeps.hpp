// Runs of layers of 2 x 2 blocks with weights of their own, applied in sweeps over the rows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/monitor.hpp"
#include "kernels/fused.hpp"
#include "kernels/value_type.hpp"
#include "targets/tables/fused.hpp"

namespace cheapfast {

// Vectors that share weights go through the passes so many at a time; or, where nothing lies between the rows of
// operand and result, so many bytes of a row.
constexpr std::int64_t kSweepColumns = 64, kSweepRowBytes = 2048;

struct SweepRun {
  ValueType type;
  // One vector: a row is `lanes` neighbouring features, each with weights of its own, and steps of passes count such
  // rows. Else a row is one feature of many vectors, which share its weights.
  bool per_lane;
  std::int64_t lanes;  // that the weights were packed for
  std::int64_t features;
  std::vector<FusedPass> passes;  // in the order in which they run; borrowed weights
  // 0: the passes have the blocks of the layers. Else they are unit and the last one is scaled, and a vector of the
  // result whose largest magnitude is below this may have lost digits.
  double least;
};

// The largest radix of a pass over rows `step` apart, with the instruction set in use.
int sweep_radix(ValueType type, bool per_lane, std::int64_t step);

// y = run . x; y does not overlap x. Returns whether the result is right: with weights that were divided by others,
// numbers between the passes may leave the range of their type where those of the layers themselves would not, and the
// largest magnitudes of the vectors of the result tell; then y must not be used. Throws std::runtime_error if the
// instruction set has changed since the weights were packed. O(features log features vectors); scratch for 64 vectors a
// worker where the layouts ask for it.
bool apply_sweeps(const SweepRun& run, const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                  Monitor& monitor);

}  // namespace cheapfast
