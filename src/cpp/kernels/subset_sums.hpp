// The Moebius transform of functions of n bits, and its inverse.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"

namespace cheapfast {

enum class SubsetType : int { float32, float64, int64 };

// In place: entry x becomes the sum over all subsets y of its bits of entry y, times (-1)^(bits of x less bits of y)
// unless `add`. The size is a power of two. O(n 2^n); every entry takes in others in the order of the bits, whatever
// the number of threads, so that results do not depend on it.
void subset_sums(void* data, std::int64_t size, SubsetType type, bool add, int threads, Monitor& monitor);

}  // namespace cheapfast
