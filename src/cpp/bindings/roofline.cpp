#include "kernels/roofline.hpp"

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"

namespace cheapfast {
namespace {

void require_float32(const py::array& data) {
  require_vector(data, "data");
  if (value_type(data) != ValueType::float32) throw py::type_error("data must be float32");
}

void require_counts(std::int64_t repeats, int threads) {
  if (repeats < 0) throw std::invalid_argument("repeats must not be negative");
  if (threads < 1) throw std::invalid_argument("threads must be at least 1");
}

double read(const py::array& data, std::int64_t repeats, int threads) {
  require_float32(data);
  require_counts(repeats, threads);
  const float* const values = static_cast<const float*>(data.data());
  const std::int64_t size = data.size();
  PythonMonitor monitor{py::none()};
  py::gil_scoped_release release;
  return stream_read(values, size, repeats, threads, monitor);
}

void update(py::array data, float factor, std::int64_t repeats, int threads) {
  require_float32(data);
  require_counts(repeats, threads);
  float* const values = static_cast<float*>(data.mutable_data());
  const std::int64_t size = data.size();
  PythonMonitor monitor{py::none()};
  py::gil_scoped_release release;
  stream_update(values, size, factor, repeats, threads, monitor);
}

std::pair<double, double> iterate_in_registers(double factor, bool single, std::int64_t steps, int threads) {
  require_counts(steps, threads);
  PythonMonitor monitor{py::none()};
  py::gil_scoped_release release;
  const Iterated result = iterate(factor, single, steps, threads, monitor);
  return {result.value, result.flops};
}

}  // namespace

void register_roofline(py::module_& m) {
  m.def("stream_read", &read);
  m.def("stream_update", &update);
  m.def("iterate", &iterate_in_registers);
}

}  // namespace cheapfast
