// Nonzeros of some rows of a product: each row pushed through the layers, or 512 of them at once as bits.
#pragma once

#include <cstdint>

#include "kernels/count.hpp"

namespace cheapfast {

// Writes the nonzeros of rows[0] ... rows[count - 1], in this order, to `sizes`. A few rows are pushed first; what that
// takes decides how the others are counted. The counts are the same either way.
void count_some_rows(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::int64_t* sizes,
                     CountContext& context);

// The same rows of the first layer, of its product with the next one, and so on: sizes[l * count + i] belongs to row
// rows[i] of layers[0] ... layers[l], the tail being the last. Always 512 at a time.
void count_some_rows_on_the_way(const Chain& chain, const std::int64_t* rows, std::int64_t count, std::int64_t* sizes,
                                CountContext& context);

}  // namespace cheapfast
