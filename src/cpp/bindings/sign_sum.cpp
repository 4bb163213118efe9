#include "kernels/sign_sum.hpp"

#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"

namespace cheapfast {
namespace {

// A C++ array of doubles of which the caller has checked type and contiguity.
const double* doubles(const py::array& array, const char* name) {
  require_vector(array, name);
  if (!py::isinstance<py::array_t<double>>(array)) throw py::type_error(std::string(name) + " must be float64");
  return static_cast<const double*>(array.data());
}

int step_count(const py::array& steps) {
  if (steps.size() < 1 || steps.size() > kSignSumMost) throw std::invalid_argument("steps must be 1 to 40");
  return static_cast<int>(steps.size());
}

SigmaKind sigma_kind(int kind) {
  if (kind < 0 || kind >= kSigmaKinds) throw std::invalid_argument("kind must be one of the activations");
  return static_cast<SigmaKind>(kind);
}

double sum_of_kind(int kind, bool single, const py::array& steps, double bias, int degree, int threads,
                   py::object progress) {
  const double* const data = doubles(steps, "steps");
  const int n = step_count(steps);
  const SigmaKind sigma = sigma_kind(kind);
  PythonMonitor monitor(std::move(progress));
  py::gil_scoped_release release;
  return sign_sum(sigma, single, data, n, bias, degree, threads, monitor);
}

std::pair<double, double> sum_of_kind_double(int kind, const py::array& high, const py::array& low,
                                             std::pair<double, double> bias, int degree, int threads,
                                             py::object progress) {
  const double* const highs = doubles(high, "high");
  const double* const lows = doubles(low, "low");
  const int n = step_count(high);
  if (low.size() != n) throw std::invalid_argument("high and low must have one length");
  const SigmaKind sigma = sigma_kind(kind);
  std::vector<DoubleDouble> steps;
  for (int i = 0; i < n; ++i) steps.push_back({highs[i], lows[i]});
  PythonMonitor monitor(std::move(progress));
  py::gil_scoped_release release;
  const DoubleDouble sum = sign_sum_double(sigma, steps.data(), n, {bias.first, bias.second}, degree, threads, monitor);
  return {sum.high, sum.low};
}

// What a scipy.LowLevelCallable holds: a capsule named after the function's signature, and the caller's data in its
// context.
ScalarFunction function_of(const py::capsule& capsule) {
  const std::string signature = capsule.name() != nullptr ? capsule.name() : "";
  void* const pointer = capsule.get_pointer();
  if (signature == "double (double)") return reinterpret_cast<double (*)(double)>(pointer);
  if (signature == "double (double, void *)") {
    void* const data = PyCapsule_GetContext(capsule.ptr());
    return
        [function = reinterpret_cast<double (*)(double, void*)>(pointer), data](double u) { return function(u, data); };
  }
  throw std::invalid_argument("sigma must have the signature 'double (double)' or 'double (double, void *)', got '" +
                              signature + "'");
}

double sum_of_function(const py::capsule& capsule, const py::array& steps, double bias, int threads,
                       py::object progress) {
  const ScalarFunction function = function_of(capsule);
  const double* const data = doubles(steps, "steps");
  const int n = step_count(steps);
  PythonMonitor monitor(std::move(progress));
  py::gil_scoped_release release;
  return sign_sum(function, data, n, bias, threads, monitor);
}

py::array_t<double> call_function(const py::capsule& capsule, const py::array& u) {
  const ScalarFunction function = function_of(capsule);
  const double* const in = doubles(u, "u");
  py::array_t<double> out(u.size());
  double* const values = out.mutable_data();
  for (py::ssize_t i = 0; i < u.size(); ++i) values[i] = function(in[i]);
  return out;
}

py::array activate_array(int kind, const py::array& u, int degree) {
  require_vector(u, "u");
  const ValueType type = value_type(u);
  if (type != ValueType::float32 && type != ValueType::float64) throw py::type_error("u must be real");
  py::array out(u.dtype(), std::vector<py::ssize_t>{u.size()});
  activate(sigma_kind(kind), type == ValueType::float32, u.data(), out.mutable_data(), u.size(), degree);
  return out;
}

}  // namespace

void register_sign_sum(py::module_& m) {
  m.attr("SIGMAS") = py::make_tuple("exp", "logistic", "tanh", "softplus", "sin", "gauss", "relu", "step", "repu");
  m.def("sign_sum", &sum_of_kind);
  m.def("sign_sum_double", &sum_of_kind_double);
  m.def("sign_sum_function", &sum_of_function);
  m.def("call_function", &call_function);
  m.def("activate", &activate_array);
}

}  // namespace cheapfast
