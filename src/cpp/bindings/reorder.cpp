// Steps that move, scale and shift features: by themselves, or around another step that has no way to do so.
#include "kernels/reorder.hpp"

#include <algorithm>
#include <optional>

#include "bindings/operands.hpp"
#include "core/buffer.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kMostColumns = 64;                   // that are taken at a time, side by side
constexpr std::int64_t kNearBytes = std::int64_t{1} << 19;  // vectors that are taken at a time, one after the other

// order, scale, bias of `features` numbers each, None where there is none; keeps the arrays alive.
class Reordered {
 public:
  Reordered(std::int64_t features, ValueType type, const py::tuple& arrays) : kept_(arrays) {
    const py::object order = arrays[0], scale = arrays[1], bias = arrays[2];
    made_ = {features, static_cast<const std::int64_t*>(indices(order, features)), numbers(scale, features, type),
             numbers(bias, features, type)};
  }

  const Reordering& operator*() const { return made_; }

 private:
  static const void* indices(const py::object& object, std::int64_t features) {
    if (object.is_none()) return nullptr;
    const py::array array(object);
    require_vector(array, "order");
    if (!py::isinstance<py::array_t<std::int64_t>>(array) || array.size() != features) {
      throw std::invalid_argument("order must be int64, one for each feature");
    }
    const auto* const order = static_cast<const std::int64_t*>(array.data());
    if (std::any_of(order, order + features, [&](std::int64_t i) { return i < 0 || i >= features; })) {
      throw std::invalid_argument("order must name features");
    }
    return order;
  }

  static const void* numbers(const py::object& object, std::int64_t features, ValueType type) {
    if (object.is_none()) return nullptr;
    const py::array array(object);
    require_vector(array, "scale and bias");
    if (value_type(array) != type || array.size() != features) {
      throw std::invalid_argument("scale and bias must have the step's dtype and one entry for each feature");
    }
    return array.data();
  }

  py::tuple kept_;
  Reordering made_{};
};

ReorderSide side(const void* memory, std::int64_t vectors, std::int64_t features, Layout layout) {
  void* const start = const_cast<void*>(memory);
  if (layout == Layout::columns) return {start, vectors, 1};
  return {start, 1, features};
}

// False where the result is of no use; see Packed.
template <class S>
bool apply_step(const S& step, const py::array& x, py::array y, int threads) {
  try {
    run_step(step, x, std::move(y), threads);
  } catch (const RangeExceeded&) {
    return false;
  }
  return true;
}

class Reorder : public Step {
 public:
  Reorder(std::int64_t features, const py::dtype& type, const py::tuple& arrays)
      : type_(value_type(py::array(type, std::vector<py::ssize_t>{0}))), map_(features, type_, arrays) {}

  ValueType type() const override { return type_; }
  std::int64_t inputs() const override { return (*map_).features; }
  std::int64_t outputs() const override { return (*map_).features; }
  bool is_serial(std::int64_t vectors) const override { return reorder_is_serial(inputs(), vectors); }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    apply_reordering(*map_, type_, side(x, vectors, inputs(), layout), side(y, vectors, inputs(), layout), vectors,
                     threads, monitor);
  }

 private:
  ValueType type_;
  Reordered map_;
};

// after . inner . before, some vectors at a time, so that what lies between stays in a cache.
class Framed : public Step {
 public:
  Framed(py::object inner, const py::tuple& before, const py::tuple& after)
      : kept_(std::move(inner)),
        inner_(py::cast<const Step*>(kept_)),
        finished_(dynamic_cast<const FinishedStep*>(inner_)),
        before_(inner_->inputs(), inner_->type(), before),
        after_(inner_->outputs(), inner_->type(), after) {}

  ValueType type() const override { return inner_->type(); }
  std::int64_t inputs() const override { return inner_->inputs(); }
  std::int64_t outputs() const override { return inner_->outputs(); }
  bool is_current() const override { return inner_->is_current(); }
  bool is_serial(std::int64_t vectors) const override {
    return inner_->is_serial(vectors) && reorder_is_serial(std::max(inputs(), outputs()), vectors);
  }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    const std::int64_t size = number_bytes(type());
    const std::int64_t widest = std::max<std::int64_t>(std::max(inputs(), outputs()), 1) * size;
    const std::int64_t most = layout == Layout::columns ? kMostColumns : std::max<std::int64_t>(kNearBytes / widest, 1);
    const ReorderSide in = side(x, vectors, inputs(), layout), out = side(y, vectors, outputs(), layout);
    Buffer<char> first, second;
    for (std::int64_t v = 0; v < vectors && !monitor.stopped(); v += most) {
      const std::int64_t count = std::min(most, vectors - v);
      // Columns are a piece of memory only if all of them are there.
      const bool is_whole = layout == Layout::rows || count == vectors;
      const ReorderSide from = moved(in, v, size), to = moved(out, v, size);
      const bool in_place = is_whole && (*after_).order == nullptr;
      const ReorderSide target = in_place ? to : room(second, count, outputs(), layout, size);
      const void* source = from.memory;
      if (!is_whole || !(*before_).is_identity()) {
        const ReorderSide near = inner_->works_in_place() ? target : room(first, count, inputs(), layout, size);
        apply_reordering(*before_, type(), from, near, count, threads, monitor);
        source = near.memory;
      }
      const bool is_done = in_place && (*after_).is_identity();
      if (in_place && !is_done && finished_ != nullptr) {
        const Finish finish = [&](std::int64_t begin, std::int64_t end) {
          scale_numbers(*after_, type(), to, count, begin, end);
        };
        finished_->run_and_finish(source, to.memory, count, layout, threads, monitor, finish);
        continue;
      }
      inner_->run(source, target.memory, count, layout, threads, monitor);
      if (!is_done) apply_reordering(*after_, type(), target, to, count, threads, monitor);
    }
  }

 private:
  static ReorderSide moved(const ReorderSide& all, std::int64_t vectors, std::int64_t size) {
    return {static_cast<char*>(all.memory) + vectors * all.vector_step * size, all.feature_step, all.vector_step};
  }

  static ReorderSide room(Buffer<char>& buffer, std::int64_t vectors, std::int64_t features, Layout layout,
                          std::int64_t size) {
    buffer.resize(static_cast<std::size_t>(vectors * features * size));
    return side(buffer.data(), vectors, features, layout);
  }

  py::object kept_;
  const Step* inner_;
  const FinishedStep* finished_;  // the same, or null where it has no way to finish
  Reordered before_, after_;
};

}  // namespace

void register_reorder(py::module_& m) {
  // Plain types, as the stub says: pybind11's own metaclass is for static properties.
  const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));
  StepClass<Reorder>(m, "Reorder", plain)
      .def(py::init<std::int64_t, const py::dtype&, const py::tuple&>())
      .def("apply", &apply_step<Reorder>);
  StepClass<Framed>(m, "Framed", plain)
      .def(py::init<py::object, const py::tuple&, const py::tuple&>())
      .def("apply", &apply_step<Framed>);
}

}  // namespace cheapfast
