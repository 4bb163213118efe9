#include "kernels/spmm.hpp"

#include <pybind11/stl.h>

#include <algorithm>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "bindings/step.hpp"
#include "kernels/count.hpp"

namespace cheapfast {
namespace {

void require_length(const py::array& array, const char* name, std::int64_t length) {
  require_vector(array, name);
  if (array.size() < length) {
    throw std::invalid_argument(std::string(name) + " must have " + std::to_string(length) + " entries, got " +
                                std::to_string(array.size()));
  }
}

void require_starts(const Csr& csr, const py::array& indptr, const py::array& indices) {
  require_length(indptr, "indptr", csr.rows + 1);
  require_length(indices, "indices", nonzeros(csr));
}

Dense borrow_dense(const py::array& array, const char* name) {
  if (array.ndim() != 2) throw std::invalid_argument(std::string(name) + " must have two dimensions");
  return {static_cast<char*>(const_cast<void*>(array.data())), array.shape(0), array.shape(1), array.strides(0),
          array.strides(1)};
}

// Layers that are applied one after another, for operands of one type. Keeps their arrays alive.
class SparseChain : public Step {
 public:
  // Each layer: (rows, columns, indptr, indices, data, bias or None, order or None, form), see the stub.
  SparseChain(py::list layers, const py::dtype& type) : kept_(std::move(layers)) {
    const py::array none(type, std::vector<py::ssize_t>{0});
    type_ = value_type(none);
    for (const py::handle item : kept_) layers_.push_back(borrow(py::cast<py::tuple>(item)));
    if (layers_.empty()) throw std::invalid_argument("layers must not be empty");
  }

  void apply(const py::array& in, py::array out, int threads) const {
    if (value_type(in) != type_ || value_type(out) != type_) {
      throw py::type_error("X and out must have the dtype of the chain");
    }
    if (!out.writeable()) throw std::invalid_argument("out must be writable, it is read-only");
    const Dense x = borrow_dense(in, "X"), y = borrow_dense(out, "out");
    PythonMonitor monitor(py::none{});
    py::gil_scoped_release release;
    apply_sparse_chain(layers_, type_, x, y, threads, monitor);
  }

  ValueType type() const override { return type_; }
  std::int64_t inputs() const override { return layers_.front().inputs(); }
  std::int64_t outputs() const override { return layers_.back().outputs(); }
  std::int64_t widest() const override {
    std::int64_t widest = 0;
    for (const SparseLayer& layer : layers_) widest = std::max(widest, layer.outputs());
    return widest;
  }
  bool is_serial(std::int64_t vectors) const override { return sparse_chain_is_serial(layers_, type_, vectors); }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    run_between(x, layout, y, layout, vectors, threads, monitor);
  }

  // Rows are copied to columns before they are read, and back once they are written: either is left out for the asking.
  Layouts layouts() const override { return Layouts::any; }
  void run_between(const void* x, Layout from, void* y, Layout to, std::int64_t vectors, int threads,
                   Monitor& monitor) const override {
    apply_sparse_chain(layers_, type_, dense(x, inputs(), vectors, from), dense(y, outputs(), vectors, to), threads,
                       monitor);
  }

  // What apply(in, out) allocates.
  std::uint64_t bytes(const py::array& in, const py::array& out) const {
    return sparse_chain_bytes(layers_, type_, borrow_dense(in, "X"), borrow_dense(out, "out"));
  }

 private:
  Dense dense(const void* data, std::int64_t features, std::int64_t vectors, Layout layout) const {
    const std::int64_t size = number_bytes(type_);
    char* const start = static_cast<char*>(const_cast<void*>(data));
    if (layout == Layout::columns) return {start, features, vectors, vectors * size, size};
    return {start, features, vectors, size, features * size};
  }

  SparseLayer borrow(const py::tuple& item) const {
    const py::array indptr = item[2], indices = item[3], data = item[4];
    SparseLayer layer{};
    layer.matrix = borrow_csr(py::cast<std::int64_t>(item[0]), py::cast<std::int64_t>(item[1]), indptr, indices);
    require_starts(layer.matrix, indptr, indices);
    require_length(data, "data", nonzeros(layer.matrix));
    layer.weights = data.data();
    layer.weight_type = value_type(data);
    layer.form = static_cast<SparseForm>(py::cast<int>(item[7]));
    if (!item[5].is_none()) layer.bias = borrow_bias(item[5], layer.outputs());
    if (!item[6].is_none()) layer.order = borrow_order(item[6], layer.matrix.rows);
    return layer;
  }

  const void* borrow_bias(const py::array& bias, std::int64_t outputs) const {
    if (value_type(bias) != type_) throw py::type_error("bias must have the dtype of the chain");
    require_length(bias, "bias", outputs);
    return bias.data();
  }

  static const std::int64_t* borrow_order(const py::array& order, std::int64_t rows) {
    if (!py::isinstance<py::array_t<std::int64_t>>(order)) throw py::type_error("order must be int64");
    require_length(order, "order", rows);
    return static_cast<const std::int64_t*>(order.data());
  }

  py::list kept_;
  ValueType type_;
  std::vector<SparseLayer> layers_;
};

}  // namespace

void register_spmm(py::module_& m) {
  m.attr("AS_IS") = static_cast<int>(SparseForm::as_is);
  m.attr("TRANSPOSED") = static_cast<int>(SparseForm::transposed);
  m.attr("ADJOINT") = static_cast<int>(SparseForm::adjoint);
  // A plain type, as the stub says: pybind11's own metaclass is for static properties.
  StepClass<SparseChain>(m, "SparseChain", py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)))
      .def(py::init<py::list, const py::dtype&>())
      .def("apply", &SparseChain::apply)
      .def("bytes", &SparseChain::bytes);
}

}  // namespace cheapfast
