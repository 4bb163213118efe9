#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "kernels/chain.hpp"

namespace cheapfast {
namespace {

std::vector<Csr> borrow_layers(const py::list& layers) {
  std::vector<Csr> borrowed;
  for (const py::handle item : layers) {
    const py::tuple layer = py::cast<py::tuple>(item);
    borrowed.push_back(borrow_csr(py::cast<std::int64_t>(layer[0]), py::cast<std::int64_t>(layer[1]),
                                  py::cast<py::array>(layer[2]), py::cast<py::array>(layer[3])));
  }
  return borrowed;
}

// The list keeps the arrays alive while the GIL is released.
py::tuple count(const py::list& layers, const std::string& method, int threads, std::uint64_t memory_limit,
                py::object progress) {
  const std::vector<Csr> borrowed = borrow_layers(layers);
  const Method chosen = method_named(method);
  PythonMonitor monitor(std::move(progress));
  MemoryBudget budget(memory_limit);
  CountContext context{threads, budget, monitor};
  ChainCount result;
  {
    py::gil_scoped_release release;
    result = count_chain(borrowed, chosen, context);
  }
  return py::make_tuple(result.count, result.prefixes, result.method, result.work);
}

std::vector<std::uint64_t> prefixes(const py::list& layers, int threads, std::uint64_t memory_limit,
                                    py::object progress) {
  const std::vector<Csr> borrowed = borrow_layers(layers);
  PythonMonitor monitor(std::move(progress));
  MemoryBudget budget(memory_limit);
  CountContext context{threads, budget, monitor};
  py::gil_scoped_release release;
  return count_prefixes(borrowed, context);
}

}  // namespace

void register_count(py::module_& m) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const MemoryLimitError& error) {
      PyErr_SetString(PyExc_MemoryError, error.what());
    }
  });
  m.def("count_chain", &count);
  m.def("count_prefixes", &prefixes);
}

}  // namespace cheapfast
