// One Kronecker-sparse factor applied to vectors.
#pragma once

#include <array>
#include <cstdint>

#include "core/monitor.hpp"
#include "kernels/value_type.hpp"

namespace cheapfast {

// I_a (x) 1_{b x c} (x) I_d with values v[ia, ib, ic, id] at `strides` (in numbers; 0: tied along that axis).
struct KroneckerFactor {
  std::int64_t a, b, c, d;
  std::array<std::int64_t, 4> strides;
  const void* values;
  const void* bias;  // one for each row of the result; null: none
};

// Whether so little work is not worth a second thread.
bool kronecker_is_serial(const KroneckerFactor& factor, std::int64_t vectors);

// y = factor . x (+ bias). Both hold `vectors` vectors; columns_first: (features, vectors) with the vectors of a
// feature side by side, else each vector in one piece. All of one type; y does not overlap x. O(a b c d vectors).
void apply_kronecker(const KroneckerFactor& factor, ValueType type, const void* x, void* y, std::int64_t vectors,
                     bool columns_first, int threads, Monitor& monitor);

}  // namespace cheapfast
