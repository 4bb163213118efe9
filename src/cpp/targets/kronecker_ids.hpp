// Dense blocks of a Kronecker-sparse factor, vector by vector: the lanes run along the ids, with a register of the
// operand for a register of weights.
//
// The sums are those of kronecker_tile.hpp, bit for bit; only what fills the lanes is another.
#pragma once

#include "targets/kronecker_tile.hpp"
#include "targets/kronecker_vectors.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

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
