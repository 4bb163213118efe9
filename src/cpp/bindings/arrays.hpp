// NumPy arrays as borrowed views: the only place where Python's arrays meet the kernels.
#pragma once

#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/csr.hpp"
#include "kernels/csr.hpp"

namespace cheapfast {

namespace py = pybind11;

inline void require_vector(const py::array& array, const char* name) {
  if (array.ndim() != 1) {
    throw std::invalid_argument(std::string(name) + " must have one dimension, got " + std::to_string(array.ndim()));
  }
  if (array.size() > 1 && array.strides(0) != array.itemsize()) {
    throw std::invalid_argument(std::string(name) + " must be contiguous");
  }
  if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
    throw std::invalid_argument(std::string(name) + " must be aligned");
  }
}

// Only what must hold for the pointers to be usable is looked at here; the values are the caller's to check.
inline Csr borrow_csr(std::int64_t rows, std::int64_t cols, const py::array& indptr, const py::array& indices) {
  require_vector(indptr, "indptr");
  require_vector(indices, "indices");
  if (rows < 0 || cols < 0) throw std::invalid_argument("rows and cols must not be negative");
  const bool narrow =
      py::isinstance<py::array_t<std::int32_t>>(indptr) && py::isinstance<py::array_t<std::int32_t>>(indices);
  const bool wide =
      py::isinstance<py::array_t<std::int64_t>>(indptr) && py::isinstance<py::array_t<std::int64_t>>(indices);
  if (!narrow && !wide) {
    throw py::type_error("indptr and indices must both be int32 or both be int64, got " +
                         std::string(py::str(indptr.dtype())) + " and " + std::string(py::str(indices.dtype())));
  }
  return {rows, cols, indptr.data(), indices.data(), narrow ? Width::narrow : Width::wide};
}

inline ValueType value_type(const py::array& data) {
  if (py::isinstance<py::array_t<float>>(data)) return ValueType::float32;
  if (py::isinstance<py::array_t<double>>(data)) return ValueType::float64;
  if (py::isinstance<py::array_t<std::complex<float>>>(data)) return ValueType::complex64;
  if (py::isinstance<py::array_t<std::complex<double>>>(data)) return ValueType::complex128;
  throw py::type_error("data must be float32, float64, complex64 or complex128, got " +
                       std::string(py::str(data.dtype())));
}

}  // namespace cheapfast
