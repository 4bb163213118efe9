// Layers of 2 x 2 blocks, some of them at a time, in one sweep over rows that lie at equal distances: rows
// q + step * (i + radix * g) for i < radix are brought to registers, mixed and written back.
//
// A row is some registers of columns that share their weights; or one register of neighbouring numbers of one vector,
// each with weights of its own, and then layers closer than a register mix its lanes.
#include "targets/tables/sweeps.hpp"

#include <cstdint>
#include <cstring>

#include "core/caches.hpp"
#include "targets/columns.hpp"
#include "targets/small_blocks.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// ---- what is done to R rows in registers

// Rows a[i] and a[i + h] meet: 4 weights a block, 2 of a unit one.
template <bool kUnit, int R, class W, class E>
CHEAPFAST_INLINE void mix_rows(E* a, int h, const typename E::T*& w) {
  if constexpr (!kUnit) {
    mix_pairs<R, W>(a, h, w);
  } else {
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) {
      if ((i & h) != 0) continue;
      const E low = a[i], high = a[i + h];
      a[i] = low.template plus_weighted<W>(high, w, 0);
      a[i + h] = high.template plus_weighted<W>(low, w, 1);
      w += 2 * E::kParts * W::kStep;
    }
  }
}

// Within a register lane l meets lane l ^ H: 2 weights a row, 1 of unit blocks.
template <bool kUnit, int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes(E* a, const typename E::T*& w) {
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    const E partner = a[i].template swapped<H>();
    if constexpr (kUnit) {
      a[i] = a[i].template plus_weighted<W>(partner, w, 0);
    } else {
      a[i] = a[i].template combine<W>(partner, w, 0);
    }
    w += (kUnit ? 1 : 2) * E::kParts * W::kStep;
  }
}

// Which layers of a pass join lanes: none, those of all strides below a register, or those from a stride on. A branch
// between them makes GCC keep the rows in memory.
enum class Within { none, all, some };

template <Within kWithin, bool kUnit, int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes_from(E* a, const typename E::T*& w, int from) {
  if constexpr (kWithin != Within::none) {
    if (kWithin == Within::all || H >= from) mix_lanes<kUnit, H, R, W>(a, w);
  }
}
template <Within kWithin, bool kUnit, int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes_rising(E* a, const typename E::T*& w, int from) {
  if constexpr (H < E::kLanes) {
    mix_lanes_from<kWithin, kUnit, H, R, W>(a, w, from);
    mix_lanes_rising<kWithin, kUnit, 2 * H, R, W>(a, w, from);
  }
}
template <Within kWithin, bool kUnit, int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes_falling(E* a, const typename E::T*& w, int from) {
  if constexpr (H >= 1) {
    mix_lanes_from<kWithin, kUnit, H, R, W>(a, w, from);
    mix_lanes_falling<kWithin, kUnit, H / 2, R, W>(a, w, from);
  }
}

// What the blocks of a pass are: any, of ones and two weights, these with a last factor for each row, or with a factor
// and a bias.
enum class Blocks { any, unit, scaled, biased };

// All layers of a pass; w then points behind their weights.
template <bool kRisingRun, Within kWithin, Blocks kBlocks>
struct Layers {
  static constexpr bool kUnitBlocks = kBlocks != Blocks::any, kHasBias = kBlocks == Blocks::biased;
  static constexpr bool kIsScaled = kHasBias || kBlocks == Blocks::scaled;
  template <int R, class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T*& w, int from) {
    if constexpr (kRisingRun) {
      mix_lanes_rising<kWithin, kUnitBlocks, 1, R, W>(a, w, from);
      CHEAPFAST_UNROLL
      for (int h = 1; h < R; h *= 2) mix_rows<kUnitBlocks, R, W>(a, h, w);
    } else {
      CHEAPFAST_UNROLL
      for (int h = R / 2; h > 0; h /= 2) mix_rows<kUnitBlocks, R, W>(a, h, w);
      mix_lanes_falling<kWithin, kUnitBlocks, E::kLanes / 2, R, W>(a, w, from);
    }
  }
};

// ---- the sweep

// A row that was loaded is kept in its register. GCC would rather read it from memory for every multiply-add that it
// goes into, and then the loads take longer than the arithmetic. Where there are few registers it is left its way.
template <class E>
CHEAPFAST_INLINE void keep(E&) {}
#if defined(__AVX2__) && (defined(__GNUC__) || defined(__clang__))
template <class S>
CHEAPFAST_INLINE void keep(Real<S>& row) {
  asm("" : "+v"(row.v));
}
template <class S>
CHEAPFAST_INLINE void keep(RealPair<S>& row) {
  asm("" : "+v"(row.v), "+v"(row.u));
}
#endif
#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
template <class S>
CHEAPFAST_INLINE void keep(Complex<S>& row) {
  asm("" : "+v"(row.re), "+v"(row.im));
}
#endif

// Asks for R rows that another unit will read or write.
template <class E, int R>
CHEAPFAST_INLINE void ask_for(const typename E::T* first, std::int64_t step, std::int64_t ahead) {
  // from row to row: all addresses, computed once in advance, would take a short run longer than its rows
  const char* row = opaque_index(reinterpret_cast<const char*>(first) + ahead);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    for (std::size_t b = 0; b < sizeof(E); b += kLineBytes) CHEAPFAST_PREFETCH(row + b);
    row += step * static_cast<std::int64_t>(sizeof(*first));
  }
}

// What happens to R rows of the columns of one E.
template <class E, class W, int R, class Op, Memory In, Memory Out, class Columns>
CHEAPFAST_INLINE void run_unit(const typename E::T* w, const typename E::T* from, std::int64_t in_step,
                               std::int64_t ahead_in, std::int64_t ahead_out, typename E::T* to, std::int64_t out_step,
                               int lanes_from, typename MagnitudeOf<typename E::T>::Word* largest, Columns columns) {
  if (ahead_in != 0) {
    ask_for<E, R>(from, in_step, ahead_in);
    if (ahead_out != 0) ask_for<E, R>(to, out_step, ahead_out);
  }
  E a[R];
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    E row = columns.template read<E, In>(from + i * in_step);
    keep(row);
    a[i] = row;
  }
  Op::template run<R, W>(a, w, lanes_from);
  if constexpr (Op::kIsScaled) {
    Magnitude<typename E::T> most[E::kVectors];
    std::memcpy(most, largest, sizeof most);
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) {
      a[i] = a[i].template times_weight<W>(w, i);
      a[i].raise(most);
      if constexpr (Op::kHasBias) a[i] = a[i].template plus_weight<W>(w, R + i);
    }
    std::memcpy(largest, most, sizeof most);
  }
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) columns.template write<E, Out>(a[i], to + i * out_step);
}

template <class E, class W, int R, class Op, Memory In, Memory Out>
void run_sweep(const Sweep& sweep) {
  typedef typename E::T T;
  typedef typename Doubled<E, W>::type Two;
  constexpr int lanes = E::kLanes * E::kParts, two = R == 16 ? lanes : Two::kLanes * E::kParts;
  const FusedPass& pass = sweep.pass;
  // in registers: the compiler must think that what is stored may change what `sweep` has
  const std::int64_t step = pass.step, in_row = sweep.in_step, out_row = sweep.out_step, row_step = pass.row_step;
  const std::int64_t next_group = pass.group_step - step * row_step;
  const SomeColumns some{sweep.in_tail, sweep.out_tail};
  const bool has_tail = !W::kPerLane && (some.in < E::kLanes || some.out < E::kLanes);
  const std::int64_t full = sweep.width - (has_tail ? lanes : 0);
  const std::int64_t ahead_in = sweep.ahead_in, ahead_out = sweep.ahead_out;
  const bool brings = !W::kPerLane && sweep.brings;
  const int lanes_from = pass.lanes_from;
  auto* const largest = static_cast<typename MagnitudeOf<T>::Word*>(sweep.largest);
  std::int64_t q = sweep.begin % step;
  const std::int64_t g = sweep.begin / step, row = g * R * step + q;
  const T* w = static_cast<const T*>(pass.weights) + g * pass.group_step + q * row_step;
  const T* from = static_cast<const T*>(sweep.in) + row * in_row;
  T* to = static_cast<T*>(sweep.out) + row * out_row;
  for (std::int64_t left = sweep.end - sweep.begin; left > 0; --left) {
    // the unit is in one piece: rows follow each other on both sides
    if (brings) std::memcpy(to, from, static_cast<std::size_t>(R * sweep.width) * sizeof(T));
    const T* const source = brings ? to : from;
    std::int64_t c = 0;
    if constexpr (two > lanes) {
      for (; c + two <= full; c += two) {
        // the addresses of all rows would be more than there are registers for, if they were kept for all columns
        run_unit<Two, W, R, Op, In, Out>(w, opaque_index(source + c), step * in_row, ahead_in, ahead_out,
                                         opaque_index(to + c), step * out_row, lanes_from, largest + c / E::kParts,
                                         AllColumns{});
      }
    }
    for (; c < full; c += lanes) {
      run_unit<E, W, R, Op, In, Out>(w, opaque_index(source + c), step * in_row, ahead_in, ahead_out,
                                     opaque_index(to + c), step * out_row, lanes_from, largest + c / E::kParts,
                                     AllColumns{});
    }
    if constexpr (!W::kPerLane) {
      if (has_tail) {
        run_unit<E, W, R, Op, In, Out>(w, opaque_index(source + c), step * in_row, ahead_in, ahead_out,
                                       opaque_index(to + c), step * out_row, lanes_from, largest + c / E::kParts, some);
      }
    }
    w += row_step, from += in_row, to += out_row;
    if (++q == step) {
      q = 0;
      w += next_group, from += (R - 1) * step * in_row, to += (R - 1) * step * out_row;
    }
  }
}

typedef void (*SweepFunction)(const Sweep&);

template <class E, class W, int R, class Op>
SweepFunction of_layout(const Sweep& sweep) {
  constexpr Memory caller = Memory::caller, scratch = Memory::scratch;
  if constexpr (E::kParts == 1) {
    return run_sweep<E, W, R, Op, caller, caller>;  // real numbers lie the same way in both
  } else {
    if (sweep.from_caller && sweep.to_caller) return run_sweep<E, W, R, Op, caller, caller>;
    if (sweep.from_caller) return run_sweep<E, W, R, Op, caller, scratch>;
    return sweep.to_caller ? run_sweep<E, W, R, Op, scratch, caller> : run_sweep<E, W, R, Op, scratch, scratch>;
  }
}

// Whether 16 rows find room in the registers, with weights read from memory.
template <class E>
struct HoldsSixteen {
  static constexpr bool value = false;
};
#if defined(__AVX512F__)
template <class S>
struct HoldsSixteen<Real<S>> {
  static constexpr bool value = true;
};
#endif

template <class E, class W, class Op>
SweepFunction of_radix(const Sweep& sweep) {
  if constexpr (HoldsSixteen<E>::value) {
    if (sweep.pass.radix == 16) return of_layout<E, W, 16, Op>(sweep);
  }
  switch (sweep.pass.radix) {
    case 2:
      return of_layout<E, W, 2, Op>(sweep);
    case 4:
      return of_layout<E, W, 4, Op>(sweep);
    default:
      return of_layout<E, W, 8, Op>(sweep);
  }
}

template <class E, class W, bool kRising, Within kWithin>
SweepFunction of_blocks(const Sweep& sweep) {
  if (!sweep.pass.is_unit) return of_radix<E, W, Layers<kRising, kWithin, Blocks::any>>(sweep);
  if (!sweep.pass.is_scaled) return of_radix<E, W, Layers<kRising, kWithin, Blocks::unit>>(sweep);
  if (!sweep.pass.has_bias) return of_radix<E, W, Layers<kRising, kWithin, Blocks::scaled>>(sweep);
  return of_radix<E, W, Layers<kRising, kWithin, Blocks::biased>>(sweep);
}

template <class E, class W, Within kWithin>
SweepFunction of_layers(const Sweep& sweep) {
  return (sweep.pass.kind == FusedKind::rising ? of_blocks<E, W, true, kWithin>
                                               : of_blocks<E, W, false, kWithin>)(sweep);
}

template <class E>
void sweep_columns(const Sweep& sweep) {
  of_layers<E, Shared<typename E::T>, Within::none>(sweep)(sweep);
}

template <class E>
void sweep_vector(const Sweep& sweep) {
  typedef PerLane<typename E::T> W;
  const int from = sweep.pass.lanes_from;
  if (from >= E::kLanes) return of_layers<E, W, Within::none>(sweep)(sweep);
  (from == 1 ? of_layers<E, W, Within::all> : of_layers<E, W, Within::some>)(sweep)(sweep);
}

template <class E>
void fill(SweepsTable& table, int type) {
  table.sweep[type][0] = sweep_columns<E>;
  table.sweep[type][1] = sweep_vector<E>;
  table.sweep_radix[type] = HoldsSixteen<E>::value ? 16 : 8;
}

}  // namespace

void fill_sweeps(SweepsTable& table) {
  fill<Real<float>>(table, 0);
  fill<Real<double>>(table, 1);
  fill<Complex<float>>(table, 2);
  fill<Complex<double>>(table, 3);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
