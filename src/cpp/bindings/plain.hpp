// Everyday calls, recognised without going through Python: what their functions have in common.
//
// Such a function is a bare CPython one (METH_FASTCALL) and returns None where a call is not an everyday one: the
// caller then finds out what it is, or what is wrong with it. For 64 numbers, pybind11's own conversion of arguments
// takes longer than all the work.
#pragma once

#include <algorithm>
#include <exception>
#include <new>
#include <optional>

#include "bindings/arrays.hpp"

namespace cheapfast {

using NumpyApi = py::detail::npy_api;

constexpr int kMostThreads = 1 << 16;

// Straight from NumPy's structures: a dtype in between would be one more reference to count.
inline std::optional<ValueType> native_type(const py::array& array) {
  const auto* const dtype = py::detail::array_descriptor_proxy(py::detail::array_proxy(array.ptr())->descr);
  if (dtype->byteorder != '=') return std::nullopt;
  switch (dtype->type_num) {
    case NumpyApi::NPY_FLOAT_:
      return ValueType::float32;
    case NumpyApi::NPY_DOUBLE_:
      return ValueType::float64;
    case NumpyApi::NPY_CFLOAT_:
      return ValueType::complex64;
    case NumpyApi::NPY_CDOUBLE_:
      return ValueType::complex128;
    default:
      return std::nullopt;
  }
}

// No subclass: a masked array or a matrix has rules of its own.
inline bool is_plain_array(py::handle object) {
  return Py_TYPE(object.ptr()) == reinterpret_cast<PyTypeObject*>(NumpyApi::get().PyArray_Type_);
}

inline bool has_flags(const py::array& array, int flags) { return (array.flags() & flags) == flags; }

// Contiguous in C order, and aligned.
inline bool is_dense(const py::array& array) {
  return has_flags(array, NumpyApi::NPY_ARRAY_C_CONTIGUOUS_ | NumpyApi::NPY_ARRAY_ALIGNED_);
}

// Dense, writable and of a type: a result can be written to it.
inline bool takes(const py::array& out, ValueType type) {
  return native_type(out) == type && is_dense(out) && has_flags(out, NumpyApi::NPY_ARRAY_WRITEABLE_);
}

// Two dense arrays share no memory.
inline bool are_apart(const py::array& one, const py::array& other) {
  const std::uintptr_t a = reinterpret_cast<std::uintptr_t>(one.data());
  const std::uintptr_t b = reinterpret_cast<std::uintptr_t>(other.data());
  return a + static_cast<std::uintptr_t>(one.nbytes()) <= b || b + static_cast<std::uintptr_t>(other.nbytes()) <= a;
}

// A Python int between two bounds, both included.
inline std::optional<long> plain_integer(py::handle object, long least, long most) {
  if (!PyLong_CheckExact(object.ptr())) return std::nullopt;
  int overflow = 0;
  const long value = PyLong_AsLongAndOverflow(object.ptr(), &overflow);
  if (overflow != 0 || value < least || value > most) return std::nullopt;
  return value;
}

// An axis of an array, counted from the first one.
inline std::optional<py::ssize_t> plain_axis(py::handle axis, py::ssize_t ndim) {
  const std::optional<long> position = plain_integer(axis, -static_cast<long>(ndim), static_cast<long>(ndim) - 1);
  if (!position) return std::nullopt;
  return *position < 0 ? *position + ndim : *position;
}

// What such a function returns to CPython: errors of C++ become Python's.
template <class Body>
PyObject* answer(const Body& body) {
  try {
    return py::object(body()).release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

}  // namespace cheapfast
