// Operands of steps that Python calls one by one.
#pragma once

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "bindings/step.hpp"

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

// out = step . X, both C order or both Fortran order (or one column), of the step's dtype.
inline void run_step(const Step& step, const py::array& x, py::array y, int threads) {
  require_operands(x, y, step.inputs(), step.outputs());
  if (value_type(x) != step.type()) throw py::type_error("X and out must have the step's dtype");
  const bool c_order = (x.flags() & y.flags() & py::array::c_style) != 0;
  if (!c_order && (x.flags() & y.flags() & py::array::f_style) == 0) {
    throw std::invalid_argument("X and out must be contiguous, in the same order");
  }
  const void* const in = x.data();
  void* const out = y.mutable_data();
  const std::int64_t vectors = x.shape(1);
  PythonMonitor monitor(py::none{});
  py::gil_scoped_release release;
  step.run(in, out, vectors, c_order ? Layout::columns : Layout::rows, threads, monitor);
}

}  // namespace cheapfast
