// A step that applies the same function to every number.
#include "kernels/activation.hpp"

#include "bindings/operands.hpp"

namespace cheapfast {
namespace {

class Elementwise : public Step {
 public:
  // kind: a position in SIGMAS.
  Elementwise(int kind, std::int64_t features, const py::dtype& type)
      : kind_(static_cast<SigmaKind>(kind)),
        features_(features),
        type_(value_type(py::array(type, std::vector<py::ssize_t>{0}))) {
    if (kind < 0 || kind >= kSigmaKinds) throw std::invalid_argument("kind must be one of the activations");
    if (features < 0) throw std::invalid_argument("features must not be negative");
    if (type_ != ValueType::float32 && type_ != ValueType::float64) throw py::type_error("dtype must be real");
  }

  ValueType type() const override { return type_; }
  std::int64_t inputs() const override { return features_; }
  std::int64_t outputs() const override { return features_; }
  bool is_serial(std::int64_t vectors) const override { return activation_is_serial(features_ * vectors); }

  void run(const void* x, void* y, std::int64_t vectors, Layout, int threads, Monitor& monitor) const override {
    apply_activation(kind_, type_ == ValueType::float32, x, y, features_ * vectors, threads, monitor);
  }

 private:
  SigmaKind kind_;
  std::int64_t features_;
  ValueType type_;
};

}  // namespace

void register_activation(py::module_& m) {
  // A plain type, as the stub says: pybind11's own metaclass is for static properties.
  StepClass<Elementwise>(m, "Elementwise", py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)))
      .def(py::init<int, std::int64_t, const py::dtype&>())
      .def("apply", &run_step);
}

}  // namespace cheapfast
