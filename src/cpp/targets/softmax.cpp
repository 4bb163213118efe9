// Softmax: exponentials of what is left of each number when the largest is taken off, divided by their sum.
#include "targets/tables/softmax.hpp"

#include <math.h>

#include <cstdint>
#include <cstring>

#include "targets/masks.hpp"
#include "targets/sigmas.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

constexpr int kSide = 4;  // registers at a time, which need not wait for each other
// Rows that are summed on their own, or the last of them would be added to a sum of hundreds.
constexpr std::int64_t kGroup = 32;

// NaN is larger than everything.
template <class T>
CHEAPFAST_INLINE Wide<T> larger(Wide<T> value, Wide<T> most) {
  return value > most ? value : (value == value ? most : value);
}

template <class T>
CHEAPFAST_INLINE Wide<T> exp_of(Wide<T> value) {
  return Exponential<T>::anywhere(value, 1);
}

// Registers of columns, all of them full or a single one with some columns.
template <class T, bool kFull>
struct Registers {
  static constexpr int W = WideOf<T>::kLanes;
  std::int64_t count;
  CHEAPFAST_MEMBER Wide<T> load(const T* row, int r) const {
    if constexpr (kFull) return load_vector(row + r * W);
    return load_first(row, count);
  }
  CHEAPFAST_MEMBER void store(T* row, int r, Wide<T> value) const {
    if constexpr (kFull) return store_vector(row + r * W, value);
    store_first(row, value, count);
  }
};

template <class T, int R, bool kFull>
CHEAPFAST_INLINE void columns_of(const T* x, T* y, std::int64_t features, std::int64_t step, std::int64_t count) {
  const Registers<T, kFull> columns{count};
  Wide<T> most[R], sum[R];
  CHEAPFAST_UNROLL
  for (int r = 0; r < R; ++r) most[r] = columns.load(x, r), sum[r] = wide<T>(T{0});
  for (std::int64_t f = 1; f < features; ++f) {
    CHEAPFAST_UNROLL
    for (int r = 0; r < R; ++r) most[r] = larger<T>(columns.load(x + f * step, r), most[r]);
  }
  for (std::int64_t first = 0; first < features; first += kGroup) {
    Wide<T> part[R];
    CHEAPFAST_UNROLL
    for (int r = 0; r < R; ++r) part[r] = wide<T>(T{0});
    for (std::int64_t f = first; f < features && f < first + kGroup; ++f) {
      CHEAPFAST_UNROLL
      for (int r = 0; r < R; ++r) {
        const Wide<T> weight = exp_of<T>(columns.load(x + f * step, r) - most[r]);
        part[r] = part[r] + weight;
        columns.store(y + f * step, r, weight);
      }
    }
    CHEAPFAST_UNROLL
    for (int r = 0; r < R; ++r) sum[r] = sum[r] + part[r];
  }
  CHEAPFAST_UNROLL
  for (int r = 0; r < R; ++r) sum[r] = 1 / sum[r];
  for (std::int64_t f = 0; f < features; ++f) {
    CHEAPFAST_UNROLL
    for (int r = 0; r < R; ++r) columns.store(y + f * step, r, columns.load(y + f * step, r) * sum[r]);
  }
}

template <class T>
void softmax_columns(const void* source, void* destination, std::int64_t features, std::int64_t step,
                     std::int64_t columns) {
  constexpr int W = WideOf<T>::kLanes;
  const T* const x = static_cast<const T*>(source);
  T* const y = static_cast<T*>(destination);
  std::int64_t c = 0;
  for (; c + kSide * W <= columns; c += kSide * W) columns_of<T, kSide, true>(x + c, y + c, features, step, 0);
  for (; c + W <= columns; c += W) columns_of<T, 1, true>(x + c, y + c, features, step, 0);
  if (c < columns) columns_of<T, 1, false>(x + c, y + c, features, step, columns - c);
}

// What is left of a vector behind its last full register, filled up with numbers whose exponential is 0.
template <class T>
CHEAPFAST_INLINE Wide<T> load_rest(const T* x, std::int64_t count) {
  constexpr int W = WideOf<T>::kLanes;
  T rest[W];
  for (int i = 0; i < W; ++i) rest[i] = static_cast<T>(-INFINITY);
  std::memcpy(rest, x, static_cast<std::size_t>(count) * sizeof(T));
  return load_vector(rest);
}

// In every lane: all lanes of v, or those of some registers, folded two by two.
template <class T, int H, class Fold>
CHEAPFAST_INLINE Wide<T> fold_lanes(Wide<T> v, const Fold& fold) {
  if constexpr (H == 0) {
    return v;
  } else {
    const Wide<T> swapped = swap_lanes<H>(v, typename CountTo<WideOf<T>::kLanes>::type());
    return fold_lanes<T, H / 2>(fold(swapped, v), fold);
  }
}
template <class T, class Fold>
CHEAPFAST_INLINE Wide<T> fold_registers(Wide<T> (&part)[kSide], const Fold& fold) {
  CHEAPFAST_UNROLL
  for (int half = kSide / 2; half > 0; half /= 2) {
    CHEAPFAST_UNROLL
    for (int r = 0; r < half; ++r) part[r] = fold(part[r + half], part[r]);
  }
  return fold_lanes<T, WideOf<T>::kLanes / 2>(part[0], fold);
}

template <class T>
void softmax_vector(const void* source, void* destination, std::int64_t features) {
  constexpr int W = WideOf<T>::kLanes;
  const T* const x = static_cast<const T*>(source);
  T* const y = static_cast<T*>(destination);
  const std::int64_t full = features / W * W;
  const auto take_larger = [](Wide<T> value, Wide<T> known) { return larger<T>(value, known); };
  const auto add = [](Wide<T> value, Wide<T> known) { return known + value; };
  Wide<T> part[kSide];
  CHEAPFAST_UNROLL
  for (int r = 0; r < kSide; ++r) part[r] = wide<T>(static_cast<T>(-INFINITY));
  std::int64_t f = 0;
  for (; f + kSide * W <= full; f += kSide * W) {
    CHEAPFAST_UNROLL
    for (int r = 0; r < kSide; ++r) part[r] = larger<T>(load_vector(x + f + r * W), part[r]);
  }
  for (; f < full; f += W) part[0] = larger<T>(load_vector(x + f), part[0]);
  if (f < features) part[0] = larger<T>(load_rest(x + f, features - f), part[0]);
  const Wide<T> most = fold_registers<T>(part, take_larger);
  CHEAPFAST_UNROLL
  for (int r = 0; r < kSide; ++r) part[r] = wide<T>(T{0});
  const auto take = [&](Wide<T> number, int r) {
    const Wide<T> weight = exp_of<T>(number - most);
    part[r] = part[r] + weight;
    return weight;
  };
  for (f = 0; f + kSide * W <= full; f += kSide * W) {
    CHEAPFAST_UNROLL
    for (int r = 0; r < kSide; ++r) store_vector(y + f + r * W, take(load_vector(x + f + r * W), r));
  }
  for (; f < full; f += W) store_vector(y + f, take(load_vector(x + f), 0));
  if (f < features) store_first(y + f, take(load_rest(x + f, features - f), 0), features - f);
  const Wide<T> share = 1 / fold_registers<T>(part, add);
  for (f = 0; f < full; f += W) store_vector(y + f, load_vector(y + f) * share);
  if (f < features) store_first(y + f, load_first(y + f, features - f) * share, features - f);
}

template <class T>
void fill(SoftmaxTable& table, int type) {
  table.softmax_columns[type] = softmax_columns<T>;
  table.softmax_vector[type] = softmax_vector<T>;
}

}  // namespace

void fill_softmax(SoftmaxTable& table) {
  fill<float>(table, 0);
  fill<double>(table, 1);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
