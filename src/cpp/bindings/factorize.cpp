#include "kernels/factorize.hpp"

#include <pybind11/stl.h>

#include <array>
#include <initializer_list>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "kernels/distance.hpp"

namespace cheapfast {
namespace {

void require_positions(const py::array& array, const char* name, py::ssize_t size, std::int64_t bound) {
  require_vector(array, name);
  if (!py::isinstance<py::array_t<std::int64_t>>(array) || array.size() != size) {
    throw std::invalid_argument(std::string(name) + " must be int64, " + std::to_string(size) + " of them");
  }
  const auto* const position = static_cast<const std::int64_t*>(array.data());
  for (py::ssize_t i = 0; i < size; ++i) {
    if (position[i] < 0 || position[i] >= bound) throw std::invalid_argument(std::string(name) + " are out of range");
  }
}

void require_result(const py::array& array, const char* name, const py::array& like, std::int64_t size) {
  if (value_type(array) != value_type(like) || array.size() != size || (array.flags() & py::array::c_style) == 0 ||
      !array.writeable()) {
    throw std::invalid_argument(std::string(name) + " must be a writable C array of " + std::to_string(size) +
                                " numbers of the dtype of the matrices");
  }
}

// matrices: (a*d, p*m, k*w) in C order; rows and columns: where row i2*p + i1 and column j1*w + j2 are to be found.
// sizes: (d, p, k). left: (a*m*d, p, k) and right: (a*k*d, m, w) are filled. Returns (residual^2, norm^2, complete).
py::tuple split(const py::array& matrices, const py::array& rows, const py::array& columns,
                const std::array<std::int64_t, 3>& sizes, py::array left, py::array right, double limit, int threads,
                py::object progress) {
  if (matrices.ndim() != 3 || (matrices.flags() & py::array::c_style) == 0) {
    throw std::invalid_argument("matrices must have three dimensions in C order");
  }
  const auto [d, p, k] = sizes;
  const std::int64_t batch = matrices.shape(0), b = matrices.shape(1), c = matrices.shape(2);
  if (d < 1 || p < 1 || k < 1 || batch % d != 0 || b % p != 0 || c % k != 0) {
    throw std::invalid_argument("d, p and k must divide the batch, the rows and the columns");
  }
  require_positions(rows, "rows", b, b);
  require_positions(columns, "columns", c, c);
  SplitProblem problem{};
  problem.type = value_type(matrices);
  problem.values = matrices.data();
  problem.matrix_stride = b * c;
  problem.row_stride = c;
  problem.rows = static_cast<const std::int64_t*>(rows.data());
  problem.columns = static_cast<const std::int64_t*>(columns.data());
  problem.a = batch / d;
  problem.d = d;
  problem.p = p;
  problem.m = b / p;
  problem.k = k;
  problem.w = c / k;
  require_result(left, "left", matrices, batch * problem.m * p * k);
  require_result(right, "right", matrices, batch * k * problem.m * problem.w);
  problem.left = left.mutable_data();
  problem.right = right.mutable_data();
  problem.limit = limit;
  PythonMonitor monitor(std::move(progress));
  SplitOutcome outcome{};
  {
    py::gil_scoped_release release;
    outcome = split_matrices(problem, threads, monitor);
  }
  return py::make_tuple(outcome.residual2, outcome.norm2, outcome.complete);
}

// (zeros, NaN and infinite values, sum of squares)
py::tuple measure_values(const py::array& data, int threads) {
  require_vector(data, "data");
  const ValueType type = value_type(data);
  const void* const values = data.data();
  const std::int64_t size = data.size();
  PythonMonitor monitor(py::none{});
  MatrixFacts facts{};
  {
    py::gil_scoped_release release;
    facts = measure(type, values, size, threads, monitor);
  }
  return py::make_tuple(facts.zeros, facts.non_finite, facts.squares);
}

const double* require_doubles(const py::array& array, const char* name, std::initializer_list<std::int64_t> shape) {
  bool good = py::isinstance<py::array_t<double>>(array) && (array.flags() & py::array::c_style) != 0 &&
              array.ndim() == static_cast<py::ssize_t>(shape.size());
  py::ssize_t axis = 0;
  for (const std::int64_t size : shape) good = good && array.shape(axis++) == size;
  if (!good) throw std::invalid_argument(std::string(name) + " must be a C array of float64 of the right shape");
  return static_cast<const double*>(array.data());
}

// See BlockFactors. left: (terms, p*m, left width), right: (terms, m, width), starts: one for each run of a row.
double distance_from_blocks(const py::array& matrix, const py::array& rows, const py::array& left,
                            const py::array& right, const py::array& starts, bool same, int threads) {
  if (matrix.ndim() != 2 || (matrix.flags() & py::array::c_style) == 0) {
    throw std::invalid_argument("matrix must have two dimensions in C order");
  }
  BlockFactors factors{};
  factors.type = value_type(matrix);
  factors.values = matrix.data();
  const bool complex = factors.type == ValueType::complex64 || factors.type == ValueType::complex128;
  const std::int64_t terms = complex ? 2 : 1, n = matrix.shape(0);
  factors.width = matrix.shape(1) * terms;
  if (left.ndim() != 3 || right.ndim() != 3) throw std::invalid_argument("left and right must have three dimensions");
  factors.left_width = left.shape(2);
  factors.m = right.shape(1);
  if (factors.m < 1 || n % factors.m != 0) throw std::invalid_argument("the groups of rows must divide the rows");
  factors.p = n / factors.m;
  const double* const lefts = require_doubles(left, "left", {terms, n, factors.left_width});
  const double* const rights = require_doubles(right, "right", {terms, factors.m, factors.width});
  for (std::int64_t t = 0; t < terms; ++t) {
    factors.left[t] = lefts + t * n * factors.left_width;
    factors.right[t] = rights + t * factors.m * factors.width;
  }
  const std::int64_t runs = starts.size();
  if (runs < 1 || factors.width % runs != 0) throw std::invalid_argument("the runs must divide the columns");
  factors.run_length = factors.width / runs;
  factors.same = same;
  require_positions(rows, "rows", n, n);
  require_positions(starts, "starts", runs, factors.left_width - (same ? 0 : factors.run_length - 1));
  factors.rows = static_cast<const std::int64_t*>(rows.data());
  factors.starts = static_cast<const std::int64_t*>(starts.data());
  PythonMonitor monitor(py::none{});
  py::gil_scoped_release release;
  return squared_distance(factors, threads, monitor);
}

}  // namespace

void register_factorize(py::module_& m) {
  m.def("split", &split);
  m.def("measure", &measure_values);
  m.def("squared_distance", &distance_from_blocks);
}

}  // namespace cheapfast
