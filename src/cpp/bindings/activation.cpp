// Steps without weights: the same function of every number, softmax and maxpool over the features.
#include "kernels/activation.hpp"

#include <limits>

#include "bindings/operands.hpp"
#include "kernels/over_features.hpp"

namespace cheapfast {
namespace {

// What they have in common: real numbers, and some of them for each vector.
class RealStep : public Step {
 public:
  RealStep(std::int64_t inputs, std::int64_t outputs, const py::dtype& type)
      : inputs_(inputs), outputs_(outputs), type_(value_type(py::array(type, std::vector<py::ssize_t>{0}))) {
    if (outputs < 0) throw std::invalid_argument("features must not be negative");
    if (is_complex(type_)) throw py::type_error("dtype must be real");
  }

  ValueType type() const override { return type_; }
  std::int64_t inputs() const override { return inputs_; }
  std::int64_t outputs() const override { return outputs_; }
  bool is_serial(std::int64_t vectors) const override { return activation_is_serial(inputs_ * vectors); }

 protected:
  Features features(std::int64_t vectors, Layout layout) const {
    return {outputs_, vectors, layout == Layout::columns};
  }

 private:
  std::int64_t inputs_, outputs_;
  ValueType type_;
};

class Elementwise : public RealStep {
 public:
  // kind: a position in SIGMAS.
  Elementwise(int kind, std::int64_t features, const py::dtype& type)
      : RealStep(features, features, type), kind_(static_cast<SigmaKind>(kind)) {
    if (kind < 0 || kind >= kSigmaKinds) throw std::invalid_argument("kind must be one of the activations");
  }

  Layouts layouts() const override { return Layouts::either; }

  void run(const void* x, void* y, std::int64_t vectors, Layout, int threads, Monitor& monitor) const override {
    apply_activation(kind_, is_single(type()), x, y, inputs() * vectors, threads, monitor);
  }

 private:
  SigmaKind kind_;
};

class Softmax : public RealStep {
 public:
  Softmax(std::int64_t features, const py::dtype& type) : RealStep(features, features, type) {}

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    apply_softmax(is_single(type()), x, y, features(vectors, layout), threads, monitor);
  }
};

class Maxpool : public RealStep {
 public:
  Maxpool(std::int64_t outputs, std::int64_t window, const py::dtype& type)
      : RealStep(inputs_of(outputs, window), outputs, type), window_(window) {}

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    apply_maxpool(is_single(type()), x, y, features(vectors, layout), window_, threads, monitor);
  }

 private:
  static std::int64_t inputs_of(std::int64_t outputs, std::int64_t window) {
    if (window < 1) throw std::invalid_argument("window must be at least 1");
    if (outputs > std::numeric_limits<std::int64_t>::max() / window) {
      throw std::invalid_argument("window is so large that the features cannot be counted");
    }
    return outputs * window;
  }

  std::int64_t window_;
};

}  // namespace

void register_activation(py::module_& m) {
  // Plain types, as the stub says: pybind11's own metaclass is for static properties.
  const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));
  StepClass<Elementwise>(m, "Elementwise", plain)
      .def(py::init<int, std::int64_t, const py::dtype&>())
      .def("apply", &run_step);
  StepClass<Softmax>(m, "Softmax", plain).def(py::init<std::int64_t, const py::dtype&>()).def("apply", &run_step);
  StepClass<Maxpool>(m, "Maxpool", plain)
      .def(py::init<std::int64_t, std::int64_t, const py::dtype&>())
      .def("apply", &run_step);
}

}  // namespace cheapfast
