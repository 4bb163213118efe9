// The product of two sparse matrices, with sorted rows: counted first, filled second.
#pragma once

#include <cstdint>

#include "core/buffer.hpp"
#include "core/csr.hpp"
#include "kernels/count.hpp"

namespace cheapfast {

// Rows in rising order of their columns, none twice, no entry exactly zero.
template <class Index, class T>
struct SparseProduct {
  Buffer<Index> starts;
  Buffer<Index> indices;
  Buffer<T> values;
};

// What has to be known before the product can be allocated: where each of its rows begins.
// O(pairs) time, some bytes a column and thread.
Buffer<std::int64_t> product_starts(const Csr& left, const Csr& right, CountContext& context);

// The product of left (values a) and right (values b), both of one width; `starts` as product_starts returned them.
// Every entry adds its terms in the order of left's row, so the result does not depend on the number of threads.
// O(pairs + sorting each row). Index is std::int32_t or std::int64_t, T one of the four value types.
template <class Index, class T>
SparseProduct<Index, T> sparse_product(const Csr& left, const T* a, const Csr& right, const T* b,
                                       const Buffer<std::int64_t>& starts, CountContext& context);

}  // namespace cheapfast
