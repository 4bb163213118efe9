// How the operand of a plain call enters the passes of a network.
#pragma once

#include <algorithm>
#include <complex>
#include <optional>

#include "bindings/plain.hpp"
#include "kernels/fused.hpp"

namespace cheapfast {

// For whom weights are packed: one vector, columns side by side, or vectors each in one piece; the latter many or few.
enum class Shape { vector, columns, few_columns, rows, few_rows };

inline Shape operand_shape(ValueType type, bool side_by_side, std::int64_t vectors) {
  if (vectors == 1) return Shape::vector;
  const bool are_few = fused_one_by_one(type, side_by_side, vectors);
  if (side_by_side) return are_few ? Shape::few_columns : Shape::columns;
  return are_few ? Shape::few_rows : Shape::rows;
}

// The operand of a plain call: where its features are, and how many vectors there are.
struct Operand {
  ValueType type;
  py::ssize_t axis;  // of the features
  std::int64_t vectors;
};

// What the passes are given: the operand itself, converted, or its real and imaginary parts as vectors of their own.
struct Entering {
  ValueType type;
  Shape shape;
  std::int64_t vectors;
};

// axis: an int, or null for the rule of numpy.matmul.
inline std::optional<Operand> plain_operand(const py::array& x, py::handle axis, std::int64_t inputs) {
  const std::optional<ValueType> type = native_type(x);
  const py::ssize_t ndim = x.ndim();
  if (!type || ndim == 0 || ndim > 2 || x.size() == 0) return std::nullopt;
  if (!is_dense(x)) return std::nullopt;
  const std::optional<py::ssize_t> found = axis ? plain_axis(axis, ndim) : 0;
  if (!found) return std::nullopt;
  const py::ssize_t position = *found;
  if (x.shape(position) != inputs) return std::nullopt;
  return Operand{*type, position, x.size() / inputs};
}

// `out` takes the result as it is, and writing it harms nothing that is still to be read.
inline bool fits(const py::array& out, const py::array& x, ValueType type, const py::ssize_t* shape) {
  return takes(out, type) && out.ndim() == x.ndim() && std::equal(shape, shape + x.ndim(), out.shape()) &&
         are_apart(x, out);
}

template <class From, class To>
void convert(const void* from, void* to, std::int64_t count) {
  std::copy_n(static_cast<const From*>(from), count, static_cast<To*>(to));
}

// Copies numbers of one type to a wider one.
inline void widen(ValueType from, ValueType to, const void* x, void* y, std::int64_t count) {
  using Single = std::complex<float>;
  using Double = std::complex<double>;
  if (from == ValueType::complex64) return convert<Single, Double>(x, y, count);
  if (from == ValueType::float64) return convert<double, Double>(x, y, count);
  if (to == ValueType::float64) return convert<float, double>(x, y, count);
  if (to == ValueType::complex64) return convert<float, Single>(x, y, count);
  return convert<float, Double>(x, y, count);
}

}  // namespace cheapfast
