// Arrays for results.
#pragma once

#include "bindings/arrays.hpp"

namespace cheapfast {

// An uninitialised array, in C order. From 256 bytes on it starts on a cache line: NumPy's own start at odd multiples
// of 16 bytes, so that every other load of a long register would take two lines. Needs the GIL.
py::array result_array(const py::dtype& dtype, int ndim, const py::ssize_t* shape);

}  // namespace cheapfast
