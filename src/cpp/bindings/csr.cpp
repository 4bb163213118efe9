#include "kernels/csr.hpp"

#include "bindings/arrays.hpp"

namespace cheapfast {
namespace {

constexpr int kStrictlyIncreasing = 1;
constexpr int kDiagonal = 2;

int check_csr(std::int64_t rows, std::int64_t cols, const py::array& indptr, const py::array& indices) {
  const Csr csr = borrow_csr(rows, cols, indptr, indices);
  const std::int64_t indptr_size = indptr.size(), indices_size = indices.size();
  CsrFacts facts;
  {
    py::gil_scoped_release release;
    facts = checked_facts(csr, indptr_size, indices_size);
  }
  return (facts.strictly_increasing ? kStrictlyIncreasing : 0) | (facts.is_diagonal ? kDiagonal : 0);
}

std::pair<std::int64_t, std::int64_t> scan(const py::array& data) {
  require_vector(data, "data");
  const ValueType type = value_type(data);
  const void* const values = data.data();
  const std::int64_t size = data.size();
  ValueFacts facts;
  {
    py::gil_scoped_release release;
    facts = scan_values(type, values, size);
  }
  return {facts.zeros, facts.non_finite};
}

}  // namespace

void register_csr(py::module_& m) {
  m.attr("STRICTLY_INCREASING") = kStrictlyIncreasing;
  m.attr("DIAGONAL") = kDiagonal;
  m.def("check_csr", &check_csr);
  m.def("scan_values", &scan);
}

}  // namespace cheapfast
