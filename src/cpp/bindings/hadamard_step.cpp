// Layers of a network that make up a Walsh-Hadamard transform, as one step.
#include "bindings/operands.hpp"
#include "kernels/hadamard.hpp"

namespace cheapfast {
namespace {

// I (x) H (x) I, where H has 2^levels rows and the right identity `stride`.
class HadamardStep : public FinishedStep {
 public:
  HadamardStep(std::int64_t features, int levels, std::int64_t stride, const py::dtype& type)
      : type_(value_type(py::array(type, std::vector<py::ssize_t>{0}))),
        features_(features),
        levels_(levels),
        stride_(stride) {
    if (levels < 0 || levels > 62 || stride < 1 || features < 1 || (features / stride) % (std::int64_t{1} << levels) ||
        features % stride) {
      throw std::invalid_argument("blocks of 2^levels rows, stride apart, must cover the features");
    }
  }

  // X and out do not overlap, or are the same.
  void apply(const py::array& x, py::array y, int threads) const { run_step(*this, x, std::move(y), threads); }

  ValueType type() const override { return type_; }
  std::int64_t inputs() const override { return features_; }
  std::int64_t outputs() const override { return features_; }
  bool is_serial(std::int64_t vectors) const override { return hadamard_is_serial(type_, features_ * vectors); }
  bool works_in_place() const override { return true; }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    transform(x, y, vectors, layout, threads, monitor, nullptr);
  }
  void run_and_finish(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor,
                      const Finish& finish) const override {
    transform(x, y, vectors, layout, threads, monitor, &finish);
  }

 private:
  void transform(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor,
                 const Finish* finish) const {
    if (vectors == 0) return;
    // vectors side by side make longer rows, those behind one another more transforms
    const bool beside = layout == Layout::columns;
    const std::int64_t row = stride_ * (beside ? vectors : 1);
    const std::int64_t count = (features_ / stride_ >> levels_) * (beside ? 1 : vectors);
    const std::int64_t numbers = features_ * vectors;
    if (hadamard_is_serial(type_, numbers)) {
      hadamard_short(type_, x, y, levels_, row, count);
      if (finish != nullptr) (*finish)(0, numbers);
      return;
    }
    hadamard(type_, x, y, hadamard_dense(type_, levels_, row, count), threads, monitor, finish);
  }

  ValueType type_;
  std::int64_t features_;
  int levels_;
  std::int64_t stride_;
};

}  // namespace

void register_hadamard_step(py::module_& m) {
  // A plain type, as the stub says: pybind11's own metaclass is for static properties.
  const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));
  StepClass<HadamardStep>(m, "HadamardStep", plain)
      .def(py::init<std::int64_t, int, std::int64_t, const py::dtype&>())
      .def("apply", &HadamardStep::apply);
}

}  // namespace cheapfast
