// Operands of steps that Python calls one by one.
#pragma once

#include "bindings/arrays.hpp"

namespace cheapfast {

inline void require_operands(const py::array& x, const py::array& y, std::int64_t inputs, std::int64_t outputs) {
  if (x.ndim() != 2 || y.ndim() != 2) throw std::invalid_argument("X and out must have two dimensions");
  if (value_type(x) != value_type(y)) throw py::type_error("X and out must have the same dtype");
  if (x.shape(0) != inputs || y.shape(0) != outputs || x.shape(1) != y.shape(1)) {
    throw std::invalid_argument("X and out must have " + std::to_string(inputs) + " and " + std::to_string(outputs) +
                                " rows and the same columns, got " + std::to_string(x.shape(0)) + "x" +
                                std::to_string(x.shape(1)) + " and " + std::to_string(y.shape(0)) + "x" +
                                std::to_string(y.shape(1)));
  }
  if (!y.writeable()) throw std::invalid_argument("out must be writable, it is read-only");
}

}  // namespace cheapfast
