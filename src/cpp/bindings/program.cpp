// The everyday call of a network: contiguous arrays of the right type, all passes one after another, no Python between.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/entering.hpp"
#include "bindings/monitor.hpp"
#include "bindings/plain.hpp"
#include "bindings/results.hpp"
#include "bindings/running.hpp"
#include "bindings/step.hpp"

namespace cheapfast {
namespace {

constexpr int kTypes = 4;
constexpr int kShapes = 5;
// Up to this many numbers, even giving up the GIL would be felt.
constexpr std::int64_t kTinyNumbers = std::int64_t{1} << 12;
// Larger calls ask first whether there is the memory.
constexpr std::int64_t kUnaskedBytes = std::int64_t{1} << 24;

// The passes of a network, ready for up to four types of numbers and five shapes of operands.
class Program {
 public:
  // `widened`: to which type operands are widened at once, for each type for which that is another one. Where `splits`,
  // the map is real and linear: a complex vector is two real ones. `widest`: most numbers between two layers.
  Program(std::int64_t inputs, std::int64_t outputs, py::object thread_count, const py::dict& widened, bool splits,
          std::int64_t widest)
      : inputs_(inputs), outputs_(outputs), thread_count_(std::move(thread_count)), splits_(splits), widest_(widest) {
    for (const auto& [operand, result] : widened) {
      const py::dtype type = py::reinterpret_borrow<py::dtype>(result);
      wider_[static_cast<std::size_t>(type_of(py::reinterpret_borrow<py::dtype>(operand)))] = {type, type_of(type)};
    }
  }

  // Steps for operands of a type and shape, in the order in which they run; none where there is no plain way.
  void set(const py::dtype& dtype, int shape, const py::list& steps) {
    const ValueType type = type_of(dtype);
    auto made = std::make_shared<Slot>();
    Slot& slot = *made;
    slot.kept = steps;
    std::int64_t width = inputs_;
    for (const py::handle item : steps) {
      const Step* const step = py::cast<const Step*>(item);
      if (step->type() != type || step->inputs() != width) throw std::invalid_argument("steps must fit each other");
      width = step->outputs();
      slot.widest = std::max(slot.widest, width);
      slot.widest_inside = std::max(slot.widest_inside, step->widest());
      slot.steps.push_back(step);
    }
    if (!slot.steps.empty() && width != outputs_) throw std::invalid_argument("steps must end with the outputs");
    slots_.at(index(type, static_cast<Shape>(shape))) = std::move(made);
  }

  // Whether steps were set, be it none, and lie as the instruction set in use wants them.
  bool is_set(const py::dtype& dtype, int shape) const {
    const std::shared_ptr<const Slot>& slot = slots_.at(index(type_of(dtype), static_cast<Shape>(shape)));
    return slot != nullptr && is_current(*slot);
  }

  // As what the parts of complex vectors enter, each of which is in one piece.
  int parts_shape(const py::dtype& dtype, std::int64_t vectors) const {
    const ValueType type = type_of(dtype);
    return static_cast<int>(enter_parted(type, cut_of(type, vectors)).shape);
  }

  // Whether there are any.
  bool is_ready(const py::dtype& dtype, int shape) const {
    return is_set(dtype, shape) && !slots_.at(index(type_of(dtype), static_cast<Shape>(shape)))->steps.empty();
  }

  // The result, or None where this is no plain call: the caller then finds out what it is, or what is wrong with it.
  py::object call(py::handle x_object, py::handle out_object, py::handle axis, py::handle threads) const {
    if (!is_plain_array(x_object)) return py::none();
    const py::array x = py::reinterpret_borrow<py::array>(x_object);
    const std::optional<Operand> operand = plain_operand(x, axis, inputs_);
    if (!operand) return py::none();
    const std::optional<Wider>& wider = wider_[static_cast<std::size_t>(operand->type)];
    const ValueType type = wider ? wider->type : operand->type;
    Entering entering = enter(*operand, type);
    // Held until the end: another thread that found nothing prepared may replace it meanwhile.
    std::shared_ptr<const Slot> held = slots_[index(entering.type, entering.shape)];
    Parted parted;
    if (splits_ && is_complex(entering.type) && held != nullptr && held->steps.empty()) {
      parted = {cut_of(type, operand->vectors), number_bytes(type)};
      entering = enter_parted(type, parted.cut);
      held = slots_[index(entering.type, entering.shape)];
    }
    const bool is_parted = parted.size > 0;
    if (held == nullptr || held->steps.empty() || !is_current(*held)) return py::none();
    const Slot& slot = *held;
    const std::int64_t row_bytes = entering.vectors * number_bytes(entering.type);
    const std::int64_t inside = std::max(slot.widest_inside, wider || is_parted ? inputs_ : 0);
    if (inside > kUnaskedBytes / 2 / std::max<std::int64_t>(row_bytes, 1)) return py::none();
    if (is_parted && out_object.is_none() && outputs_ * operand->vectors * parted.size > kUnaskedBytes) {
      return py::none();
    }
    const int workers = worker_count(threads, slot, entering.vectors);
    if (workers == 0) return py::none();
    py::ssize_t shape[2] = {x.shape(0), x.ndim() == 2 ? x.shape(1) : 1};
    shape[operand->axis] = outputs_;
    if (!out_object.is_none() && !is_plain_array(out_object)) return py::none();
    py::array out = out_object.is_none()
                        ? result_array(wider ? wider->dtype : x.dtype(), static_cast<int>(x.ndim()), shape)
                        : py::reinterpret_borrow<py::array>(out_object);
    if (!out_object.is_none() && !fits(out, x, type, shape)) return py::none();
    const std::int64_t widest = is_parted ? std::max(slot.widest, inputs_) : slot.widest;
    Call call{slot.steps, entering, x.data(), out.mutable_data(), workers, widest * row_bytes};
    if (wider) {
      call.widened = x.size();
      call.types = {operand->type, type};
    }
    call.parted = parted;
    try {
      run(call);
    } catch (const RangeExceeded&) {
      return py::none();
    }
    return std::move(out);
  }

 private:
  struct Slot {
    std::vector<const Step*> steps;  // of `kept`
    std::int64_t widest = 0;         // numbers that leave a step, for one vector
    std::int64_t widest_inside = 0;  // or stay within it
    py::list kept;
  };

  struct Wider {
    py::dtype dtype;
    ValueType type;
  };

  static ValueType type_of(const py::dtype& dtype) { return value_type(py::array(dtype, std::vector<py::ssize_t>{0})); }

  // How an operand enters once it has the type of the result. Complex vectors that lie each in one piece stay what they
  // are where there are steps for them: else their parts are taken apart.
  Entering enter(const Operand& operand, ValueType type) const {
    const bool side_by_side = operand.axis == 0;
    if (splits_ && is_complex(type) && (side_by_side || operand.vectors == 1)) {
      const ValueType real = is_single(type) ? ValueType::float32 : ValueType::float64;
      return {real, operand_shape(real, true, 2 * operand.vectors), 2 * operand.vectors};
    }
    return {type, operand_shape(type, side_by_side, operand.vectors), operand.vectors};
  }

  Cut cut_of(ValueType type, std::int64_t vectors) const { return cut_vectors(vectors, widest_, number_bytes(type)); }

  // One way for all pieces, which the least of them chooses; as many vectors as there are in the largest.
  static Entering enter_parted(ValueType type, const Cut& cut) {
    const ValueType real = is_single(type) ? ValueType::float32 : ValueType::float64;
    return {real, operand_shape(real, cut.beside, 2 * cut.least()), 2 * cut.most()};
  }

  static std::size_t index(ValueType type, Shape shape) {
    return static_cast<std::size_t>(type) * kShapes + static_cast<std::size_t>(shape);
  }

  static bool is_current(const Slot& slot) {
    return std::all_of(slot.steps.begin(), slot.steps.end(), [](const Step* step) { return step->is_current(); });
  }

  // 0 where `threads` is something to be looked at more closely.
  int worker_count(py::handle threads, const Slot& slot, std::int64_t vectors) const {
    if (threads.is_none()) {
      const auto is_serial = [&](const Step* step) { return step->is_serial(vectors); };
      if (std::all_of(slot.steps.begin(), slot.steps.end(), is_serial)) return 1;
      return py::cast<int>(thread_count_(threads));
    }
    return static_cast<int>(plain_integer(threads, 1, kMostThreads).value_or(0));
  }

  static void run(const Call& call) {
    if (call.bytes <= kTinyNumbers * number_bytes(call.entering.type) && call.workers == 1) {
      Monitor monitor;
      return run_steps(call, monitor);
    }
    PythonMonitor monitor{py::none()};
    py::gil_scoped_release release;
    run_steps(call, monitor);
  }

  std::int64_t inputs_, outputs_;
  py::object thread_count_;
  bool splits_;
  std::int64_t widest_;
  std::array<std::optional<Wider>, kTypes> wider_;
  std::array<std::shared_ptr<const Slot>, kTypes * kShapes> slots_;
};

constexpr const char* kCapsule = nullptr;  // has no name to be compared at each call: nobody else has the capsule

// Called with (X, out, axis, threads), or with X alone for numpy.matmul's rule; its `self` is the program.
PyObject* call_program(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  const auto* const program = static_cast<const Program*>(PyCapsule_GetPointer(self, kCapsule));
  if (program == nullptr) return nullptr;
  if (count != 4 && count != 1) {
    PyErr_Format(PyExc_TypeError, "a program takes 1 or 4 arguments, got %zd", count);
    return nullptr;
  }
  return answer([&] {
    if (count == 1) return program->call(arguments[0], py::none(), nullptr, py::none());
    return program->call(arguments[0], arguments[1], arguments[2], arguments[3]);
  });
}

PyMethodDef g_call_method = {"call_program", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&call_program)),
                             METH_FASTCALL, nullptr};

// The program as a function; it keeps the program alive.
py::object callable(const std::shared_ptr<Program>& program) {
  using Owner = std::shared_ptr<Program>;
  auto* const owner = new Owner(program);
  PyObject* const capsule = PyCapsule_New(
      program.get(), kCapsule, [](PyObject* self) { delete static_cast<Owner*>(PyCapsule_GetContext(self)); });
  if (capsule == nullptr) {
    delete owner;
    throw py::error_already_set();
  }
  const py::object kept = py::reinterpret_steal<py::object>(capsule);
  PyCapsule_SetContext(capsule, owner);
  return py::reinterpret_steal<py::object>(
      PyCFunction_NewEx(&g_call_method, capsule, py::str("cheapfast._core").ptr()));
}

}  // namespace

void register_program(py::module_& m) {
  m.attr("VECTOR") = static_cast<int>(Shape::vector);
  m.attr("COLUMNS") = static_cast<int>(Shape::columns);
  m.attr("FEW_COLUMNS") = static_cast<int>(Shape::few_columns);
  m.attr("ROWS") = static_cast<int>(Shape::rows);
  m.attr("FEW_ROWS") = static_cast<int>(Shape::few_rows);
  m.def("operand_shape", [](const py::dtype& type, bool side_by_side, std::int64_t vectors) {
    const py::array none(type, std::vector<py::ssize_t>{0});
    return static_cast<int>(operand_shape(value_type(none), side_by_side, vectors));
  });
  // Plain types, as the stub says: pybind11's own metaclass is for static properties.
  const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));
  py::class_<Step>(m, "Step", plain);
  py::class_<Program, std::shared_ptr<Program>>(m, "Program", plain)
      .def(py::init<std::int64_t, std::int64_t, py::object, const py::dict&, bool, std::int64_t>(), py::arg(),
           py::arg(), py::arg(), py::arg("widened") = py::dict(), py::arg("splits") = false, py::arg("widest") = 1)
      .def("set", &Program::set)
      .def("is_set", &Program::is_set)
      .def("is_ready", &Program::is_ready)
      .def("parts_shape", &Program::parts_shape)
      .def("callable", &callable);
}

}  // namespace cheapfast
