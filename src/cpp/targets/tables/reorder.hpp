// What the kernels of targets/reorder.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// y = scale * x + bias for `rows` rows of `columns` numbers without gaps; the numbers of a row share a factor and an
// offset. null: none of them. Complex numbers are pairs. x and y are the same or do not overlap.
template <class T>
using ScaleRows = void (*)(const T* x, T* y, const T* scale, const T* bias, std::int64_t rows, std::int64_t columns);

struct ReorderTable {
  ScaleRows<float> scale_float32, scale_complex64;
  ScaleRows<double> scale_float64, scale_complex128;
};

}  // namespace cheapfast
