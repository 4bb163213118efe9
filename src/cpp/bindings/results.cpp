#include "bindings/results.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/buffer.hpp"

namespace cheapfast {
namespace {

using NumpyApi = py::detail::npy_api;

constexpr py::ssize_t kAlignment = 64;
constexpr py::ssize_t kTiny = py::ssize_t{1} << 10;     // NumPy keeps memory of so few bytes itself
constexpr py::ssize_t kLargest = py::ssize_t{1} << 18;  // that is kept here
constexpr std::size_t kPage = std::size_t{1} << 12;     // results of about the same size share memory
constexpr std::size_t kMostKept = 16;

// Memory of results that are gone, the latest last: a caller who drops each result before the next one comes would else
// wait as long for malloc and free as for a small network. The GIL is its lock.
class Kept {
 public:
  Buffer<char> take(std::size_t bytes) {
    const std::size_t rounded = (bytes + kPage - 1) / kPage * kPage;
    for (std::size_t i = count_; i-- > 0;) {
      if (blocks_[i].size() == rounded) return remove(i);
    }
    return Buffer<char>(rounded);
  }

  void give_back(Buffer<char> block) {
    if (count_ == kMostKept) remove(0);
    blocks_[count_++] = std::move(block);
  }

 private:
  Buffer<char> remove(std::size_t i) {
    std::rotate(blocks_.begin() + i, blocks_.begin() + i + 1, blocks_.begin() + count_);
    return std::move(blocks_[--count_]);
  }

  std::array<Buffer<char>, kMostKept> blocks_;
  std::size_t count_ = 0;
};

// Never destroyed: arrays may outlive everything else.
Kept& kept() {
  static Kept* const made = new Kept;
  return *made;
}

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
  auto* const block = new Buffer<char>(kept().take(bytes));
  PyObject* const capsule = PyCapsule_New(block, nullptr, [](PyObject* owner) {
    auto* const done = static_cast<Buffer<char>*>(PyCapsule_GetPointer(owner, nullptr));
    kept().give_back(std::move(*done));
    delete done;
  });
  if (capsule == nullptr) {
    delete block;
    throw py::error_already_set();
  }
  py::object owner = py::reinterpret_steal<py::object>(capsule);
  py::array made = new_array(dtype, ndim, shape, block->data());
  set_owner(made, std::move(owner));
  return made;
}

}  // namespace

py::array result_array(const py::dtype& dtype, int ndim, const py::ssize_t* shape) {
  py::ssize_t bytes = dtype.itemsize();
  for (int i = 0; i < ndim; ++i) bytes *= shape[i];
  if (bytes <= kTiny) return new_array(dtype, ndim, shape, nullptr);
  if (bytes <= kLargest) return kept_array(dtype, ndim, shape, static_cast<std::size_t>(bytes));
  // NumPy's memory, and more of it than the numbers need
  const py::ssize_t room_bytes = bytes + kAlignment;
  const py::dtype byte = py::reinterpret_steal<py::dtype>(NumpyApi::get().PyArray_DescrFromType_(NumpyApi::NPY_UBYTE_));
  py::array room = new_array(byte, 1, &room_bytes, nullptr);
  char* const start = static_cast<char*>(const_cast<void*>(room.data()));
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(start);
  py::array made = new_array(dtype, ndim, shape, start + (kAlignment - address % kAlignment) % kAlignment);
  set_owner(made, std::move(room));
  return made;
}

}  // namespace cheapfast
