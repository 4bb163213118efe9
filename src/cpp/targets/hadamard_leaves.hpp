// The first stages of the Walsh-Hadamard transform of contiguous numbers: inside registers, then among a few of them.
#pragma once

#include "targets/hadamard_rows.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

constexpr std::int64_t kAhead = 2048;  // bytes that a leaf asks for in advance

// The stages inside a register: bit H of `stages` stands for lanes that are H apart.
template <class T, bool kAll>
CHEAPFAST_INLINE Vector<T, kLanes<T>> transform_lanes(Vector<T, kLanes<T>> x, int stages) {
  constexpr int W = kLanes<T>;
  if (kAll || (stages & 1) != 0) x = butterfly_of_lanes<T, W, 1>(x);
  if (kAll || (stages & 2) != 0) x = butterfly_of_lanes<T, W, 2>(x);
  if (kAll || (stages & 4) != 0) x = butterfly_of_lanes<T, W, 4>(x);
  if (kAll || (stages & 8) != 0) x = butterfly_of_lanes<T, W, 8>(x);
  return x;
}

// What all leaves of one call have in common.
template <class T>
struct Leaves {
  const T* source;
  T* destination;
  std::int64_t size;  // a multiple of the registers that a leaf takes
  int stages;
  bool far;
};

// The first stages of contiguous numbers: those inside a register, then those among R registers.
template <class T, int R, bool kAll, bool kFar>
CHEAPFAST_INLINE void transform_leaf(const Leaves<T>& leaves, std::int64_t k, Vector<T, kLanes<T>> (&x)[R],
                                     Vector<T, kLanes<T>> one) {
  constexpr int W = kLanes<T>;
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    const T* const p = leaves.source + k + i * W;
    x[i] = transform_lanes<T, kAll>(opaque(load_lanes<T, W>(p)), leaves.stages);
    if (kFar) CHEAPFAST_PREFETCH(p + kAhead / static_cast<std::int64_t>(sizeof(T)));
  }
  butterflies<T, W, R>(x, one);
}

// Two leaves of R registers and the stage between them. The first waits in memory, from where the instructions of that
// stage can take it: as many registers at once would be spilled, and loaded again.
template <class T, int R, bool kAll, bool kFar>
CHEAPFAST_INLINE void transform_two_leaves(const Leaves<T>& leaves, std::int64_t k, Vector<T, kLanes<T>> one) {
  constexpr int W = kLanes<T>;
  alignas(64) T first[R * W];
  Vector<T, W> x[R];
  transform_leaf<T, R, kAll, kFar>(leaves, k, x, one);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) store_lanes<T, W>(first + i * W, x[i]);
  transform_leaf<T, R, kAll, kFar>(leaves, k + R * W, x, one);
  keep_in_memory(first);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    const Vector<T, W> a = load_lanes<T, W>(first + i * W);
    store_lanes<T, W>(leaves.destination + k + i * W, a + x[i]);
    store_lanes<T, W>(leaves.destination + k + (i + R) * W, difference<T, W>(a, x[i], one, true));
  }
}

template <class T, int R, bool kAll, bool kFar>
CHEAPFAST_NOINLINE void transform_leaves(Leaves<T> leaves) {
  constexpr int W = kLanes<T>;
  const Vector<T, W> one = opaque_one<T, W>();
  for (std::int64_t k = 0; k < leaves.size; k += R * W) {
    if constexpr (R == 16 && !kManyRegisters) {
      transform_two_leaves<T, R / 2, kAll, kFar>(leaves, k, one);
    } else {
      Vector<T, W> x[R];
      transform_leaf<T, R, kAll, kFar>(leaves, k, x, one);
      CHEAPFAST_UNROLL
      for (int i = 0; i < R; ++i) store_lanes<T, W>(leaves.destination + k + i * W, x[i]);
    }
  }
}

template <class T, int R>
CHEAPFAST_INLINE void transform_leaves(const Leaves<T>& leaves) {
  constexpr int kEvery = kLanes<T> - 1;
  if ((leaves.stages & kEvery) != kEvery) return transform_leaves<T, R, false, false>(leaves);
  if (leaves.far) return transform_leaves<T, R, true, true>(leaves);
  transform_leaves<T, R, true, false>(leaves);
}

template <class T>
CHEAPFAST_INLINE void transform_leaves(int log_registers, const Leaves<T>& leaves) {
  switch (log_registers) {
    case 0:
      return transform_leaves<T, 1>(leaves);
    case 1:
      return transform_leaves<T, 2>(leaves);
    case 2:
      return transform_leaves<T, 4>(leaves);
    case 3:
      return transform_leaves<T, 8>(leaves);
    default:
      return transform_leaves<T, 16>(leaves);
  }
}

// What is left of contiguous short transforms after the last whole register.
template <class T>
CHEAPFAST_INLINE void transform_scalars(const T* source, T* destination, std::int64_t size, std::int64_t stages) {
  for (std::int64_t k = 0; k < size; ++k) destination[k] = source[k];
  for (std::int64_t h = 1; h < size; h *= 2) {
    for (std::int64_t k = 0; (stages & h) != 0 && k < size; ++k) {
      if ((k & h) == 0) {
        const T a = destination[k], b = destination[k + h];
        destination[k] = a + b;
        destination[k + h] = a - b;
      }
    }
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
