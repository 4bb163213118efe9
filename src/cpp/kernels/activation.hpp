// Activations of what flows between layers, element by element.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"
#include "targets/tables/sign_sum.hpp"

namespace cheapfast {

// Whether so few numbers are not worth a second thread.
bool activation_is_serial(std::int64_t count);

// y[i] = sigma(x[i]) for i < count, by the kernels that the sums over signs use; float32 where `single`, float64
// otherwise. Every argument is taken: NaN stays NaN, and a sine beyond the reach of the kernel's reduction is the
// standard library's. x and y do not overlap. A number's result does not depend on its neighbours. O(count).
void apply_activation(SigmaKind kind, bool single, const void* x, void* y, std::int64_t count, int threads,
                      Monitor& monitor);

}  // namespace cheapfast
