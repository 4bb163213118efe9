// Vectors that go through a block of a Kronecker-sparse factor one by one, and how registers of them reach memory.
#pragma once

#include "targets/lanes.hpp"
#include "targets/turn.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// How many vectors there are, and how far apart they are in scalars.
struct Vectors {
  std::int64_t count, x_step, y_step;
};

template <class E>
CHEAPFAST_INLINE E load_up_to(const typename E::T* p, std::int64_t lanes) {
  return lanes >= E::kLanes ? E::load(p) : load_some<E>(p, lanes);
}
template <class E>
CHEAPFAST_INLINE void store_up_to(E value, typename E::T* p, std::int64_t lanes) {
  if (lanes >= E::kLanes) {
    value.store(p);
  } else {
    store_some(value, p, lanes);
  }
}

// Numbers `step` scalars apart, to or from one piece.
template <class T, int kParts>
CHEAPFAST_NOINLINE void collect(const T* p, std::int64_t step, std::int64_t count, T* room) {
  for (; count > 0; --count, p += step, room += kParts) {
    for (int part = 0; part < kParts; ++part) room[part] = p[part];
  }
}
template <class T, int kParts>
CHEAPFAST_NOINLINE void spread(const T* room, T* p, std::int64_t step, std::int64_t count) {
  for (; count > 0; --count, p += step, room += kParts) {
    for (int part = 0; part < kParts; ++part) p[part] = room[part];
  }
}

template <class E>
CHEAPFAST_INLINE E load_apart(const typename E::T* p, std::int64_t step, std::int64_t lanes) {
  if (step == E::kParts) return load_up_to<E>(p, lanes);
  alignas(64) typename E::T room[E::kLanes * E::kParts] = {};
  collect<typename E::T, E::kParts>(p, step, lanes, room);
  return E::load(room);
}
template <class E>
CHEAPFAST_INLINE void store_apart(E value, typename E::T* p, std::int64_t step, std::int64_t lanes) {
  if (step == E::kParts) return store_up_to(value, p, lanes);
  alignas(64) typename E::T room[E::kLanes * E::kParts];
  value.store(room);
  spread<typename E::T, E::kParts>(room, p, step, lanes);
}

// Registers of V vectors that lie side by side, the numbers of each `step` apart: squares are turned, so that as many
// numbers go to memory together as there are vectors.
template <class E, int V>
CHEAPFAST_INLINE void store_columns(const E (&values)[V], typename E::T* p, std::int64_t step, std::int64_t lanes) {
  typedef typename E::T T;
  constexpr int parts = E::kParts, width = WideOf<T>::kLanes, each = width / parts;
  alignas(64) T room[V][E::kLanes * parts];
  CHEAPFAST_UNROLL
  for (int v = 0; v < V; ++v) values[v].store(room[v]);
  CHEAPFAST_UNROLL
  for (int part = 0; part < parts; ++part) {
    Wide<T> x[V];
    CHEAPFAST_UNROLL
    for (int v = 0; v < V; ++v) x[v] = load_vector(room[v] + part * width);
    turn_numbers<T, parts>(x);
    CHEAPFAST_UNROLL
    for (int v = 0; v < V; ++v) store_vector(room[v] + part * width, x[v]);
  }
  for (std::int64_t lane = 0; lane < lanes; ++lane, p += step) {
    std::memcpy(p, room[lane % V] + lane / each * width + lane % each / V * V * parts, V * parts * sizeof(T));
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
