#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "kernels/dispatch.hpp"

namespace cheapfast {

namespace py = pybind11;

namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#elif defined(_MSC_VER)
  return "cl " + std::to_string(_MSC_FULL_VER);
#else
  return "unknown";
#endif
}

}  // namespace

void register_targets(py::module_& m) {
  kernels();  // an unknown CHEAPFAST_TARGET fails the import, not some later call
  m.def("targets", &available_targets);
  m.def("active_target", [] { return std::string(kernels().name); });
  m.def("set_target", &set_target);
  m.def("ran", &recorded_runs);
  m.def("clear_ran", &clear_recorded_runs);
  m.def("compiler", &compiler);
}

}  // namespace cheapfast
