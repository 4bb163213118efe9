#include "kernels/hadamard.hpp"

#include <algorithm>
#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "bindings/plain.hpp"
#include "bindings/results.hpp"

namespace cheapfast {
namespace {

// Up to this many bytes a call takes some ten microseconds: no threads, no monitor.
constexpr std::int64_t kShortBytes = std::int64_t{1} << 18;
// Below this, even giving up the GIL would be felt.
constexpr std::int64_t kTinyBytes = std::int64_t{1} << 16;

bool same_shape(const py::array& a, const py::array& b) {
  return a.ndim() == b.ndim() && std::equal(a.shape(), a.shape() + a.ndim(), b.shape());
}

// The everyday call, recognised without going through Python: contiguous arrays of one of the four types. Along the
// axis follow rows of so many values; axes of length one make no difference.
struct PlainCall {
  ValueType type;
  int levels;
  std::int64_t row;
  std::int64_t count;
  std::int64_t bytes;
};

std::optional<PlainCall> plain_call(const py::array& x, py::handle axis) {
  const std::optional<ValueType> type = native_type(x);
  const py::ssize_t ndim = x.ndim();
  if (!type || ndim == 0 || x.size() == 0) return std::nullopt;
  const auto position = plain_axis(axis, ndim);
  if (!is_dense(x) || !position) return std::nullopt;
  const std::int64_t n = x.shape(*position);
  const int levels = log2_exact(n);
  if (levels < 0) return std::nullopt;
  std::int64_t row = 1;
  for (py::ssize_t i = *position + 1; i < ndim; ++i) row *= x.shape(i);
  return PlainCall{*type, levels, row, x.size() / (n * row), x.nbytes()};
}

// `out` can be written without harm to what is still to be read from x.
bool fits(const py::array& out, const py::array& x, const PlainCall& call) {
  if (out.ptr() == x.ptr()) return has_flags(x, NumpyApi::NPY_ARRAY_WRITEABLE_);
  return takes(out, call.type) && same_shape(out, x) && (out.data() == x.data() || are_apart(x, out));
}

void run(ValueType type, const void* source, void* destination, const HadamardLayout& layout, int threads) {
  PythonMonitor monitor{py::none()};
  py::gil_scoped_release release;
  hadamard(type, source, destination, layout, threads, monitor);
}

void run_short(const PlainCall& call, const void* source, void* destination) {
  if (call.bytes <= kTinyBytes)
    return hadamard_short(call.type, source, destination, call.levels, call.row, call.count);
  py::gil_scoped_release release;
  hadamard_short(call.type, source, destination, call.levels, call.row, call.count);
}

// The number of threads: asked for only where it matters, or where the caller gave something unusual.
int worker_count(py::handle threads, py::handle thread_count, bool is_short) {
  if (threads.is_none() && is_short) return 1;
  if (const std::optional<long> count = plain_integer(threads, 1, kMostThreads)) return static_cast<int>(*count);
  return std::min(py::cast<int>(thread_count(threads)), kMostThreads);
}

// Where the result goes; nothing where that takes more thought. Not a py::array, whose default is a new array of
// NumPy's: making one takes as long as transforming a hundred numbers.
py::object destination(const py::array& x, py::handle out, const PlainCall& call, bool is_short) {
  if (!out.is_none()) {
    if (!is_plain_array(out)) return py::object();
    py::array given = py::reinterpret_borrow<py::array>(out);
    return fits(given, x, call) ? py::object(std::move(given)) : py::object();
  }
  if (!is_short) return py::object();  // large results are allocated where the memory is asked for first
  return result_array(x.dtype(), static_cast<int>(x.ndim()), x.shape());
}

py::object plain(py::handle x_object, py::handle out_object, py::handle axis, py::handle threads,
                 py::handle thread_count) {
  if (!is_plain_array(x_object)) return py::none();
  const py::array x = py::reinterpret_borrow<py::array>(x_object);
  const std::optional<PlainCall> call = plain_call(x, axis);
  if (!call) return py::none();
  const bool is_short = call->bytes <= kShortBytes;
  py::object out = destination(x, out_object, *call, is_short);
  if (!out) return py::none();
  void* const data = py::reinterpret_borrow<py::array>(out).mutable_data();
  const int workers = worker_count(threads, thread_count, is_short);
  if (is_short) {
    run_short(*call, x.data(), data);
  } else {
    const HadamardLayout layout = hadamard_dense(call->type, call->levels, call->row, call->count);
    run(call->type, x.data(), data, layout, workers);
  }
  return out;
}

// `thread_count` makes a number of `threads`.
PyObject* hadamard_plain(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 5) {
    PyErr_Format(PyExc_TypeError, "hadamard_plain takes 5 arguments, got %zd", count);
    return nullptr;
  }
  return answer([&] { return plain(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]); });
}

PyMethodDef g_plain_method = {"hadamard_plain",
                              reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&hadamard_plain)),
                              METH_FASTCALL, nullptr};

// Any layout. The arrays have one shape, one type and the same strides, and are the same or do not overlap: the caller
// has looked. False, and nothing done, where the layout has no kernel.
bool hadamard_strided(const py::array& source, py::array out, std::int64_t axis, int threads) {
  const std::optional<ValueType> type = native_type(source);
  if (!type || native_type(out) != *type || !same_shape(source, out)) {
    throw std::invalid_argument("source and out must have one shape and one of the four types");
  }
  if (axis < 0 || axis >= source.ndim() || log2_exact(source.shape(axis)) < 0) {
    throw std::invalid_argument("axis must be one of the arrays, and its length a power of two");
  }
  if (source.size() == 0) return true;
  std::vector<Axis> axes;
  for (py::ssize_t i = 0; i < source.ndim(); ++i) {
    if (source.shape(i) > 1 && source.strides(i) != out.strides(i)) return false;
    axes.push_back({source.shape(i), source.strides(i)});
  }
  HadamardLayout layout;
  if (!has_flags(source, NumpyApi::NPY_ARRAY_ALIGNED_) || !has_flags(out, NumpyApi::NPY_ARRAY_ALIGNED_)) return false;
  if (!hadamard_layout(*type, axes, static_cast<std::size_t>(axis), layout)) return false;
  run(*type, source.data(), out.mutable_data(), layout, threads);
  return true;
}

}  // namespace

void register_hadamard(py::module_& m) {
  m.attr("hadamard_plain") =
      py::reinterpret_steal<py::object>(PyCFunction_NewEx(&g_plain_method, nullptr, py::str("cheapfast._core").ptr()));
  m.def("hadamard_strided", &hadamard_strided);
}

}  // namespace cheapfast
