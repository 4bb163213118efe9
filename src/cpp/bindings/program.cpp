// The everyday call of a network: contiguous arrays of the right type, all passes one after another, no Python between.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "bindings/plain.hpp"
#include "bindings/results.hpp"
#include "bindings/step.hpp"
#include "core/spare.hpp"
#include "kernels/fused.hpp"

namespace cheapfast {
namespace {

constexpr int kTypes = 4;
constexpr int kShapes = 5;
// Up to this many numbers, even giving up the GIL would be felt.
constexpr std::int64_t kTinyNumbers = std::int64_t{1} << 12;
// Larger calls ask first whether there is the memory.
constexpr std::int64_t kUnaskedBytes = std::int64_t{1} << 24;

// For whom weights are packed: one vector, columns side by side, or vectors each in one piece; the latter many or few.
enum class Shape { vector, columns, few_columns, rows, few_rows };

Shape operand_shape(ValueType type, bool side_by_side, std::int64_t vectors) {
  if (vectors == 1) return Shape::vector;
  const bool are_few = fused_one_by_one(type, side_by_side, vectors);
  if (side_by_side) return are_few ? Shape::few_columns : Shape::columns;
  return are_few ? Shape::few_rows : Shape::rows;
}

// The operand of a plain call: where its features are, and how many vectors there are.
struct Operand {
  ValueType type;
  Shape shape;
  py::ssize_t axis;  // of the features
  std::int64_t vectors;
};

// axis: an int, or null for the rule of numpy.matmul.
std::optional<Operand> plain_operand(const py::array& x, py::handle axis, std::int64_t inputs) {
  const std::optional<ValueType> type = native_type(x);
  const py::ssize_t ndim = x.ndim();
  if (!type || ndim == 0 || ndim > 2 || x.size() == 0) return std::nullopt;
  if (!is_dense(x)) return std::nullopt;
  const std::optional<py::ssize_t> found = axis ? plain_axis(axis, ndim) : 0;
  if (!found) return std::nullopt;
  const py::ssize_t position = *found;
  if (x.shape(position) != inputs) return std::nullopt;
  const std::int64_t vectors = x.size() / inputs;
  return Operand{*type, operand_shape(*type, position == 0, vectors), position, vectors};
}

// `out` takes the result as it is, and writing it harms nothing that is still to be read.
bool fits(const py::array& out, const py::array& x, ValueType type, const py::ssize_t* shape) {
  return takes(out, type) && out.ndim() == x.ndim() && std::equal(shape, shape + x.ndim(), out.shape()) &&
         are_apart(x, out);
}

// The passes of a network, ready for up to four types of numbers and five shapes of operands.
class Program {
 public:
  Program(std::int64_t inputs, std::int64_t outputs, py::object thread_count)
      : inputs_(inputs), outputs_(outputs), thread_count_(std::move(thread_count)) {}

  // Steps for operands of a type and shape, in the order in which they run; none where there is no plain way.
  void set(const py::dtype& dtype, int shape, const py::list& steps) {
    const ValueType type = value_type(py::array(dtype, std::vector<py::ssize_t>{0}));
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

  // Whether steps were set and lie as the instruction set in use wants them.
  bool is_set(const py::dtype& dtype, int shape) const {
    const ValueType type = value_type(py::array(dtype, std::vector<py::ssize_t>{0}));
    const std::shared_ptr<const Slot>& slot = slots_.at(index(type, static_cast<Shape>(shape)));
    return slot != nullptr && is_current(*slot);
  }

  // The result, or None where this is no plain call: the caller then finds out what it is, or what is wrong with it.
  py::object call(py::handle x_object, py::handle out_object, py::handle axis, py::handle threads) const {
    if (!is_plain_array(x_object)) return py::none();
    const py::array x = py::reinterpret_borrow<py::array>(x_object);
    const std::optional<Operand> operand = plain_operand(x, axis, inputs_);
    if (!operand) return py::none();
    // Held until the end: another thread that found nothing prepared may replace it meanwhile.
    const std::shared_ptr<const Slot> held = slots_[index(operand->type, operand->shape)];
    if (held == nullptr || held->steps.empty() || !is_current(*held)) return py::none();
    const Slot& slot = *held;
    const std::int64_t row_bytes = operand->vectors * number_bytes(operand->type);
    if (2 * slot.widest_inside * row_bytes > kUnaskedBytes) return py::none();
    const std::int64_t bytes = slot.widest * row_bytes;
    const int workers = worker_count(threads, slot, operand->vectors);
    if (workers == 0) return py::none();
    py::ssize_t shape[2] = {x.shape(0), x.ndim() == 2 ? x.shape(1) : 1};
    shape[operand->axis] = outputs_;
    if (!out_object.is_none() && !is_plain_array(out_object)) return py::none();
    py::array out = out_object.is_none() ? result_array(x.dtype(), static_cast<int>(x.ndim()), shape)
                                         : py::reinterpret_borrow<py::array>(out_object);
    if (!out_object.is_none() && !fits(out, x, operand->type, shape)) return py::none();
    try {
      run(slot, *operand, x.data(), out.mutable_data(), workers, bytes);
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

  static void run(const Slot& slot, const Operand& operand, const void* x, void* y, int workers, std::int64_t bytes) {
    if (slot.widest * operand.vectors <= kTinyNumbers && workers == 1) {
      Monitor monitor;
      return run_steps(slot, operand, x, y, workers, monitor, bytes);
    }
    PythonMonitor monitor{py::none()};
    py::gil_scoped_release release;
    run_steps(slot, operand, x, y, workers, monitor, bytes);
  }

  static void run_steps(const Slot& slot, const Operand& operand, const void* x, void* y, int workers, Monitor& monitor,
                        std::int64_t bytes) {
    const bool behind = operand.shape == Shape::rows || operand.shape == Shape::few_rows;
    const Layout layout = behind ? Layout::rows : Layout::columns;
    const std::size_t last = slot.steps.size() - 1;
    if (last == 0) return slot.steps[0]->run(x, y, operand.vectors, layout, workers, monitor);
    Spare<kFirstSpare> first;
    Spare<kSecondSpare> second;
    for (std::size_t i = 0; i <= last && !monitor.stopped(); ++i) {
      void* const to = i == last ? y : i % 2 == 0 ? first.of_size(bytes) : second.of_size(bytes);
      slot.steps[i]->run(x, to, operand.vectors, layout, workers, monitor);
      x = to;
    }
  }

  std::int64_t inputs_, outputs_;
  py::object thread_count_;
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
      .def(py::init<std::int64_t, std::int64_t, py::object>())
      .def("set", &Program::set)
      .def("is_set", &Program::is_set)
      .def("callable", &callable);
}

}  // namespace cheapfast
