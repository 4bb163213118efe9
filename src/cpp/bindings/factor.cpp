// Kronecker-sparse factors, and pairs of them, as steps.
#include <pybind11/stl.h>

#include "bindings/operands.hpp"
#include "kernels/kronecker_pair.hpp"

namespace cheapfast {
namespace {

using Pattern = std::array<std::int64_t, 4>;

// Whether all that the strides of the pattern reach lies within `size` numbers.
void require_reach(const Pattern& pattern, const Pattern& strides, std::int64_t size) {
  std::int64_t last = 0;
  for (std::size_t axis = 0; axis < 4; ++axis) {
    if (pattern[axis] == 0) return;
    if (strides[axis] < 0) throw std::invalid_argument("strides must not be negative");
    last += (pattern[axis] - 1) * strides[axis];
  }
  if (last >= size) throw std::invalid_argument("strides reach beyond the values");
}

// One factor with its values; keeps their arrays alive.
class Factor : public Step {
 public:
  // values: one-dimensional; strides in numbers. bias: None, or one entry an output.
  Factor(const Pattern& pattern, py::array values, const Pattern& strides, const py::object& bias)
      : values_(std::move(values)), bias_(bias.is_none() ? py::array() : py::array(bias)) {
    const auto [a, b, c, d] = pattern;
    type_ = value_type(values_);
    require_vector(values_, "values");
    require_reach(pattern, strides, values_.size());
    factor_ = {a, b, c, d, strides, values_.data(), nullptr};
    if (bias.is_none()) return;
    require_vector(bias_, "bias");
    if (value_type(bias_) != type_ || bias_.size() != a * b * d) {
      throw std::invalid_argument("bias must have the dtype of the values and one entry for each output");
    }
    factor_.bias = bias_.data();
  }

  // X and out: both C order, or both Fortran order (or one column).
  void apply(const py::array& x, py::array y, int threads) const { run_step(*this, x, std::move(y), threads); }

  ValueType type() const override { return type_; }
  std::int64_t inputs() const override { return factor_.a * factor_.c * factor_.d; }
  std::int64_t outputs() const override { return factor_.a * factor_.b * factor_.d; }
  bool is_serial(std::int64_t vectors) const override { return kronecker_is_serial(factor_, vectors); }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    apply_kronecker(factor_, type_, x, y, vectors, layout == Layout::columns && vectors != 1, threads, monitor);
  }

  const KroneckerFactor& view() const { return factor_; }

 private:
  py::array values_, bias_;
  ValueType type_;
  KroneckerFactor factor_;
};

// Two factors, the second applied to what the first returns; keeps both alive.
class FactorPair : public Step {
 public:
  FactorPair(py::object first, py::object second)
      : kept_first_(std::move(first)),
        kept_second_(std::move(second)),
        first_(py::cast<const Factor&>(kept_first_)),
        second_(py::cast<const Factor&>(kept_second_)) {
    if (first_.type() != second_.type()) throw py::type_error("factors of a pair must have one dtype");
    if (!kronecker_pairs(first_.view(), second_.view())) {
      throw std::invalid_argument("the blocks of a pair of factors must fall into small groups");
    }
  }

  // X and out: both C order, for the vectors lie side by side.
  void apply(const py::array& x, py::array y, int threads) const { run_step(*this, x, std::move(y), threads); }

  ValueType type() const override { return first_.type(); }
  std::int64_t inputs() const override { return first_.inputs(); }
  std::int64_t outputs() const override { return second_.outputs(); }
  bool is_serial(std::int64_t vectors) const override {
    return kronecker_pair_is_serial(first_.view(), second_.view(), vectors);
  }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    if (layout != Layout::columns) throw std::invalid_argument("a pair of factors takes vectors side by side");
    apply_kronecker_pair(first_.view(), second_.view(), type(), x, y, vectors, threads, monitor);
  }

 private:
  py::object kept_first_, kept_second_;
  const Factor& first_;
  const Factor& second_;
};

bool factors_pair(const Pattern& first, const Pattern& second) {
  const auto factor = [](const Pattern& p) { return KroneckerFactor{p[0], p[1], p[2], p[3], {}, nullptr, nullptr}; };
  return kronecker_pairs(factor(first), factor(second));
}

}  // namespace

void register_factor(py::module_& m) {
  // Plain types, as the stub says: pybind11's own metaclass is for static properties.
  const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));
  StepClass<Factor>(m, "Factor", plain)
      .def(py::init<const Pattern&, py::array, const Pattern&, const py::object&>())
      .def("apply", &Factor::apply);
  StepClass<FactorPair>(m, "FactorPair", plain)
      .def(py::init<py::object, py::object>())
      .def("apply", &FactorPair::apply);
  m.def("factors_pair", &factors_pair);
}

}  // namespace cheapfast
