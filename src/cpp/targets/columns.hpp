// How kernels of small blocks read and write columns: in the caller's layout, or split into parts.
#pragma once

#include "targets/lanes.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// The caller has complex numbers as NumPy does; between the passes all real parts of a register come first. `streamed`:
// the caller's, written past the caches.
enum class Memory { caller, scratch, streamed };

template <class E, Memory M>
CHEAPFAST_INLINE E load(const typename E::T* p) {
  return M == Memory::scratch ? E::load_split(p) : E::load(p);
}
template <class E, Memory M>
CHEAPFAST_INLINE void store(E value, typename E::T* p) {
  if (M == Memory::scratch) {
    value.store_split(p);
  } else if (M == Memory::caller) {
    value.store(p);
  } else {
    value.stream(p);
  }
}

// The same where only some columns are there; in scratch all are.
template <class E, Memory M>
CHEAPFAST_INLINE E load_tail(const typename E::T* p, std::int64_t columns) {
  return M == Memory::scratch ? E::load_split(p) : load_some<E>(p, columns);
}
template <class E, Memory M>
CHEAPFAST_INLINE void store_tail(E value, typename E::T* p, std::int64_t columns) {
  if (M == Memory::scratch) {
    value.store_split(p);
  } else {
    store_some(value, p, columns);
  }
}

// How many columns of an E are there, in what is read and in what is written.
struct AllColumns {
  template <class E, Memory M>
  CHEAPFAST_MEMBER E read(const typename E::T* p) const {
    return load<E, M>(p);
  }
  template <class E, Memory M>
  CHEAPFAST_MEMBER void write(E value, typename E::T* p) const {
    store<E, M>(value, p);
  }
};
struct SomeColumns {
  std::int64_t in, out;
  template <class E, Memory M>
  CHEAPFAST_MEMBER E read(const typename E::T* p) const {
    return load_tail<E, M>(p, in);
  }
  template <class E, Memory M>
  CHEAPFAST_MEMBER void write(E value, typename E::T* p) const {
    store_tail<E, M>(value, p, out);
  }
};

// Real columns go two vectors at a time where there are registers for it: reading weights is what takes longest.
template <class E, class W>
struct Doubled {
  typedef E type;
};
#if defined(__AVX512F__) || defined(__aarch64__)
template <class S>
struct Doubled<Real<S>, Shared<S>> {
  typedef RealPair<S> type;
};
#endif

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
