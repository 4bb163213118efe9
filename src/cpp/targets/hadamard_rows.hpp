// Butterflies of rows side by side: what every pass of the Walsh-Hadamard transform does.
#pragma once

#include <cstdint>

#include "targets/masks.hpp"
#include "targets/simd_real.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// Registers to a row, from which on it pays to align them; short registers leave less over at both ends.
constexpr int kAlignFrom = kManyRegisters ? 16 : 8;

// Where adders and multipliers are units of their own (AMD), sums and differences keep only the adders busy: some of
// the differences are a - b * 1. The bits are the same. (A product and a sum read three registers: more of them would
// keep the adders from reading theirs.)
template <class T, int W>
CHEAPFAST_INLINE Vector<T, W> difference(Vector<T, W> a, Vector<T, W> b, Vector<T, W> one, bool multiply) {
#if defined(__AVX2__) && defined(__FMA__)
  if constexpr (W == kLanes<T>) return multiply ? subtract_product(b, one, a) : a - b;
#endif
  (void)one, (void)multiply;
  return a - b;
}
template <class T, int W>
CHEAPFAST_INLINE Vector<T, W> opaque_one() {
  return opaque(Vector<T, W>{} + T(1));
}

// All stages among R registers. Every other difference is a product, or three of four where `kMost`: where there are so
// many stages between loading and storing that the adders are what is waited for, and no lanes are mixed by products.
template <class T, int W, int R, bool kMost = false>
CHEAPFAST_INLINE void butterflies(Vector<T, W> (&x)[R], Vector<T, W> one) {
  CHEAPFAST_UNROLL
  for (int h = 1; h < R; h *= 2) {
    CHEAPFAST_UNROLL
    for (int pair = 0; pair < R / 2; ++pair) {
      const int i = pair / h * 2 * h + pair % h;
      const Vector<T, W> a = x[i], b = x[i + h];
      x[i] = a + b;
      x[i + h] = difference<T, W>(a, b, one, pair % (kMost ? 4 : 2) != 0);
    }
  }
}

// What a pass reads and writes: `groups` times R rows of `columns` contiguous numbers. Rows are `from` apart in the
// source and `to` apart in the destination; groups are `hop` apart in both.
template <class T>
struct Rows {
  const T* source;
  std::int64_t from;
  T* destination;
  std::int64_t to;
  std::int64_t columns;
  std::int64_t groups = 1;
  std::int64_t hop = 0;
  std::int64_t ahead = 0;        // the distance of what will be read next and should be asked for, or 0
  std::int64_t ahead_to = 0;     // the same for what will be written
  std::int64_t group_ahead = 0;  // the same for groups to be read that lie one right after the other
};

// The addresses of one column of R rows: a register for every fourth of them, one for their distance and one for three
// times it. The others are sums that an instruction makes as it loads or stores.
template <class T, int R>
struct Ladder {
  static constexpr int kBases = R > 4 ? R / 4 : 1;
  T* base[kBases];
  std::int64_t step, triple;  // bytes
};

template <class T, int R>
CHEAPFAST_INLINE Ladder<T, R> ladder(T* first, std::int64_t distance) {
  Ladder<T, R> result;
  CHEAPFAST_UNROLL
  for (int i = 0; i < result.kBases; ++i) result.base[i] = first + 4 * i * distance;
  result.step = distance * static_cast<std::int64_t>(sizeof(T));
  result.triple = 3 * result.step;
  return result;
}
template <class T, int R>
CHEAPFAST_INLINE void advance(Ladder<T, R>& rungs, std::int64_t columns) {
  CHEAPFAST_UNROLL
  for (int i = 0; i < rungs.kBases; ++i) rungs.base[i] += columns;
}
// Keeps the compiler from spreading the rungs over registers of their own.
template <class T, int R>
CHEAPFAST_INLINE void fix(Ladder<T, R>& rungs) {
  CHEAPFAST_UNROLL
  for (int i = 0; i < rungs.kBases; ++i) rungs.base[i] = opaque_index(rungs.base[i]);
  rungs.step = opaque_index(rungs.step);
  if (R > 2) rungs.triple = opaque_index(rungs.triple);
}
template <class T, int R>
CHEAPFAST_INLINE T* rung(const Ladder<T, R>& rungs, int i) {
  const std::intptr_t base = reinterpret_cast<std::intptr_t>(rungs.base[i / 4]);
  switch (i % 4) {
    case 0:
      return rungs.base[i / 4];
    case 1:
      return reinterpret_cast<T*>(base + rungs.step);
    case 2:
      return reinterpret_cast<T*>(base + 2 * rungs.step);
    default:
      return reinterpret_cast<T*>(base + rungs.triple);
  }
}

// W columns, and on to the next.
template <class T, int W, int R>
CHEAPFAST_INLINE void transform_columns(Ladder<const T, R>& source, Ladder<T, R>& destination, std::int64_t ahead,
                                        std::int64_t ahead_to, Vector<T, W> one) {
  Vector<T, W> x[R];
  fix(source);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    x[i] = opaque(load_lanes<T, W>(rung(source, i)));
    if (ahead != 0) CHEAPFAST_PREFETCH(rung(source, i) + ahead);
  }
  butterflies<T, W, R, R == 16>(x, one);
  fix(destination);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    store_lanes<T, W>(rung(destination, i), x[i]);
    if (ahead_to != 0) CHEAPFAST_PREFETCH(rung(destination, i) + ahead_to);
  }
  advance(source, W);
  advance(destination, W);
}

// Fewer columns than a register has lanes: halves, quarters, ... down to a single column.
template <class T, int W, int R>
CHEAPFAST_INLINE void transform_rest(Ladder<const T, R>& source, Ladder<T, R>& destination, std::int64_t count) {
  if constexpr (W >= 1) {
    if ((count & W) != 0) transform_columns<T, W, R>(source, destination, 0, 0, Vector<T, W>{});
    transform_rest<T, W / 2, R>(source, destination, count);
  }
}

// The same at once, where masks are quick and more than two of these would be needed. (Who loads beside what a mask has
// just stored waits for the store: to the processor it took a whole register.)
template <class T, int R>
CHEAPFAST_INLINE void transform_some(Ladder<const T, R>& source, Ladder<T, R>& destination, std::int64_t count,
                                     [[maybe_unused]] Vector<T, kLanes<T>> one) {
  constexpr int W = kLanes<T>;
#if defined(CHEAPFAST_QUICK_MASKS)
  const std::int64_t but_one = count & (count - 1), but_two = but_one & (but_one - 1);
  if (but_two != 0) {
    Vector<T, W> x[R];
    fix(source);
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) x[i] = opaque(Vector<T, W>(load_first(rung(source, i), count)));
    butterflies<T, W, R>(x, one);
    fix(destination);
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) store_first(rung(destination, i), x[i], count);
    advance(source, count);
    advance(destination, count);
    return;
  }
#endif
  transform_rest<T, W / 2, R>(source, destination, count);
}

// Columns that are left out at first, so that whole registers are aligned where they are stored: NumPy's large arrays
// begin 16 bytes after a cache line, and wide vectors would straddle two lines each.
template <class T>
CHEAPFAST_INLINE std::int64_t skew_of(const Rows<T>& rows) {
  constexpr std::uintptr_t W = kLanes<T>;
  if (rows.columns < kAlignFrom * static_cast<std::int64_t>(W)) return 0;
  return static_cast<std::int64_t>((W - reinterpret_cast<std::uintptr_t>(rows.destination) / sizeof(T) % W) % W);
}

// Asks for numbers in one piece.
template <class T>
CHEAPFAST_INLINE void ask_for(const T* first, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += 64 / static_cast<int>(sizeof(T))) CHEAPFAST_PREFETCH(first + i);
}

// The stages of all groups. (The rows come by value: what is stored might change what a reference refers to, and would
// be read again and again.)
template <class T, int R>
CHEAPFAST_NOINLINE void transform_rows(Rows<T> rows) {
  constexpr int W = kLanes<T>;
  Ladder<const T, R> source = ladder<const T, R>(rows.source, rows.from);
  Ladder<T, R> destination = ladder<T, R>(rows.destination, rows.to);
  const Vector<T, W> one = opaque_one<T, W>();
  for (std::int64_t group = 0; group < rows.groups; ++group) {
    if (rows.group_ahead != 0) ask_for(rows.source + group * rows.hop + rows.group_ahead, rows.hop);
    const std::int64_t skew = skew_of(rows);
    if (skew != 0) transform_some<T, R>(source, destination, skew, one);
    std::int64_t left = rows.columns - skew;
    if (rows.ahead == 0) {
      for (; left >= W; left -= W) transform_columns<T, W, R>(source, destination, 0, 0, one);
    } else if (rows.ahead_to == 0) {
      for (; left >= W; left -= W) transform_columns<T, W, R>(source, destination, rows.ahead, 0, one);
    } else {
      for (; left >= W; left -= W) transform_columns<T, W, R>(source, destination, rows.ahead, rows.ahead_to, one);
    }
    if (left != 0) transform_some<T, R>(source, destination, left, one);
    advance(source, rows.hop - rows.columns);
    advance(destination, rows.hop - rows.columns);
  }
}

template <class T>
CHEAPFAST_INLINE void transform_rows(int log_rows, const Rows<T>& rows) {
  switch (log_rows) {
    case 0:
      return transform_rows<T, 1>(rows);
    case 1:
      return transform_rows<T, 2>(rows);
    case 2:
      return transform_rows<T, 4>(rows);
    case 3:
      return transform_rows<T, 8>(rows);
    default:
      return transform_rows<T, 16>(rows);
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
