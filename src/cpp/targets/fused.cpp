// Many layers of small blocks in one go: a tile of rows is brought near, goes through all passes of a run of layers in
// registers, radix rows at a time, and is written back.
#include "targets/tables/fused.hpp"

#include <cstdint>

#include "core/caches.hpp"
#include "targets/columns.hpp"
#include "targets/small_blocks.hpp"
#include "targets/tile_columns.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// ---- a pass over a tile

// Where the rows of a tile are: row i at offset[i] in the caller's memory, at i * width in scratch.
template <class T>
struct RowsAt {
  T* memory;
  const std::int64_t* offset;
  std::int64_t width;
};

// R of those rows, step apart.
template <class T, Memory M, int R>
struct Rows;
template <class T, int R>
struct Rows<T, Memory::scratch, R> {
  T* first;
  std::int64_t step;
  CHEAPFAST_MEMBER Rows(const RowsAt<T>& at, std::int64_t row, std::int64_t rows)
      : first(at.memory + row * at.width), step(rows * at.width) {}
  CHEAPFAST_MEMBER T* operator[](int i) const { return first + i * step; }
};
template <class T, int R>
struct Rows<T, Memory::caller, R> {
  T* place[R];
  CHEAPFAST_MEMBER Rows(const RowsAt<T>& at, std::int64_t row, std::int64_t rows) {
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) place[i] = at.memory + at.offset[row + i * rows];
  }
  CHEAPFAST_MEMBER T* operator[](int i) const { return place[i]; }
};
template <class T, int R>
struct Rows<T, Memory::streamed, R> : Rows<T, Memory::caller, R> {
  using Rows<T, Memory::caller, R>::Rows;
};

// All columns that fill an E; returns where the others begin.
template <class E, class W, class Op, Memory In, Memory Out>
CHEAPFAST_INLINE std::int64_t run_columns(const typename E::T* w, const Rows<typename E::T, In, Op::kRadix>& from,
                                          const Rows<typename E::T, Out, Op::kRadix>& to, std::int64_t begin,
                                          std::int64_t width) {
  constexpr int R = Op::kRadix;
  constexpr int lanes = E::kLanes * E::kParts;
  std::int64_t c = begin;
  for (; c + lanes <= width; c += lanes) {
    E a[R];
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) a[i] = load<E, In>(from[Op::input(i)] + c);
    Op::template run<W>(a, w);
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) store<E, Out>(a[i], to[i] + c);
  }
  return c;
}

template <class E, class W, class Op, Memory In, Memory Out>
void run_pass(const FusedPass& pass, const typename E::T* weights, std::int64_t rows, std::int64_t width,
              const RowsAt<typename E::T>& in, const RowsAt<typename E::T>& out) {
  typedef typename E::T T;
  constexpr int R = Op::kRadix;
  const std::int64_t groups = rows / (R * pass.step);
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t q = 0; q < pass.step; ++q) {
      const std::int64_t first = g * R * pass.step + q;
      const T* const w = weights + g * pass.group_step + q * pass.row_step;
      const Rows<T, In, R> from(in, first, pass.step);
      const Rows<T, Out, R> to(out, first, pass.step);
      const std::int64_t done = run_columns<typename Doubled<E, W>::type, W, Op, In, Out>(w, from, to, 0, width);
      run_columns<E, W, Op, In, Out>(w, from, to, done, width);
    }
  }
}

// The weights of all q would fill a cache as large as the vector's own: those of a tile and those of q are brought
// near, and multiplied where they are used. The lanes are all columns there are.
template <class E, class Op, Memory In, Memory Out>
void run_turned(const FusedPass& pass, const typename E::T* weights, std::int64_t rows, std::int64_t width,
                const RowsAt<typename E::T>& in, const RowsAt<typename E::T>& out) {
  typedef typename E::T T;
  constexpr int R = Op::kRadix, each = E::kLanes * E::kParts;
  alignas(64) T turned[(R - 1) * each];
  for (std::int64_t q = 0; q < pass.step; ++q) {
    const T* const turns = static_cast<const T*>(pass.turns) + q * (R - 1) * E::kParts;
    CHEAPFAST_UNROLL
    for (int i = 0; i < R - 1; ++i) {
      E::load_split(weights + i * each).template times_weight<Shared<T>>(turns, i).store_split(turned + i * each);
    }
    for (std::int64_t first = q; first < rows; first += R * pass.step) {
      const Rows<T, In, R> from(in, first, pass.step);
      const Rows<T, Out, R> to(out, first, pass.step);
      run_columns<E, PerLane<T>, Op, In, Out>(turned, from, to, 0, width);
    }
  }
}

template <class T>
using PassFunction = void (*)(const FusedPass&, const T*, std::int64_t, std::int64_t, const RowsAt<T>&,
                              const RowsAt<T>&);

// Whether what is written at a time is whole lines of columns.
template <class E, class W>
constexpr bool can_stream() {
  return !W::kPerLane && E::kLanes * E::kParts * sizeof(typename E::T) % kLineBytes == 0;
}

template <class E, class W, class Op>
PassFunction<typename E::T> variant(Memory from, Memory to) {
  if (from == Memory::caller) return run_pass<E, W, Op, Memory::caller, Memory::scratch>;
  if (to == Memory::caller) return run_pass<E, W, Op, Memory::scratch, Memory::caller>;
  if constexpr (can_stream<E, W>()) {
    if (to == Memory::streamed) return run_pass<E, W, Op, Memory::scratch, Memory::streamed>;
  }
  return run_pass<E, W, Op, Memory::scratch, Memory::scratch>;
}

// Passes with turns are never the first of a phase: those have one q.
template <class E, class W, class Op>
PassFunction<typename E::T> fourier_variant(const FusedPass& pass, Memory from, Memory to) {
  if constexpr (W::kPerLane) {
    if (pass.turns != nullptr) {
      return to == Memory::caller ? run_turned<E, Op, Memory::scratch, Memory::caller>
                                  : run_turned<E, Op, Memory::scratch, Memory::scratch>;
    }
  }
  return variant<E, W, Op>(from, to);
}

template <class E, class W>
struct FourierPasses {
  // Real numbers have none.
  static PassFunction<typename E::T> choose(const FusedPass&, Memory, Memory) { return nullptr; }
};
template <class S, class W>
struct FourierPasses<Complex<S>, W> {
  static PassFunction<S> choose(const FusedPass& pass, Memory from, Memory to) {
    typedef Complex<S> E;
    switch (pass.radix) {
      case 2:
        return fourier_variant<E, W, Fourier<2>>(pass, from, to);
      case 3:
        return fourier_variant<E, W, Fourier<3>>(pass, from, to);
      case 4:
        return fourier_variant<E, W, Fourier<4>>(pass, from, to);
      case 5:
        return fourier_variant<E, W, Fourier<5>>(pass, from, to);
      case 7:
        return fourier_variant<E, W, Fourier<7>>(pass, from, to);
      default:
        return fourier_variant<E, W, Fourier<8>>(pass, from, to);
    }
  }
};

template <class E, class W, template <int> class Op>
PassFunction<typename E::T> of_radix(int radix, Memory from, Memory to) {
  switch (radix) {
    case 2:
      return variant<E, W, Op<2>>(from, to);
    case 4:
      return variant<E, W, Op<4>>(from, to);
    default:
      return variant<E, W, Op<8>>(from, to);
  }
}

template <class E, class W>
PassFunction<typename E::T> choose_pass(const FusedPass& pass, Memory from, Memory to) {
  switch (pass.kind) {
    case FusedKind::rising:
      return of_radix<E, W, Rising>(pass.radix, from, to);
    case FusedKind::falling:
      return of_radix<E, W, Falling>(pass.radix, from, to);
    case FusedKind::sums:
      return of_radix<E, Shared<typename E::T>, Sums>(pass.radix, from, to);
    default:
      return FourierPasses<E, W>::choose(pass, from, to);
  }
}

template <class E>
std::int64_t padded_width(const FusedTile& tile) {
  return (tile.columns + E::kLanes - 1) / E::kLanes * E::kLanes * E::kParts;
}
template <class E>
void gather_columns(const FusedTile& tile) {
  gather<E>(tile, padded_width<E>(tile));
}
template <class E>
void scatter_columns(const FusedTile& tile) {
  scatter<E>(tile, padded_width<E>(tile));
}

// ---- diagonals and biases: what is read or written, row by row

// The numbers of the rows of a tile, null where there are none.
template <class E, class W>
CHEAPFAST_INLINE const typename E::T* of_tile(const void* all, const FusedTile& tile) {
  if (all == nullptr) return nullptr;
  return static_cast<const typename E::T*>(all) + tile.weights * tile.rows * E::kParts * W::kStep;
}

template <class E, class W, Memory In, Memory Out>
void map_rows(std::int64_t rows, std::int64_t width, const RowsAt<typename E::T>& in, const RowsAt<typename E::T>& out,
              const typename E::T* scale, const typename E::T* bias) {
  typedef typename E::T T;
  constexpr int lanes = E::kLanes * E::kParts, step = E::kParts * W::kStep;
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* const from = in.memory + (In == Memory::scratch ? row * in.width : in.offset[row]);
    T* const to = out.memory + (Out == Memory::scratch ? row * out.width : out.offset[row]);
    for (std::int64_t c = 0; c < width; c += lanes) {
      E value = load<E, In>(from + c);
      if (scale != nullptr) value = value.template times_weight<W>(scale + row * step, 0);
      if (bias != nullptr) value = value.template plus_weight<W>(bias + row * step, 0);
      store<E, Out>(value, to + c);
    }
  }
}

// ---- a tile through all passes

CHEAPFAST_INLINE bool begins_line(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % kLineBytes == 0;
}

template <class E, class W>
void run_tile(const FusedTile& tile) {
  typedef typename E::T T;
  const std::int64_t width = padded_width<E>(tile);
  const T* const in_scale = of_tile<E, W>(tile.in_scale, tile);
  const T* const out_scale = of_tile<E, W>(tile.out_scale, tile);
  const T* const bias = of_tile<E, W>(tile.bias, tile);
  const RowsAt<T> near{static_cast<T*>(tile.scratch), nullptr, width};
  const RowsAt<T> source{static_cast<T*>(tile.in.memory), tile.in.row, 0};
  const RowsAt<T> target{static_cast<T*>(tile.out.memory), tile.out.row, 0};
  const bool is_full = tile.columns % E::kLanes == 0;
  const bool in_rows = tile.in.adjacent && is_full, out_rows = tile.out.adjacent && is_full;
  if (!in_rows) gather<E>(tile, width);
  if (in_scale != nullptr) {
    const auto map =
        in_rows ? map_rows<E, W, Memory::caller, Memory::scratch> : map_rows<E, W, Memory::scratch, Memory::scratch>;
    map(tile.rows, width, in_rows ? source : near, near, in_scale, nullptr);
  }
  const bool direct_in = in_rows && in_scale == nullptr;
  const bool maps_out = out_scale != nullptr || bias != nullptr;
  const int last = tile.pass_count - 1;
  // A pass has the caller's memory on one side at most.
  const bool direct_out = out_rows && !(last == 0 && direct_in) && !maps_out;
  const bool streams = out_rows && tile.streams && can_stream<E, W>() && begins_line(tile.out.memory);
  const Memory ours = streams ? Memory::streamed : Memory::caller;
  for (int i = 0; i <= last; ++i) {
    const FusedPass& pass = tile.passes[i];
    const Memory from = i == 0 && direct_in ? Memory::caller : Memory::scratch;
    const Memory to = i == last && direct_out ? ours : Memory::scratch;
    const T* const weights = static_cast<const T*>(pass.weights) + tile.weights % pass.tile_period * pass.tile_step;
    choose_pass<E, W>(pass, from, to)(pass, weights, tile.rows, width, from == Memory::caller ? source : near,
                                      to == Memory::scratch ? near : target);
  }
  if (!direct_out && out_rows) {
    const auto map =
        streams ? map_rows<E, W, Memory::scratch, Memory::streamed> : map_rows<E, W, Memory::scratch, Memory::caller>;
    map(tile.rows, width, near, target, out_scale, bias);
  } else if (!direct_out) {
    if (maps_out) map_rows<E, W, Memory::scratch, Memory::scratch>(tile.rows, width, near, near, out_scale, bias);
    scatter<E>(tile, width);
  }
  if (streams) finish_streams();
}

template <class E>
void fill(FusedTable& table, int type) {
  table.fused[type][0] = run_tile<E, Shared<typename E::T>>;
  table.fused[type][1] = run_tile<E, PerLane<typename E::T>>;
  table.fused_lanes[type] = E::kLanes;
  table.fused_gather[type] = gather_columns<E>;
  table.fused_scatter[type] = scatter_columns<E>;
}

}  // namespace

void fill_fused(FusedTable& table) {
  fill<Real<float>>(table, 0);
  fill<Real<double>>(table, 1);
  fill<Complex<float>>(table, 2);
  fill<Complex<double>>(table, 3);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
