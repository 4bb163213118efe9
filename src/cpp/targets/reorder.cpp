// Rows times their factors plus their offsets: plain loops, of which the compiler makes vectors.
#include "targets/tables/reorder.hpp"

#include <cstdint>

#include "targets/simd.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

template <class T>
struct Pair {
  T re, im;
};
template <class T>
CHEAPFAST_INLINE Pair<T> operator*(Pair<T> a, Pair<T> b) {
  return {a.re * b.re - a.im * b.im, a.im * b.re + a.re * b.im};
}
template <class T>
CHEAPFAST_INLINE Pair<T> operator+(Pair<T> a, Pair<T> b) {
  return {a.re + b.re, a.im + b.im};
}

template <class N, bool scales, bool shifts>
CHEAPFAST_INLINE N scaled(N value, N scale, N bias) {
  if (scales) value = scale * value;
  return shifts ? value + bias : value;
}

// In place is said apart: where x might overlap y in any way, the compiler takes one number at a time.
template <class N, bool scales, bool shifts>
void scale_each(const N* x, N* y, const N* scale, const N* bias, std::int64_t count) {
  if (x == y) {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i] = scaled<N, scales, shifts>(y[i], scales ? scale[i] : N{}, shifts ? bias[i] : N{});
    }
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i] = scaled<N, scales, shifts>(x[i], scales ? scale[i] : N{}, shifts ? bias[i] : N{});
    }
  }
}

template <class N, bool scales, bool shifts>
void scale_row(const N* x, N* y, N scale, N bias, std::int64_t columns) {
  if (x == y) {
    for (std::int64_t i = 0; i < columns; ++i) y[i] = scaled<N, scales, shifts>(y[i], scale, bias);
  } else {
    for (std::int64_t i = 0; i < columns; ++i) y[i] = scaled<N, scales, shifts>(x[i], scale, bias);
  }
}

template <class N, bool scales, bool shifts>
void scale_rows(const N* x, N* y, const N* scale, const N* bias, std::int64_t rows, std::int64_t columns) {
  if (columns == 1) return scale_each<N, scales, shifts>(x, y, scale, bias, rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    const N factor = scales ? scale[r] : N{}, offset = shifts ? bias[r] : N{};
    scale_row<N, scales, shifts>(x + r * columns, y + r * columns, factor, offset, columns);
  }
}

template <class T, class N>
void scale_numbers(const T* x, T* y, const T* scale, const T* bias, std::int64_t rows, std::int64_t columns) {
  const N* const from = reinterpret_cast<const N*>(x);
  N* const to = reinterpret_cast<N*>(y);
  const N* const factors = reinterpret_cast<const N*>(scale);
  const N* const offsets = reinterpret_cast<const N*>(bias);
  if (scale != nullptr && bias != nullptr) {
    scale_rows<N, true, true>(from, to, factors, offsets, rows, columns);
  } else if (scale != nullptr) {
    scale_rows<N, true, false>(from, to, factors, offsets, rows, columns);
  } else if (bias != nullptr) {
    scale_rows<N, false, true>(from, to, factors, offsets, rows, columns);
  } else {
    scale_rows<N, false, false>(from, to, factors, offsets, rows, columns);
  }
}

}  // namespace

void fill_reorder(ReorderTable& table) {
  table.scale_float32 = scale_numbers<float, float>;
  table.scale_float64 = scale_numbers<double, double>;
  table.scale_complex64 = scale_numbers<float, Pair<float>>;
  table.scale_complex128 = scale_numbers<double, Pair<double>>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
