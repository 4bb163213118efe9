#include "kernels/subset_sums.hpp"

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"

namespace cheapfast {
namespace {

SubsetType subset_type(const py::array& data) {
  if (py::isinstance<py::array_t<float>>(data)) return SubsetType::float32;
  if (py::isinstance<py::array_t<double>>(data)) return SubsetType::float64;
  if (py::isinstance<py::array_t<std::int64_t>>(data)) return SubsetType::int64;
  throw py::type_error("data must be float32, float64 or int64, got " + std::string(py::str(data.dtype())));
}

void transform(py::array& data, bool add, int threads) {
  require_vector(data, "data");
  const std::int64_t size = data.size();
  if (size < 1 || (size & (size - 1)) != 0) throw std::invalid_argument("data must have 2^n entries");
  const SubsetType type = subset_type(data);
  void* const entries = data.mutable_data();
  PythonMonitor monitor{py::none()};
  py::gil_scoped_release release;
  subset_sums(entries, size, type, add, threads, monitor);
}

}  // namespace

void register_subset_sums(py::module_& m) { m.def("subset_sums", &transform); }

}  // namespace cheapfast
