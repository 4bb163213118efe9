// Two Kronecker-sparse factors applied to vectors at once.
#pragma once

#include "kernels/kronecker.hpp"

namespace cheapfast {

// Whether the blocks of two factors fall into groups, as digits of a mixed radix do, and what flows between the blocks
// of a group is little enough to stay in a cache.
bool kronecker_pairs(const KroneckerFactor& first, const KroneckerFactor& second);

// Whether so little work is not worth a second thread.
bool kronecker_pair_is_serial(const KroneckerFactor& first, const KroneckerFactor& second, std::int64_t vectors);

// y = second . (first . x), each plus its bias, for factors that pair. Both are (features, vectors) with the vectors of
// a feature side by side, of one type, and do not overlap. The sums are those of one factor after the other.
void apply_kronecker_pair(const KroneckerFactor& first, const KroneckerFactor& second, ValueType type, const void* x,
                          void* y, std::int64_t vectors, int threads, Monitor& monitor);

}  // namespace cheapfast
