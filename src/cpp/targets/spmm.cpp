// Sparse matrix times dense columns, and its transpose. A row of the operand is some registers wide; every nonzero
// takes one such row, times a weight.
//
// A sum is made in the order of the indices, each term rounded as a product and then as a sum: the same bits for every
// width, instruction set and number of threads.
#include "targets/tables/spmm.hpp"

#include <cstdint>

#include "core/caches.hpp"
#include "targets/spmm_registers.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

constexpr std::int64_t kAhead = 16;  // nonzeros between the prefetch of a row of the operand and its use

template <class T>
CHEAPFAST_INLINE void prefetch_row(const T* row, int bytes) {
  for (std::int64_t offset = 0; offset < bytes; offset += kLineBytes) {
    CHEAPFAST_PREFETCH(reinterpret_cast<const char*>(row) + offset);
  }
}

// `count` registers of W reals from column `first` on, of the rows begin ... end - 1 of the result; is_some: the last
// of them holds the columns that are left.
template <class S, class T, bool is_complex, class I, int W, int count, bool is_some = false>
void gather_rows(const SpmmTask& task, std::int64_t first) {
  typedef Reals<T, W> L;
  typedef Last<T, W, is_some> End;
  typedef Weight<T, W, is_complex> Scale;
  constexpr int kEnd = (count - 1) * W;
  const std::int64_t rest = task.columns - first - kEnd;
  const I* const starts = static_cast<const I*>(task.matrix.starts);
  const I* const indices = static_cast<const I*>(task.matrix.indices);
  const S* const weights = static_cast<const S*>(task.weights);
  const std::int64_t* const order = task.order;
  const T* const bias = static_cast<const T*>(task.bias);
  const T* const in = static_cast<const T*>(task.in) + first;
  const std::int64_t in_stride = task.in_stride;
  T* out = static_cast<T*>(task.out) + first + (task.begin - task.first) * task.out_stride;
  const std::int64_t last = static_cast<std::int64_t>(starts[task.matrix.rows]) - 1;
  const bool prefetch = task.prefetch, conjugate = task.conjugate;
  for (std::int64_t r = task.begin; r < task.end; ++r, out += task.out_stride) {
    const std::int64_t row = order == nullptr ? r : order[r];
    const std::int64_t begin = starts[row], end = starts[row + 1];
    if (prefetch) {
      for (std::int64_t p = begin + kAhead; p < end + kAhead && p <= last; ++p) {
        prefetch_row(in + indices[p] * in_stride, W * count * static_cast<int>(sizeof(T)));
      }
    }
    typename L::V sum[count];
    for (int i = 0; i < count; ++i) sum[i] = L::splat(T(0));
    for (std::int64_t p = begin; p < end; ++p) {
      const Scale weight = Scale::at(weights, p, conjugate);
      const T* const x = in + indices[p] * in_stride;
      for (int i = 0; i < count - 1; ++i) sum[i] = sum[i] + Scale::times(weight, L::load(x + i * W));
      sum[count - 1] = sum[count - 1] + Scale::times(weight, End::load(x + kEnd, rest));
    }
    if (bias != nullptr) {
      const T* const b = bias + r * task.bias_parts;
      const typename L::V pair = L::alternate(b[0], b[task.bias_parts - 1]);
      for (int i = 0; i < count; ++i) sum[i] = sum[i] + pair;
    }
    for (int i = 0; i < count - 1; ++i) L::store(out + i * W, sum[i]);
    End::store(out + kEnd, sum[count - 1], rest);
  }
}

// A function that starts on a cache line, wherever the code around it ends.
#if defined(__GNUC__) || defined(__clang__)
#define CHEAPFAST_ON_A_LINE __attribute__((noinline, aligned(64)))
#else
#define CHEAPFAST_ON_A_LINE CHEAPFAST_NOINLINE
#endif

// The same for one real vector without gaps, neither reordered nor with a bias: on rows of a few nonzeros, every
// instruction counts. So does where they are: with the inner loop across two cache lines, a processor that would learn
// by heart where ten thousand rows end does not learn it of one thousand, and takes up to three times as long.
template <class S, class T, class I>
CHEAPFAST_ON_A_LINE void dot_rows(const SpmmTask& task) {
  const I* const starts = static_cast<const I*>(task.matrix.starts);
  const I* const indices = static_cast<const I*>(task.matrix.indices);
  const S* const weights = static_cast<const S*>(task.weights);
  const T* const x = static_cast<const T*>(task.in);
  T* const out = static_cast<T*>(task.out);
  const std::int64_t rows = task.end;
  const auto term = [=](std::int64_t p) { return static_cast<T>(weights[p]) * x[indices[p]]; };
  std::int64_t p = starts[task.begin];
  for (std::int64_t r = task.begin; r < rows; ++r) {
    const std::int64_t end = starts[r + 1];
    T sum = 0;
    for (; p < end; ++p) sum = sum + term(p);
    out[r - task.first] = sum;
  }
}

// Whether dot_rows will do.
CHEAPFAST_INLINE bool is_plain_vector(const SpmmTask& task) {
  return task.columns == 1 && task.in_stride == 1 && task.out_stride == 1 && task.order == nullptr &&
         task.bias == nullptr && !task.prefetch;
}

// The same of the transpose: rows begin ... end - 1 of the matrix meet rows of the operand, and are added to those of
// the result that they name.
template <class S, class T, bool is_complex, class I, int W, int count, bool is_some = false>
void scatter_rows(const SpmmTask& task, std::int64_t first) {
  typedef Reals<T, W> L;
  typedef Last<T, W, is_some> End;
  typedef Weight<T, W, is_complex> Scale;
  constexpr int kEnd = (count - 1) * W;
  const std::int64_t rest = task.columns - first - kEnd;
  const I* const starts = static_cast<const I*>(task.matrix.starts);
  const I* const indices = static_cast<const I*>(task.matrix.indices);
  const S* const weights = static_cast<const S*>(task.weights);
  const std::int64_t* const order = task.order;
  T* const out = static_cast<T*>(task.out) + first;
  const std::int64_t last = static_cast<std::int64_t>(starts[task.matrix.rows]) - 1;
  for (std::int64_t r = task.begin; r < task.end; ++r) {
    const T* const in = static_cast<const T*>(task.in) + first + (order == nullptr ? r : order[r]) * task.in_stride;
    const std::int64_t begin = starts[r], end = starts[r + 1];
    if (task.prefetch) {
      for (std::int64_t p = begin + kAhead; p < end + kAhead && p <= last; ++p) {
        prefetch_row(out + indices[p] * task.out_stride, W * count * static_cast<int>(sizeof(T)));
      }
    }
    typename L::V x[count];
    for (int i = 0; i < count - 1; ++i) x[i] = L::load(in + i * W);
    x[count - 1] = End::load(in + kEnd, rest);
    for (std::int64_t p = begin; p < end; ++p) {
      const Scale weight = Scale::at(weights, p, task.conjugate);
      T* const y = out + indices[p] * task.out_stride;
      for (int i = 0; i < count - 1; ++i) {
        L::store(y + i * W, L::load(y + i * W) + Scale::times(weight, x[i]));
      }
      End::store(y + kEnd, End::load(y + kEnd, rest) + Scale::times(weight, x[count - 1]), rest);
    }
  }
}

// Columns from `first` on, as long as there are so many registers of W reals of them.
template <class S, class T, bool is_complex, class I, bool scatter, int W, int count>
CHEAPFAST_INLINE std::int64_t chunks(const SpmmTask& task, std::int64_t first) {
  for (; task.columns - first >= W * count; first += W * count) {
    if constexpr (scatter) {
      scatter_rows<S, T, is_complex, I, W, count>(task, first);
    } else if constexpr (W == 1) {
      is_plain_vector(task) ? dot_rows<S, T, I>(task) : gather_rows<S, T, is_complex, I, 1, 1>(task, first);
    } else {
      gather_rows<S, T, is_complex, I, W, count>(task, first);
    }
  }
  return first;
}

// What is left: narrower and narrower, but a complex number is never cut in two.
template <class S, class T, bool is_complex, class I, bool scatter, int W>
CHEAPFAST_INLINE void narrow_chunks(const SpmmTask& task, std::int64_t first) {
  first = chunks<S, T, is_complex, I, scatter, W, 1>(task, first);
  if constexpr (W / 2 >= (is_complex ? 2 : 1)) narrow_chunks<S, T, is_complex, I, scatter, W / 2>(task, first);
}

#if defined(CHEAPFAST_MASKS)
// What is left, fewer than two registers: all in one pass over the matrix. A single real column needs no register. Rows
// that are added to are loaded soon after they were stored, for which some lanes wait: there, only the rest of one.
template <class S, class T, bool is_complex, class I, bool scatter, int W>
CHEAPFAST_INLINE std::int64_t all_that_is_left(const SpmmTask& task, std::int64_t first) {
  if constexpr (scatter) first = chunks<S, T, is_complex, I, scatter, W, 1>(task, first);
  const std::int64_t left = task.columns - first;
  if (left <= (is_complex ? 0 : 1) || left == W) return first;
  if constexpr (scatter) {
    scatter_rows<S, T, is_complex, I, W, 1, true>(task, first);
  } else if (left < W) {
    gather_rows<S, T, is_complex, I, W, 1, true>(task, first);
  } else {
    gather_rows<S, T, is_complex, I, W, 2, true>(task, first);
  }
  return task.columns;
}
#endif

template <class S, class T, bool is_complex, class I, bool scatter>
void multiply(const SpmmTask& task) {
  constexpr int W = is_complex && kLanes<T> < 2 ? 2 : kLanes<T>;
  std::int64_t first = chunks<S, T, is_complex, I, scatter, W, 8>(task, 0);
  first = chunks<S, T, is_complex, I, scatter, W, 4>(task, first);
  first = chunks<S, T, is_complex, I, scatter, W, 2>(task, first);
#if defined(CHEAPFAST_MASKS)
  first = all_that_is_left<S, T, is_complex, I, scatter, W>(task, first);
#endif
  narrow_chunks<S, T, is_complex, I, scatter, W>(task, first);
}

template <class S, class T, bool is_complex>
void fill_kind(SpmmTable& table, SpmmKind kind) {
  const int k = static_cast<int>(kind);
  table.spmm[k][0][0] = multiply<S, T, is_complex, std::int32_t, false>;
  table.spmm[k][0][1] = multiply<S, T, is_complex, std::int64_t, false>;
  table.spmm[k][1][0] = multiply<S, T, is_complex, std::int32_t, true>;
  table.spmm[k][1][1] = multiply<S, T, is_complex, std::int64_t, true>;
}

}  // namespace

void fill_spmm(SpmmTable& table) {
  fill_kind<float, float, false>(table, SpmmKind::float32_float32);
  fill_kind<float, double, false>(table, SpmmKind::float32_float64);
  fill_kind<double, double, false>(table, SpmmKind::float64_float64);
  fill_kind<float, float, true>(table, SpmmKind::complex64_complex64);
  fill_kind<float, double, true>(table, SpmmKind::complex64_complex128);
  fill_kind<double, double, true>(table, SpmmKind::complex128_complex128);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
