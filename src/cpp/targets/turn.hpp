// Rows become columns: squares of numbers are turned in registers.
#pragma once

#include "targets/lanes.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// Numbers of U scalars: as many of them as a register holds, in as many registers.
template <class T, int U>
constexpr int kSquare = WideOf<T>::kLanes > U ? WideOf<T>::kLanes / U : 1;

#if defined(__GNUC__) || defined(__clang__)
template <class T, int U, int V, int H, bool kMore = (H < V)>
struct TurnNumbers {
  static CHEAPFAST_MEMBER void run(Wide<T>* rows) {
    CHEAPFAST_UNROLL
    for (int i = 0; i < V; ++i) {
      if ((i & H) == 0) exchange<H * U>(rows[i], rows[i + H], typename CountTo<WideOf<T>::kLanes>::type());
    }
    TurnNumbers<T, U, V, 2 * H>::run(rows);
  }
};
template <class T, int U, int V, int H>
struct TurnNumbers<T, U, V, H, false> {
  static CHEAPFAST_MEMBER void run(Wide<T>*) {}
};

// V registers of numbers: V x V squares side by side, each turned.
template <class T, int U, int V>
CHEAPFAST_INLINE void turn_numbers(Wide<T> (&rows)[V]) {
  TurnNumbers<T, U, V, 1>::run(rows);
}
#else
template <class T, int U, int V>
CHEAPFAST_INLINE void turn_numbers(Wide<T> (&)[V]) {}
#endif

// Rows of numbers, `step` scalars apart.
template <class T>
struct Matrix {
  T* first;
  std::int64_t step;
};

// to[j][i] = from[i][j] for a square, of which `rows` rows and `columns` columns are there. kRoom: zeros may fill the
// rows of the result.
template <class T, int U, bool kRoom>
CHEAPFAST_INLINE void turn_square(Matrix<const T> from, Matrix<T> to, std::int64_t rows, std::int64_t columns) {
#if defined(__GNUC__) || defined(__clang__)
  constexpr int n = kSquare<T, U>;
  const bool is_whole = rows >= n && columns >= n;
  // from row to row: addresses of all of them, kept from square to square, would be more than there are registers for
  const T* read = opaque_index(from.first);
  T* written = opaque_index(to.first);
  Wide<T> x[n];
  CHEAPFAST_UNROLL
  for (int i = 0; i < n; ++i, read += from.step) {
    if (is_whole) {
      x[i] = load_vector(read);
    } else {
      x[i] = i < rows ? load_first(read, columns * U) : Wide<T>{};
    }
  }
  turn_numbers<T, U>(x);
  CHEAPFAST_UNROLL
  for (int j = 0; j < n; ++j, written += to.step) {
    if (is_whole || (kRoom && j < columns)) {
      store_vector(written, x[j]);
    } else if (j < columns) {
      store_first(written, x[j], rows * U);
    }
  }
#else
  for (int u = 0; u < U && rows > 0 && columns > 0; ++u) to.first[u] = from.first[u];
#endif
}

// Vectors behind each other, `features` numbers of each, become columns; `to` has room for whole registers.
template <class T, int U>
void turn_to_columns(Matrix<const T> from, Matrix<T> to, std::int64_t vectors, std::int64_t features) {
  constexpr int n = kSquare<T, U>;
  for (std::int64_t v = 0; v < vectors; v += n) {
    for (std::int64_t f = 0; f < features; f += n) {
      turn_square<T, U, true>({from.first + v * from.step + f * U, from.step},
                              {to.first + f * to.step + v * U, to.step}, vectors - v, features - f);
    }
  }
}

// And back.
template <class T, int U>
void turn_to_vectors(Matrix<const T> from, Matrix<T> to, std::int64_t vectors, std::int64_t features) {
  constexpr int n = kSquare<T, U>;
  for (std::int64_t v = 0; v < vectors; v += n) {
    for (std::int64_t f = 0; f < features; f += n) {
      turn_square<T, U, false>({from.first + f * from.step + v * U, from.step},
                               {to.first + v * to.step + f * U, to.step}, features - f, vectors - v);
    }
  }
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
