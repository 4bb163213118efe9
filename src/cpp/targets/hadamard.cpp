// The Walsh-Hadamard transform: stages of sums and differences, in register passes of up to 16 rows.
#include <cstdint>

#include "targets/kernels.hpp"
#include "targets/simd_real.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// A pass holds 16 registers: all that most instruction sets have. What is spilled costs less than another pass.
constexpr int kLogRadix = 4;
constexpr int kFarLevels = 3;  // of a pass beyond the first-level cache, which keeps few rows a power of two apart
constexpr std::int64_t kL1Bytes = 32 << 10;
constexpr std::int64_t kTileBytes = 256;  // of a row of a tall tile
constexpr int kAlignFrom = 16;            // registers to a row, from which on it pays to align them
constexpr std::int64_t kAhead = 2048;     // bytes that a leaf asks for in advance

CHEAPFAST_INLINE int min_of(int a, int b) { return a < b ? a : b; }
constexpr int log2_of(int n) { return n <= 1 ? 0 : 1 + log2_of(n / 2); }

// Where adders and multipliers are units of their own (AMD), sums and differences keep only the adders busy: every
// other difference is a - b * 1. The bits are the same.
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

template <class T, int W, int R>
CHEAPFAST_INLINE void butterflies(Vector<T, W> (&x)[R], Vector<T, W> one) {
  CHEAPFAST_UNROLL
  for (int h = 1; h < R; h *= 2) {
    CHEAPFAST_UNROLL
    for (int pair = 0; pair < R / 2; ++pair) {
      const int i = pair / h * 2 * h + pair % h;
      const Vector<T, W> a = x[i], b = x[i + h];
      x[i] = a + b;
      x[i + h] = difference<T, W>(a, b, one, pair % 2 != 0);
    }
  }
}

// What a pass reads and writes: R rows, `from` apart in the source and `to` apart in the destination.
template <class T>
struct Rows {
  const T* source;
  std::int64_t from;
  T* destination;
  std::int64_t to;
};

template <class T, int W, int R>
CHEAPFAST_INLINE void transform_columns(Rows<T> rows, std::int64_t column, std::int64_t ahead, Vector<T, W> one) {
  Vector<T, W> x[R];
  const T* const source = opaque_index(rows.source + column);
  const std::int64_t from = opaque_index(rows.from);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) {
    x[i] = opaque(load_lanes<T, W>(source + i * from));
    if (ahead != 0) CHEAPFAST_PREFETCH(source + i * from + ahead);
  }
  butterflies<T, W, R>(x, one);
  T* const destination = opaque_index(rows.destination + column);
  const std::int64_t to = opaque_index(rows.to);
  CHEAPFAST_UNROLL
  for (int i = 0; i < R; ++i) store_lanes<T, W>(destination + i * to, x[i]);
}

// Fewer columns than a register has lanes: halves, quarters, ... down to a single column.
template <class T, int W, int R>
CHEAPFAST_INLINE void transform_rest(Rows<T> rows, std::int64_t column, std::int64_t count) {
  if constexpr (W >= 1) {
    if ((count & W) != 0) {
      transform_columns<T, W, R>(rows, column, 0, Vector<T, W>{});
      column += W;
    }
    transform_rest<T, W / 2, R>(rows, column, count);
  }
}

// The stages of R rows of `columns` contiguous numbers. `ahead` is the distance of what will be read next, or 0. (The
// rows come by value: what is stored might change what a reference refers to, and would be read again and again.)
template <class T, int R>
CHEAPFAST_NOINLINE void transform_rows(Rows<T> rows, std::int64_t columns, std::int64_t ahead) {
  constexpr int W = kLanes<T>;
  std::int64_t j = 0;
  if (columns >= kAlignFrom * W) {
    // NumPy's large arrays begin 16 bytes after a cache line: wide vectors would straddle two lines each.
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(rows.destination) / sizeof(T);
    j = static_cast<std::int64_t>((W - at % W) % W);
    transform_rest<T, W / 2, R>(rows, 0, j);
  }
  const Vector<T, W> one = opaque_one<T, W>();
  if (ahead == 0) {
    for (; j + W <= columns; j += W) transform_columns<T, W, R>(rows, j, 0, one);
  } else {
    for (; j + W <= columns; j += W) transform_columns<T, W, R>(rows, j, ahead, one);
  }
  transform_rest<T, W / 2, R>(rows, j, columns - j);
}

template <class T>
CHEAPFAST_INLINE void transform_rows(int log_rows, Rows<T> rows, std::int64_t columns, std::int64_t ahead = 0) {
  switch (log_rows) {
    case 0:
      return transform_rows<T, 1>(rows, columns, ahead);
    case 1:
      return transform_rows<T, 2>(rows, columns, ahead);
    case 2:
      return transform_rows<T, 4>(rows, columns, ahead);
    case 3:
      return transform_rows<T, 8>(rows, columns, ahead);
    default:
      return transform_rows<T, 16>(rows, columns, ahead);
  }
}

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
CHEAPFAST_NOINLINE void transform_leaves(Leaves<T> leaves) {
  constexpr int W = kLanes<T>;
  const Vector<T, W> one = opaque_one<T, W>();
  for (std::int64_t k = 0; k < leaves.size; k += R * W) {
    Vector<T, W> x[R];
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) {
      const T* const p = leaves.source + k + i * W;
      x[i] = transform_lanes<T, kAll>(opaque(load_lanes<T, W>(p)), leaves.stages);
      if (kFar) CHEAPFAST_PREFETCH(p + kAhead / static_cast<std::int64_t>(sizeof(T)));
    }
    butterflies<T, W, R>(x, one);
    CHEAPFAST_UNROLL
    for (int i = 0; i < R; ++i) store_lanes<T, W>(leaves.destination + k + i * W, x[i]);
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
void transform_scalars(const T* source, T* destination, std::int64_t size, std::int64_t stages) {
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

// The levels of the next pass, when `left` are still to do: passes as equal as can be.
CHEAPFAST_INLINE int next_levels(int left) {
  const int passes = (left + kLogRadix - 1) / kLogRadix;
  return (left + passes - 1) / passes;
}

// Rows of numbers that sit side by side in one register and in its neighbours.
template <class T>
CHEAPFAST_INLINE bool in_lanes(const HadamardRows& rows) {
  return rows.stride == rows.run && rows.run < kLanes<T> && (rows.run & (rows.run - 1)) == 0;
}

// `levels` stages that pair rows `apart`, 2 * apart, ... from one another, over 2^log_count rows.
template <class T>
void pass(const T* source, T* destination, const HadamardRows& rows, int log_count, std::int64_t apart, int levels) {
  const bool dense = rows.run == rows.stride;
  const std::int64_t count = std::int64_t{1} << log_count, step = apart * rows.stride;
  for (std::int64_t first = 0; first < count; first += apart << levels) {
    for (std::int64_t r = first; r < first + (dense ? 1 : apart); ++r) {
      const std::int64_t at = r * rows.stride;
      transform_rows<T>(levels, {source + at, step, destination + at, step}, dense ? step : rows.run);
    }
  }
}

// How many levels the leaves take: those inside a register and those of one pass.
template <class T>
CHEAPFAST_INLINE int leaf_levels(const HadamardRows& rows) {
  return in_lanes<T>(rows) ? log2_of(kLanes<T>) - log2_of(static_cast<int>(rows.run)) : 0;
}

// All stages of 2^log_count rows that fit in the first-level cache.
template <class T>
void transform_near(const T* source, T* destination, const HadamardRows& rows, int log_count, bool far) {
  int done = 0;
  if (in_lanes<T>(rows)) {
    const int inside = leaf_levels<T>(rows);
    const int levels = min_of(log_count > inside ? log_count - inside : 0, kLogRadix);
    transform_leaves<T>(levels, {source, destination, rows.run << log_count, static_cast<int>(-rows.run), far});
    done = inside + levels;
    source = destination;
  }
  while (done < log_count) {
    const int levels = next_levels(log_count - done);
    pass<T>(source, destination, rows, log_count, std::int64_t{1} << done, levels);
    done += levels;
    source = destination;
  }
}

// How many of the levels of a block are left to the passes beyond the first-level cache: what does not fit in it, and
// what those passes can take over so that a pass inside it is saved.
template <class T>
CHEAPFAST_INLINE int far_levels(const HadamardRows& rows, int log_count) {
  const std::int64_t row_bytes = rows.run * static_cast<std::int64_t>(sizeof(T));
  const int inside = leaf_levels<T>(rows);
  int far = 0;
  while (far < log_count && (row_bytes << (log_count - far)) > kL1Bytes) ++far;
  int more = far;
  while (more % kFarLevels != 0 && more + inside < log_count && (log_count - more - inside) % kLogRadix != 0) ++more;
  return (log_count - more - inside) % kLogRadix == 0 ? more : far;
}

// All stages of 2^log_count rows, of which `far` levels are left to this function, the parts first, so that most of the
// stages find their data near.
template <class T>
void transform_deep(const T* source, T* destination, const HadamardRows& rows, int log_count, int far, bool ahead) {
  if (far == 0) return transform_near(source, destination, rows, log_count, ahead);
  const int passes = (far + kFarLevels - 1) / kFarLevels, levels = (far + passes - 1) / passes;
  const int below = log_count - levels;
  const std::int64_t step = rows.stride << below;
  if (below > 0) {
    for (std::int64_t i = 0; i < std::int64_t{1} << levels; ++i) {
      transform_deep(source + i * step, destination + i * step, rows, below, far - levels, ahead);
    }
    source = destination;
  }
  pass<T>(source, destination, rows, log_count, std::int64_t{1} << below, levels);
}

// Inputs: `count` blocks of 2^log_count rows, one right after the other if count > 1; source and destination are the
// same or do not overlap. Each block is transformed: O(rows * log rows) sums.
template <class T>
void transform_blocks(const T* source, T* destination, const HadamardRows& rows, int log_count, std::int64_t count,
                      bool far) {
  const std::int64_t block = rows.stride << log_count;
  const int inside = leaf_levels<T>(rows);
  if (inside > 0 && log_count > 0 && log_count <= inside + kLogRadix) {
    // short transforms of one length: a single sweep over all of them
    const int levels = log_count > inside ? log_count - inside : 0;
    const int stages = static_cast<int>((std::int64_t{1} << log_count) * rows.run - rows.run);
    const std::int64_t size = count * block, whole = size - size % (std::int64_t{kLanes<T>} << levels);
    transform_leaves<T>(levels, {source, destination, whole, stages, far});
    return transform_scalars(source + whole, destination + whole, size - whole, stages);
  }
  for (std::int64_t b = 0; b < count; ++b) {
    if (log_count > 0) {
      transform_deep(source + b * block, destination + b * block, rows, log_count, far_levels<T>(rows, log_count), far);
    } else {
      transform_rows<T>(0, {source + b * block, 0, destination + b * block, 0}, rows.run);
    }
  }
}

// The stages of 2^levels rows, `stride` apart, for the columns begin ... end - 1: one trip through memory. Tiles of a
// few columns pass through a buffer, where rows whose distance is a power of two do not compete for the same cache
// lines.
template <class T>
void transform_tall(const T* source, T* destination, std::int64_t stride, int levels, std::int64_t begin,
                    std::int64_t end) {
  constexpr std::int64_t kColumns = kTileBytes / sizeof(T);
  if (levels <= kLogRadix)
    return transform_rows<T>(levels, {source + begin, stride, destination + begin, stride}, end - begin);
  alignas(64) T tile[kColumns << kHadamardTallLevels];
  const int low = levels / 2, high = levels - low;
  const std::int64_t lows = std::int64_t{1} << low, highs = std::int64_t{1} << high;
  // the first tile is shorter where that aligns the others
  const std::int64_t skew =
      static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(destination + begin) % 64 / sizeof(T));
  for (std::int64_t c = begin, next; c < end; c = next) {
    next = c + kColumns - (c == begin ? skew : 0);
    if (next > end) next = end;
    const std::int64_t columns = next - c;
    for (std::int64_t r = 0; r < highs; ++r) {
      const T* const from = source + c + r * lows * stride;
      const std::int64_t ahead = r + 1 < highs ? lows * stride : columns - r * lows * stride;
      transform_rows<T>(low, {from, stride, tile + r * lows * kColumns, kColumns}, columns, ahead);
    }
    for (std::int64_t r = 0; r < lows; ++r) {
      transform_rows<T>(high, {tile + r * kColumns, lows * kColumns, destination + c + r * stride, lows * stride},
                        columns);
    }
  }
}

}  // namespace

void fill_hadamard(KernelTable& table) {
  table.hadamard_float32 = {transform_blocks<float>, transform_tall<float>};
  table.hadamard_float64 = {transform_blocks<double>, transform_tall<double>};
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
