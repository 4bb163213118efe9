// Layers of 2 x 2 blocks, some of them at a time, in one sweep over rows that lie at equal distances: rows
// q + step * (i + radix * g) for i < radix are brought to registers, mixed and written back.
//
// A row is some registers of columns that share their weights; or one register of neighbouring numbers of one vector,
// each with weights of its own, and then layers closer than a register mix its lanes.
#include <cstdint>

#include "targets/columns.hpp"
#include "targets/kernels.hpp"
#include "targets/small_blocks.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// ---- layers within a register: lane l meets lane l ^ H; 2 weights a row

template <int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes(E* a, const typename E::T*& w) {
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    a[i] = a[i].template combine<W>(a[i].template swapped<H>(), w, 0);
    w += 2 * E::kParts * W::kStep;
  }
}
template <int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes_rising(E* a, const typename E::T*& w, int from) {
  if constexpr (H < E::kLanes) {
    if (H >= from) mix_lanes<H, R, W>(a, w);
    mix_lanes_rising<2 * H, R, W>(a, w, from);
  }
}
template <int H, int R, class W, class E>
CHEAPFAST_INLINE void mix_lanes_falling(E* a, const typename E::T*& w, int from) {
  if constexpr (H >= 1) {
    if (H >= from) mix_lanes<H, R, W>(a, w);
    mix_lanes_falling<H / 2, R, W>(a, w, from);
  }
}

// ---- what is done to R rows in registers

template <int R>
struct RisingRows {
  static constexpr int kRadix = R;
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w, int) {
    Rising<R>::template run<W>(a, w);
  }
};
template <int R>
struct FallingRows {
  static constexpr int kRadix = R;
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w, int) {
    Falling<R>::template run<W>(a, w);
  }
};
template <int R>
struct RisingLanes {
  static constexpr int kRadix = R;
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w, int from) {
    mix_lanes_rising<1, R, W>(a, w, from);
    Rising<R>::template run<W>(a, w);
  }
};
template <int R>
struct FallingLanes {
  static constexpr int kRadix = R;
  template <class W, class E>
  static CHEAPFAST_MEMBER void run(E* a, const typename E::T* w, int from) {
    CHEAPFAST_UNROLL
    for (int h = R / 2; h > 0; h /= 2) mix_pairs<R, W>(a, h, w);
    mix_lanes_falling<E::kLanes / 2, R, W>(a, w, from);
  }
};

// ---- the sweep

template <class E, class W, class Op, Memory In, Memory Out>
CHEAPFAST_INLINE std::int64_t mix_columns(const Sweep& sweep, const typename E::T* w, const typename E::T* from,
                                          typename E::T* to, std::int64_t begin) {
  constexpr int R = Op::kRadix;
  constexpr int lanes = E::kLanes * E::kParts;
  const std::int64_t in_step = sweep.pass.step * sweep.in_step, out_step = sweep.pass.step * sweep.out_step;
  std::int64_t c = begin;
  for (; c + lanes <= sweep.width; c += lanes) {
    E a[R];
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) a[i] = load<E, In>(from + i * in_step + c);
    Op::template run<W>(a, w, sweep.pass.lanes_from);
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) store<E, Out>(a[i], to + i * out_step + c);
  }
  return c;
}

template <class E, class W, class Op, Memory In, Memory Out>
void run_sweep(const Sweep& sweep) {
  typedef typename E::T T;
  const FusedPass& pass = sweep.pass;
  std::int64_t g = sweep.begin / pass.step, q = sweep.begin % pass.step;
  for (std::int64_t unit = sweep.begin; unit < sweep.end; ++unit) {
    const std::int64_t row = g * Op::kRadix * pass.step + q;
    const T* const w = static_cast<const T*>(pass.weights) + g * pass.group_step + q * pass.row_step;
    const T* const from = static_cast<const T*>(sweep.in) + row * sweep.in_step;
    T* const to = static_cast<T*>(sweep.out) + row * sweep.out_step;
    const std::int64_t done = mix_columns<typename Doubled<E, W>::type, W, Op, In, Out>(sweep, w, from, to, 0);
    mix_columns<E, W, Op, In, Out>(sweep, w, from, to, done);
    if (++q == pass.step) q = 0, ++g;
  }
}

typedef void (*SweepFunction)(const Sweep&);

template <class E, class W, class Op>
SweepFunction of_layout(const Sweep& sweep) {
  constexpr Memory caller = Memory::caller, scratch = Memory::scratch;
  if constexpr (E::kParts == 1) {
    return run_sweep<E, W, Op, caller, caller>;  // real numbers lie the same way in both
  } else {
    if (sweep.from_caller && sweep.to_caller) return run_sweep<E, W, Op, caller, caller>;
    if (sweep.from_caller) return run_sweep<E, W, Op, caller, scratch>;
    return sweep.to_caller ? run_sweep<E, W, Op, scratch, caller> : run_sweep<E, W, Op, scratch, scratch>;
  }
}

// Whether 16 rows find room in the registers, with weights read from memory.
template <class E, class W>
struct HoldsSixteen {
  static constexpr bool value = false;
};
#if defined(__AVX512F__)
template <class S>
struct HoldsSixteen<Real<S>, PerLane<S>> {
  static constexpr bool value = true;
};
#endif

template <class E, class W, template <int> class Op>
SweepFunction of_radix(const Sweep& sweep) {
  if constexpr (HoldsSixteen<E, W>::value) {
    if (sweep.pass.radix == 16) return of_layout<E, W, Op<16>>(sweep);
  }
  switch (sweep.pass.radix) {
    case 2:
      return of_layout<E, W, Op<2>>(sweep);
    case 4:
      return of_layout<E, W, Op<4>>(sweep);
    default:
      return of_layout<E, W, Op<8>>(sweep);
  }
}

template <class E>
void sweep_columns(const Sweep& sweep) {
  typedef Shared<typename E::T> W;
  const bool rising = sweep.pass.kind == FusedKind::rising;
  (rising ? of_radix<E, W, RisingRows>(sweep) : of_radix<E, W, FallingRows>(sweep))(sweep);
}

template <class E>
void sweep_vector(const Sweep& sweep) {
  typedef PerLane<typename E::T> W;
  const bool rising = sweep.pass.kind == FusedKind::rising;
  if (sweep.pass.lanes_from < E::kLanes) {
    return (rising ? of_radix<E, W, RisingLanes>(sweep) : of_radix<E, W, FallingLanes>(sweep))(sweep);
  }
  (rising ? of_radix<E, W, RisingRows>(sweep) : of_radix<E, W, FallingRows>(sweep))(sweep);
}

template <class E>
void fill(KernelTable& table, int type) {
  table.sweep[type][0] = sweep_columns<E>;
  table.sweep[type][1] = sweep_vector<E>;
  table.sweep_radix[type] = HoldsSixteen<E, PerLane<typename E::T>>::value ? 16 : 8;
}

}  // namespace

void fill_sweeps(KernelTable& table) {
  fill<Real<float>>(table, 0);
  fill<Real<double>>(table, 1);
  fill<Complex<float>>(table, 2);
  fill<Complex<double>>(table, 3);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
