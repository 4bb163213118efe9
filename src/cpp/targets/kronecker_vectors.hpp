// One dense block of a Kronecker-sparse factor, vector by vector: the lanes run along what the weights lie along.
//
// Tiles are as those of kronecker_tile.hpp, and so are the sums, bit for bit; only what fills the lanes is another. Each
// kind of tile has a function of its own: inline, the compiler would prepare all kinds of them for each small block.
#pragma once

#include "targets/kronecker_tile.hpp"
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

// ---- lanes along ib: one number of the operand meets a register of weights

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

// The vectors first ... last - 1, V at a time. (The rows are the outer loop: the weights of a tile come from the
// second-level cache, the operands of a few vectors stay in the first-level one.)
template <class E, int V, bool kWhole>
CHEAPFAST_INLINE void ids_tiles(const Block<E>& block, Vectors vectors, std::int64_t first, std::int64_t last,
                                std::int64_t lanes) {
  constexpr int M = V == 1 ? 2 * kTileRows : kTileRows;
  std::int64_t ib = 0;
  for (; ib + M <= block.rows; ib += M) {
    for (std::int64_t v = first; v < last; v += V) ids_tile<E, V, M, kWhole>(block, vectors, v, ib, lanes);
  }
  if (M > 4 && ib + 4 <= block.rows) {
    for (std::int64_t v = first; v < last; v += V) ids_tile<E, V, 4, kWhole>(block, vectors, v, ib, lanes);
    ib += 4;
  }
  if (M > 2 && ib + 2 <= block.rows) {
    for (std::int64_t v = first; v < last; v += V) ids_tile<E, V, 2, kWhole>(block, vectors, v, ib, lanes);
    ib += 2;
  }
  if (ib == block.rows) return;
  for (std::int64_t v = first; v < last; v += V) ids_tile<E, V, 1, kWhole>(block, vectors, v, ib, lanes);
}

// The ids of one register.
template <class E, bool kWhole>
CHEAPFAST_INLINE void ids_register(const Block<E>& block, Vectors vectors, std::int64_t lanes) {
  constexpr int V = kTileVectors<E>;
  std::int64_t v = 0;
  for (; v + 2 * V <= vectors.count; v += 2 * V) ids_tiles<E, V, kWhole>(block, vectors, v, v + 2 * V, lanes);
  for (; v + V <= vectors.count; v += V) ids_tiles<E, V, kWhole>(block, vectors, v, v + V, lanes);
  if (V > 2 && v + 2 <= vectors.count) {
    ids_tiles<E, 2, kWhole>(block, vectors, v, v + 2, lanes);
    v += 2;
  }
  if (v < vectors.count) ids_tiles<E, 1, kWhole>(block, vectors, v, v + 1, lanes);
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
