// Dense blocks of a Kronecker-sparse factor, vector by vector: the lanes run along the rows of a block, with a number
// of the operand for a register of weights.
//
// The sums are those of kronecker_tile.hpp, bit for bit; only what fills the lanes is another. Each kind of tile has a
// function of its own: inline, the compiler would prepare all kinds of them for each small block.
#pragma once

#include "targets/kronecker_tile.hpp"
#include "targets/kronecker_vectors.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// How many blocks there are, and the rows and vectors of them that are worked on.
struct Extent {
  std::int64_t blocks;
  std::int64_t begin, end;  // rows
  Vectors vectors;
};

// V vectors from `first` on times N registers of rows, the first of which is row ib; of the last one `last` lanes are
// there if it is not whole.
template <class E, int V, int N, bool kWhole>
CHEAPFAST_INLINE void rows_tile(const Block<E>& block, Vectors vectors, std::int64_t first, std::int64_t ib,
                                std::int64_t last) {
  typedef typename E::T T;
  constexpr int width = E::kLanes * E::kParts;
  E sum[V][N];
  CHEAPFAST_UNROLL
  for (int j = 0; j < N; ++j) {
    const std::int64_t lanes = kWhole || j < N - 1 ? E::kLanes : last;
    const std::int64_t at = (ib + j * E::kLanes) * block.bias_step;
    sum[0][j] = block.bias == nullptr ? E::zero() : load_apart<E>(block.bias + at, block.bias_step, lanes);
    CHEAPFAST_UNROLL
    for (int v = 1; v < V; ++v) sum[v][j] = sum[0][j];
  }
  const T* x = block.x + first * vectors.x_step;
  const T* weights = block.values + ib * block.down;
  for (std::int64_t left = block.terms; left > 0; --left, x += block.x_step, weights += block.along) {
    E weight[N];
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      weight[j] = kWhole || j < N - 1 ? E::load(weights + j * width) : load_some<E>(weights + j * width, last);
    }
    CHEAPFAST_UNROLL
    for (int v = 0; v < V; ++v) {
      const E number = E::fill(x + v * vectors.x_step);
      CHEAPFAST_UNROLL
      for (int j = 0; j < N; ++j) sum[v][j] = sum[v][j].plus_times(number, weight[j]);
    }
  }
  T* const y = block.y + first * vectors.y_step + ib * block.y_step;
  CHEAPFAST_UNROLL
  for (int j = 0; j < N; ++j) {
    const std::int64_t lanes = kWhole || j < N - 1 ? E::kLanes : last;
    T* const to = y + j * E::kLanes * block.y_step;
    if constexpr (V > 1 && V * E::kParts <= WideOf<T>::kLanes) {
      if (block.y_step != E::kParts && vectors.y_step == E::kParts) {
        E column[V];
        CHEAPFAST_UNROLL
        for (int v = 0; v < V; ++v) column[v] = sum[v][j];
        store_columns(column, to, block.y_step, lanes);
        continue;
      }
    }
    CHEAPFAST_UNROLL
    for (int v = 0; v < V; ++v) store_apart(sum[v][j], to + v * vectors.y_step, block.y_step, lanes);
  }
}

// The same for one vector and B blocks side by side: as many sums as keep the adders busy.
template <class E, int B, int N, bool kWhole>
CHEAPFAST_INLINE void rows_side_by_side(const Block<E> (&block)[B], std::int64_t ib, std::int64_t last) {
  typedef typename E::T T;
  constexpr int width = E::kLanes * E::kParts;
  const std::int64_t x_step = block[0].x_step, along = block[0].along, bias_step = block[0].bias_step;
  E sum[B][N];
  const T *x[B], *weights[B];
  CHEAPFAST_UNROLL
  for (int i = 0; i < B; ++i) {
    x[i] = block[i].x;
    weights[i] = block[i].values + ib * block[i].down;
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      const std::int64_t lanes = kWhole || j < N - 1 ? E::kLanes : last, at = (ib + j * E::kLanes) * bias_step;
      sum[i][j] = block[i].bias == nullptr ? E::zero() : load_apart<E>(block[i].bias + at, bias_step, lanes);
    }
  }
  std::int64_t from = 0, at = 0;
  for (std::int64_t left = block[0].terms; left > 0; --left, from += x_step, at += along) {
    CHEAPFAST_UNROLL
    for (int i = 0; i < B; ++i) {
      const E number = E::fill(x[i] + from);
      CHEAPFAST_UNROLL
      for (int j = 0; j < N; ++j) {
        const T* const p = weights[i] + at + j * width;
        sum[i][j] = sum[i][j].plus_times(number, kWhole || j < N - 1 ? E::load(p) : load_some<E>(p, last));
      }
    }
  }
  CHEAPFAST_UNROLL
  for (int i = 0; i < B; ++i) {
    T* const y = block[i].y + ib * block[i].y_step;
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      const std::int64_t lanes = kWhole || j < N - 1 ? E::kLanes : last;
      store_apart(sum[i][j], y + j * E::kLanes * block[i].y_step, block[i].y_step, lanes);
    }
  }
}

// One tile of each block.
template <class E, class Source, int V, int N, bool kWhole>
CHEAPFAST_NOINLINE void rows_tiles(const Source& given, const Extent& extent, std::int64_t first, std::int64_t ib) {
  Source source = given;
  const Vectors vectors = extent.vectors;
  const std::int64_t last = extent.end - ib - (N - 1) * E::kLanes;
  std::int64_t left = extent.blocks;
  if constexpr (Source::kMany && V == 1 && N <= 2) {
    constexpr int B = 4 / N;
    Block<E> block[B];
    for (; left >= B; left -= B) {
      CHEAPFAST_UNROLL
      for (int i = 0; i < B; ++i) {
        block[i] = source.take();
        block[i].x += first * vectors.x_step;
        block[i].y += first * vectors.y_step;
      }
      rows_side_by_side<E, B, N, kWhole>(block, ib, last);
    }
  }
  for (; left > 0; --left) rows_tile<E, V, N, kWhole>(source.take(), vectors, first, ib, last);
}

// N registers of rows for all vectors.
template <class E, class Source, int N, bool kWhole>
CHEAPFAST_INLINE void rows_of_registers(const Source& source, const Extent& extent, std::int64_t ib) {
  constexpr bool kDouble = kTileRows > 2 && 2 * N <= kTileVectors<E>;  // room for twice as many sums
  const std::int64_t count = extent.vectors.count;
  std::int64_t v = 0;
  if constexpr (kDouble) {
    for (; v + 8 <= count; v += 8) rows_tiles<E, Source, 8, N, kWhole>(source, extent, v, ib);
  }
  for (; v + 4 <= count; v += 4) rows_tiles<E, Source, 4, N, kWhole>(source, extent, v, ib);
  for (; v + 2 <= count; v += 2) rows_tiles<E, Source, 2, N, kWhole>(source, extent, v, ib);
  if (v < count) rows_tiles<E, Source, 1, N, kWhole>(source, extent, v, ib);
}

template <class E, class Source>
CHEAPFAST_INLINE void rows_of(const Source& source, const Extent& extent) {
  constexpr int N = kTileVectors<E>, L = E::kLanes;
  const std::int64_t end = extent.end;
  std::int64_t ib = extent.begin;
  for (; ib + N * L <= end; ib += N * L) rows_of_registers<E, Source, N, true>(source, extent, ib);
  if constexpr (N > 2) {
    if (end - ib >= 2 * L) {
      rows_of_registers<E, Source, 2, true>(source, extent, ib);
      ib += 2 * L;
    } else if (end - ib > L) {
      return rows_of_registers<E, Source, 2, false>(source, extent, ib);
    }
  }
  for (; ib + L <= end; ib += L) rows_of_registers<E, Source, 1, true>(source, extent, ib);
  if (ib < end) rows_of_registers<E, Source, 1, false>(source, extent, ib);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
