// One dense block of a Kronecker-sparse factor, vector by vector: the lanes run along what the weights lie along.
//
// Tiles are as those of kronecker_tile.hpp, and so are the sums, bit for bit; only what fills the lanes is another. (They
// are not inline: the compiler would prepare all kinds of tiles before it begins with the one that a small block needs.)
#pragma once

#include "targets/kronecker_tile.hpp"

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

// ---- lanes along ib: one number of the operand meets a register of weights

// V vectors times N registers of rows, the first of which is row ib; of the last one `last` lanes are there if it is
// not whole.
template <class E, int V, int N, bool kWhole>
CHEAPFAST_NOINLINE void rows_tile(const Block<E>& block, Vectors vectors, std::int64_t first, std::int64_t ib,
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
  const std::int64_t step = block.x_step, along = block.along;
  for (std::int64_t left = block.terms; left > 0; --left, x += step, weights += along) {
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
  CHEAPFAST_UNROLL
  for (int v = 0; v < V; ++v) {
    T* const y = block.y + (first + v) * vectors.y_step + ib * block.y_step;
    CHEAPFAST_UNROLL
    for (int j = 0; j < N; ++j) {
      const std::int64_t lanes = kWhole || j < N - 1 ? E::kLanes : last;
      store_apart(sum[v][j], y + j * E::kLanes * block.y_step, block.y_step, lanes);
    }
  }
}

template <class E, int V>
CHEAPFAST_INLINE void rows_tiles(const Block<E>& block, Vectors vectors, std::int64_t first, std::int64_t begin,
                                 std::int64_t end) {
  constexpr int N = kTileVectors<E>, L = E::kLanes;
  std::int64_t ib = begin;
  for (; ib + N * L <= end; ib += N * L) rows_tile<E, V, N, true>(block, vectors, first, ib, 0);
  if (N > 2 && end - ib > L) {
    if (end - ib >= 2 * L) {
      rows_tile<E, V, 2, true>(block, vectors, first, ib, 0);
    } else {
      rows_tile<E, V, 2, false>(block, vectors, first, ib, end - ib - L);
    }
    ib += 2 * L;
  }
  for (; ib + L <= end; ib += L) rows_tile<E, V, 1, true>(block, vectors, first, ib, 0);
  if (ib < end) rows_tile<E, V, 1, false>(block, vectors, first, ib, end - ib);
}

// The rows begin ... end - 1 of all vectors.
template <class E>
CHEAPFAST_INLINE void rows_of(const Block<E>& block, Vectors vectors, std::int64_t begin, std::int64_t end) {
  std::int64_t v = 0;
  for (; v + 4 <= vectors.count; v += 4) rows_tiles<E, 4>(block, vectors, v, begin, end);
  for (; v + 2 <= vectors.count; v += 2) rows_tiles<E, 2>(block, vectors, v, begin, end);
  for (; v < vectors.count; ++v) rows_tiles<E, 1>(block, vectors, v, begin, end);
}

// ---- lanes along id: a register of the operand meets a register of weights

// V vectors times M rows, the first of which is row ib. The block is that of the first id of the register; of its lanes
// only some are there if it is not whole.
template <class E, int V, int M, bool kWhole>
CHEAPFAST_NOINLINE void ids_tile(const Block<E>& block, Vectors vectors, std::int64_t first, std::int64_t ib,
                                 std::int64_t lanes) {
  typedef typename E::T T;
  E sum[M][V];
  CHEAPFAST_UNROLL
  for (int i = 0; i < M; ++i) {
    const std::int64_t at = (ib + i) * block.bias_step;
    sum[i][0] = block.bias == nullptr ? E::zero() : load_up_to<E>(block.bias + at, lanes);
    CHEAPFAST_UNROLL
    for (int v = 1; v < V; ++v) sum[i][v] = sum[i][0];
  }
  const T* x = block.x + first * vectors.x_step;
  const T* weights = block.values + ib * block.down;
  const std::int64_t step = block.x_step, along = block.along;
  for (std::int64_t left = block.terms; left > 0; --left, x += step, weights += along) {
    E operand[V];
    CHEAPFAST_UNROLL
    for (int v = 0; v < V; ++v) {
      const T* const p = x + v * vectors.x_step;
      operand[v] = kWhole ? E::load(p) : load_some<E>(p, lanes);
    }
    CHEAPFAST_UNROLL
    for (int i = 0; i < M; ++i) {
      const T* const p = weights + i * block.down;
      const E weight = kWhole ? E::load(p) : load_some<E>(p, lanes);
      CHEAPFAST_UNROLL
      for (int v = 0; v < V; ++v) sum[i][v] = sum[i][v].plus_times(operand[v], weight);
    }
  }
  CHEAPFAST_UNROLL
  for (int i = 0; i < M; ++i) {
    CHEAPFAST_UNROLL
    for (int v = 0; v < V; ++v) {
      T* const y = block.y + (first + v) * vectors.y_step + (ib + i) * block.y_step;
      if (kWhole) {
        sum[i][v].store(y);
      } else {
        store_some(sum[i][v], y, lanes);
      }
    }
  }
}

template <class E, int V, bool kWhole>
CHEAPFAST_INLINE void ids_tiles(const Block<E>& block, Vectors vectors, std::int64_t first, std::int64_t lanes) {
  constexpr int M = V == 1 ? 2 * kTileRows : kTileRows;
  std::int64_t ib = 0;
  for (; ib + M <= block.rows; ib += M) ids_tile<E, V, M, kWhole>(block, vectors, first, ib, lanes);
  if (M > 4 && ib + 4 <= block.rows) {
    ids_tile<E, V, 4, kWhole>(block, vectors, first, ib, lanes);
    ib += 4;
  }
  if (M > 2 && ib + 2 <= block.rows) {
    ids_tile<E, V, 2, kWhole>(block, vectors, first, ib, lanes);
    ib += 2;
  }
  if (ib < block.rows) ids_tile<E, V, 1, kWhole>(block, vectors, first, ib, lanes);
}

// The ids of one register.
template <class E, bool kWhole>
CHEAPFAST_INLINE void ids_register(const Block<E>& block, Vectors vectors, std::int64_t lanes) {
  constexpr int V = kTileVectors<E>;
  std::int64_t v = 0;
  for (; v + V <= vectors.count; v += V) ids_tiles<E, V, kWhole>(block, vectors, v, lanes);
  for (; V > 2 && v + 2 <= vectors.count; v += 2) ids_tiles<E, 2, kWhole>(block, vectors, v, lanes);
  for (; v < vectors.count; ++v) ids_tiles<E, 1, kWhole>(block, vectors, v, lanes);
}

// The ids of a block, from its first one on.
template <class E>
CHEAPFAST_INLINE void ids_of(Block<E> block, Vectors vectors, std::int64_t ids) {
  constexpr std::int64_t width = E::kLanes * E::kParts;
  for (; ids >= E::kLanes; ids -= E::kLanes) {
    ids_register<E, true>(block, vectors, E::kLanes);
    block.x += width;
    block.y += width;
    block.values += width;
    if (block.bias != nullptr) block.bias += width;
  }
  if (ids > 0) ids_register<E, false>(block, vectors, ids);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
