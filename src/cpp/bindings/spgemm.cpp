#include "kernels/spgemm.hpp"

#include <pybind11/complex.h>

#include <complex>
#include <limits>
#include <utility>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"

namespace cheapfast {
namespace {

// A NumPy array that owns the buffer.
template <class T>
py::array adopt(Buffer<T>&& buffer) {
  auto* const owner = new Buffer<T>(std::move(buffer));
  const py::capsule release(owner, [](void* memory) { delete static_cast<Buffer<T>*>(memory); });
  return py::array_t<T>(static_cast<py::ssize_t>(owner->size()), owner->data(), release);
}

struct Operand {
  Csr pattern;
  py::array values;
};

Operand operand(const py::tuple& matrix) {
  const Csr pattern = borrow_csr(py::cast<std::int64_t>(matrix[0]), py::cast<std::int64_t>(matrix[1]),
                                 py::cast<py::array>(matrix[2]), py::cast<py::array>(matrix[3]));
  const py::array values = py::cast<py::array>(matrix[4]);
  require_vector(values, "data");
  return {pattern, values};
}

template <class Index, class T>
py::tuple multiply_as(const Operand& left, const Operand& right, const Buffer<std::int64_t>& starts,
                      CountContext& context) {
  SparseProduct<Index, T> product;
  {
    const T *a = static_cast<const T*>(left.values.data()), *b = static_cast<const T*>(right.values.data());
    py::gil_scoped_release release;
    product = sparse_product<Index, T>(left.pattern, a, right.pattern, b, starts, context);
  }
  return py::make_tuple(adopt(std::move(product.starts)), adopt(std::move(product.indices)),
                        adopt(std::move(product.values)));
}

template <class T>
py::tuple multiply_values(const Operand& left, const Operand& right, CountContext& context) {
  Buffer<std::int64_t> starts;
  {
    py::gil_scoped_release release;
    starts = product_starts(left.pattern, right.pattern, context);
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const bool narrow = right.pattern.cols <= kMost && starts[starts.size() - 1] <= kMost;
  return narrow ? multiply_as<std::int32_t, T>(left, right, starts, context)
                : multiply_as<std::int64_t, T>(left, right, starts, context);
}

// Matrices as (rows, columns, indptr, indices, data), valid and canonical, of one index and one value type.
py::tuple multiply(const py::tuple& left_matrix, const py::tuple& right_matrix, int threads, std::uint64_t memory_limit,
                   py::object progress) {
  const Operand left = operand(left_matrix), right = operand(right_matrix);
  if (left.pattern.cols != right.pattern.rows) throw std::invalid_argument("the matrices do not chain");
  if (left.pattern.width != right.pattern.width || !left.values.dtype().equal(right.values.dtype())) {
    throw py::type_error("both matrices must have the same index and value types");
  }
  PythonMonitor monitor(std::move(progress));
  MemoryBudget budget(memory_limit);
  CountContext context{threads, budget, monitor};
  if (py::isinstance<py::array_t<float>>(left.values)) return multiply_values<float>(left, right, context);
  if (py::isinstance<py::array_t<double>>(left.values)) return multiply_values<double>(left, right, context);
  if (py::isinstance<py::array_t<std::complex<float>>>(left.values)) {
    return multiply_values<std::complex<float>>(left, right, context);
  }
  if (py::isinstance<py::array_t<std::complex<double>>>(left.values)) {
    return multiply_values<std::complex<double>>(left, right, context);
  }
  throw py::type_error("data must be float32, float64, complex64 or complex128");
}

}  // namespace

void register_spgemm(py::module_& m) { m.def("multiply", &multiply); }

}  // namespace cheapfast
