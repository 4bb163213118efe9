#include "kernels/sketch.hpp"

#include <pybind11/stl.h>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "kernels/some_rows.hpp"

namespace cheapfast {
namespace {

using Layer = py::tuple;  // rows, columns, indptr, indices

Csr borrow(const Layer& layer) {
  return borrow_csr(py::cast<std::int64_t>(layer[0]), py::cast<std::int64_t>(layer[1]), py::cast<py::array>(layer[2]),
                    py::cast<py::array>(layer[3]));
}

void require_sketches(const py::array& array, const char* name, std::int64_t nodes, SketchKind kind) {
  require_vector(array, name);
  if (array.nbytes() < nodes * sketch_bytes(kind)) {
    throw std::invalid_argument(std::string(name) + " must hold " + std::to_string(nodes) + " sketches");
  }
  if (nodes > 0 && reinterpret_cast<std::uintptr_t>(array.data()) % 64 != 0) {
    throw std::invalid_argument(std::string(name) + " must lie on a boundary of 64 bytes");
  }
}

void fill_columns(int kind, std::int64_t columns, int first_register, std::uint64_t seed, py::array out, int threads) {
  const SketchKind chosen = static_cast<SketchKind>(kind);
  require_sketches(out, "out", columns, chosen);
  void* const memory = out.mutable_data();
  PythonMonitor monitor(py::none{});
  py::gil_scoped_release release;
  sketch_columns(chosen, columns, first_register, seed, memory, threads, monitor);
}

void push_layer(int kind, const Layer& layer, const py::array& in, py::array out, int threads, py::object progress) {
  const SketchKind chosen = static_cast<SketchKind>(kind);
  const Csr csr = borrow(layer);
  require_sketches(in, "in", csr.cols, chosen);
  require_sketches(out, "out", csr.rows, chosen);
  void* const memory = out.mutable_data();
  PythonMonitor monitor(std::move(progress));
  py::gil_scoped_release release;
  sketch_layer(chosen, csr, in.data(), memory, nullptr, threads, monitor);
}

// sums: uint64, added to (registers), or float64, set (ranks).
void push_sums(int kind, const Layer& layer, const py::array& in, py::array sums, int threads, py::object progress) {
  const SketchKind chosen = static_cast<SketchKind>(kind);
  const Csr csr = borrow(layer);
  require_sketches(in, "in", csr.cols, chosen);
  require_vector(sums, "sums");
  const bool right = chosen == SketchKind::ranks ? py::isinstance<py::array_t<double>>(sums)
                                                 : py::isinstance<py::array_t<std::uint64_t>>(sums);
  if (!right || sums.size() != csr.rows) throw std::invalid_argument("sums must have one entry a row");
  void* const memory = sums.mutable_data();
  PythonMonitor monitor(std::move(progress));
  py::gil_scoped_release release;
  sketch_layer(chosen, csr, in.data(), nullptr, memory, threads, monitor);
}

// Two or more layers in matrix order.
Chain borrow_chain(const py::list& layers) {
  Chain chain;
  for (const py::handle item : layers) chain.layers.push_back(borrow(py::cast<Layer>(item)));
  if (chain.layers.size() < 2) throw std::invalid_argument("layers must hold at least two matrices");
  for (std::size_t l = 1; l < chain.layers.size(); ++l) {
    if (chain.layers[l - 1].cols != chain.layers[l].rows) throw std::invalid_argument("layers must chain");
  }
  chain.tail = chain.layers.back();
  chain.layers.pop_back();
  return chain;
}

using Counter = void (*)(const Chain&, const std::int64_t*, std::int64_t, std::int64_t*, CountContext&);

void run_counter(Counter counter, const Chain& chain, const py::array_t<std::int64_t>& rows,
                 py::array_t<std::int64_t>& sizes, int threads, std::uint64_t memory_limit, py::object progress) {
  require_vector(rows, "rows");
  const std::int64_t *const first = rows.data(), count = rows.size();
  for (std::int64_t i = 0; i < count; ++i) {
    if (first[i] < 0 || first[i] >= chain.layers[0].rows) throw std::invalid_argument("rows must be rows");
  }
  std::int64_t* const out = sizes.mutable_data();
  PythonMonitor monitor(std::move(progress));
  monitor.expect(static_cast<std::uint64_t>(count));
  MemoryBudget budget(memory_limit);
  CountContext context{threads, budget, monitor};
  py::gil_scoped_release release;
  counter(chain, first, count, out, context);
}

// Nonzeros of some rows of the product of all layers.
py::array_t<std::int64_t> count_rows(const py::list& layers, const py::array_t<std::int64_t>& rows, int threads,
                                     std::uint64_t memory_limit, py::object progress) {
  const Chain chain = borrow_chain(layers);
  py::array_t<std::int64_t> sizes(rows.size());
  run_counter(&count_some_rows, chain, rows, sizes, threads, memory_limit, std::move(progress));
  return sizes;
}

// Those of the products of the first layers: axes (layers, rows).
py::array_t<std::int64_t> count_rows_on_the_way(const py::list& layers, const py::array_t<std::int64_t>& rows,
                                                int threads, std::uint64_t memory_limit, py::object progress) {
  const Chain chain = borrow_chain(layers);
  py::array_t<std::int64_t> sizes({static_cast<py::ssize_t>(chain.layers.size()) + 1, rows.size()});
  run_counter(&count_some_rows_on_the_way, chain, rows, sizes, threads, memory_limit, std::move(progress));
  return sizes;
}

}  // namespace

void register_sketch(py::module_& m) {
  m.attr("REGISTERS") = static_cast<int>(SketchKind::registers);
  m.attr("SLICED_REGISTERS") = static_cast<int>(SketchKind::sliced_registers);
  m.attr("RANKS") = static_cast<int>(SketchKind::ranks);
  m.attr("MOST_RANK") = kMostRank;
  m.attr("EMPTY_SHIFT") = kEmptyShift;
  m.def("sketch_columns", &fill_columns);
  m.def("sketch_layer", &push_layer);
  m.def("sketch_sums", &push_sums);
  m.def("count_rows", &count_rows);
  m.def("count_rows_on_the_way", &count_rows_on_the_way);
}

}  // namespace cheapfast
