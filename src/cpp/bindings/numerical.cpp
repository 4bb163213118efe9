#include "kernels/numerical.hpp"

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"

namespace cheapfast {
namespace {

// Matrices as (rows, columns, indptr, indices, data), valid and canonical, in matrix order.
std::vector<ValuedLayer> borrow_layers(const py::list& layers) {
  std::vector<ValuedLayer> borrowed;
  for (const py::handle item : layers) {
    const py::tuple layer = py::cast<py::tuple>(item);
    const py::array data = py::cast<py::array>(layer[4]);
    require_vector(data, "data");
    borrowed.push_back({borrow_csr(py::cast<std::int64_t>(layer[0]), py::cast<std::int64_t>(layer[1]),
                                   py::cast<py::array>(layer[2]), py::cast<py::array>(layer[3])),
                        data.data(), value_type(data)});
  }
  return borrowed;
}

Modulus modulus(const py::tuple& pair) { return {py::cast<std::uint64_t>(pair[0]), py::cast<std::uint64_t>(pair[1])}; }

std::uint64_t modular(const py::list& layers, const py::tuple& first, const py::tuple& second, int threads,
                      std::uint64_t memory_limit, py::object progress) {
  const std::vector<ValuedLayer> borrowed = borrow_layers(layers);
  const Modulus one = modulus(first), other = modulus(second);
  PythonMonitor monitor(std::move(progress));
  MemoryBudget budget(memory_limit);
  CountContext context{threads, budget, monitor};
  py::gil_scoped_release release;
  return count_modular(borrowed, one, other, context);
}

std::uint64_t with_tolerance(const py::list& layers, double tolerance, int threads, std::uint64_t memory_limit,
                             py::object progress) {
  const std::vector<ValuedLayer> borrowed = borrow_layers(layers);
  PythonMonitor monitor(std::move(progress));
  MemoryBudget budget(memory_limit);
  CountContext context{threads, budget, monitor};
  py::gil_scoped_release release;
  return count_with_tolerance(borrowed, tolerance, context);
}

}  // namespace

void register_numerical(py::module_& m) {
  m.def("count_modular", &modular);
  m.def("count_with_tolerance", &with_tolerance);
}

}  // namespace cheapfast
