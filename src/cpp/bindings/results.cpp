#include "bindings/results.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/buffer.hpp"
#include "core/caches.hpp"

namespace cheapfast {
namespace {

using NumpyApi = py::detail::npy_api;

constexpr py::ssize_t kLeast = py::ssize_t{1} << 8;     // less would be as much as what belongs to it
constexpr py::ssize_t kLargest = py::ssize_t{1} << 18;  // that is kept here
constexpr std::size_t kLine = kLineBytes;
constexpr std::size_t kPage = std::size_t{1} << 12;  // results of about the same size share memory
constexpr std::size_t kMostKept = 16;

// Memory of a result, and the object that Python keeps it by as long as an array lies there.
struct Owner {
  PyObject head;
  Buffer<char> memory;
};

void retire(PyObject* owner);

PyTypeObject* owner_type() {
  static PyTypeObject* const made = [] {
    static PyTypeObject type{};
    Py_SET_REFCNT(reinterpret_cast<PyObject*>(&type), 1);
    type.tp_name = "cheapfast._core.Memory";
    type.tp_basicsize = sizeof(Owner);
    type.tp_flags = Py_TPFLAGS_DEFAULT;
    type.tp_dealloc = retire;
    if (PyType_Ready(&type) < 0) throw py::error_already_set();
    return &type;
  }();
  return made;
}

// Owners that no array needs any more, the latest last: a caller who drops each result before the next one comes would
// else wait as long for memory as for a small network. The GIL is their lock.
class Retired {
 public:
  Owner* take(std::size_t bytes) {
    const std::size_t unit = bytes < kPage ? kLine : kPage, rounded = (bytes + unit - 1) / unit * unit;
    for (std::size_t i = count_; i-- > 0;) {
      if (owners_[i]->memory.size() == rounded) return remove(i);
    }
    return new Owner{{}, Buffer<char>(rounded)};
  }

  void add(Owner* owner) {
    if (count_ == kMostKept) delete remove(0);
    owners_[count_++] = owner;
  }

 private:
  Owner* remove(std::size_t i) {
    std::rotate(owners_.begin() + i, owners_.begin() + i + 1, owners_.begin() + count_);
    return owners_[--count_];
  }

  std::array<Owner*, kMostKept> owners_{};
  std::size_t count_ = 0;
};

// Never destroyed: arrays may outlive everything else.
Retired& retired() {
  static Retired* const made = new Retired;
  return *made;
}

void retire(PyObject* owner) { retired().add(reinterpret_cast<Owner*>(owner)); }

// data: memory of somebody else's, or null for memory of its own.
py::array new_array(py::dtype dtype, int ndim, const py::ssize_t* shape, void* data) {
  constexpr int kFlags =
      NumpyApi::NPY_ARRAY_C_CONTIGUOUS_ | NumpyApi::NPY_ARRAY_ALIGNED_ | NumpyApi::NPY_ARRAY_WRITEABLE_;
  const NumpyApi& api = NumpyApi::get();
  py::array made = py::reinterpret_steal<py::array>(
      api.PyArray_NewFromDescr_(reinterpret_cast<PyTypeObject*>(api.PyArray_Type_), dtype.release().ptr(), ndim, shape,
                                nullptr, data, data == nullptr ? 0 : kFlags, nullptr));
  if (!made) throw py::error_already_set();
  return made;
}

// Takes the reference to the owner.
void set_owner(const py::array& array, py::object owner) {
  if (NumpyApi::get().PyArray_SetBaseObject_(array.ptr(), owner.release().ptr()) < 0) throw py::error_already_set();
}

py::array kept_array(const py::dtype& dtype, int ndim, const py::ssize_t* shape, std::size_t bytes) {
  PyTypeObject* const type = owner_type();
  Owner* const memory = retired().take(bytes);
  py::object owner = py::reinterpret_steal<py::object>(PyObject_Init(&memory->head, type));
  py::array made = new_array(dtype, ndim, shape, memory->memory.data());
  set_owner(made, std::move(owner));
  return made;
}

}  // namespace

py::array result_array(const py::dtype& dtype, int ndim, const py::ssize_t* shape) {
  py::ssize_t bytes = dtype.itemsize();
  for (int i = 0; i < ndim; ++i) bytes *= shape[i];
  if (bytes < kLeast) return new_array(dtype, ndim, shape, nullptr);
  if (bytes <= kLargest) return kept_array(dtype, ndim, shape, static_cast<std::size_t>(bytes));
  // NumPy's memory, and more of it than the numbers need
  const py::ssize_t room_bytes = bytes + kLineBytes;
  const py::dtype byte = py::reinterpret_steal<py::dtype>(NumpyApi::get().PyArray_DescrFromType_(NumpyApi::NPY_UBYTE_));
  py::array room = new_array(byte, 1, &room_bytes, nullptr);
  char* const start = static_cast<char*>(const_cast<void*>(room.data()));
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(start);
  py::array made = new_array(dtype, ndim, shape, start + (kLine - address % kLine) % kLine);
  set_owner(made, std::move(room));
  return made;
}

}  // namespace cheapfast
