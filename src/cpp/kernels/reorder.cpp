#include "kernels/reorder.hpp"

#include <algorithm>

#include "core/pool.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kParallelNumbers = std::int64_t{1} << 17;
constexpr std::int64_t kTurnNumbers = std::int64_t{1} << 14;  // that one turn at the queue is worth

// std::complex would look for infinities in each product.
template <class T>
struct Pair {
  T re, im;
};
template <class T>
Pair<T> operator*(Pair<T> a, Pair<T> b) {
  return {a.re * b.re - a.im * b.im, a.im * b.re + a.re * b.im};
}
template <class T>
Pair<T> operator+(Pair<T> a, Pair<T> b) {
  return {a.re + b.re, a.im + b.im};
}

struct Box {
  std::int64_t begin, end;   // features
  std::int64_t first, last;  // vectors
};

// One vector without gaps.
template <class N, bool moves, bool scales, bool shifts>
void map_vector(const Reordering& r, const N* x, N* y, std::int64_t begin, std::int64_t end) {
  const N* const scale = static_cast<const N*>(r.scale);
  const N* const bias = static_cast<const N*>(r.bias);
  for (std::int64_t f = begin; f < end; ++f) {
    N value = x[moves ? r.order[f] : f];
    if constexpr (scales) value = scale[f] * value;
    if constexpr (shifts) value = value + bias[f];
    y[f] = value;
  }
}

// One feature of many vectors: `step` is the distance of vectors, 1 where they lie side by side.
template <class N, bool scales, bool shifts>
void map_row(const N* x, std::int64_t x_step, N* y, std::int64_t y_step, std::int64_t count, N scale, N bias) {
  for (std::int64_t v = 0; v < count; ++v) {
    N value = x[v * x_step];
    if constexpr (scales) value = scale * value;
    if constexpr (shifts) value = value + bias;
    y[v * y_step] = value;
  }
}

template <class N, bool scales, bool shifts>
void map_features(const Reordering& r, const ReorderSide& from, const ReorderSide& to, const Box& box) {
  const std::int64_t count = box.last - box.first;
  const N* const x = static_cast<const N*>(from.memory) + box.first * from.vector_step;
  N* const y = static_cast<N*>(to.memory) + box.first * to.vector_step;
  if (count == 1 && from.feature_step == 1 && to.feature_step == 1) {
    return r.order == nullptr ? map_vector<N, false, scales, shifts>(r, x, y, box.begin, box.end)
                              : map_vector<N, true, scales, shifts>(r, x, y, box.begin, box.end);
  }
  const N* const scale = static_cast<const N*>(r.scale);
  const N* const bias = static_cast<const N*>(r.bias);
  for (std::int64_t f = box.begin; f < box.end; ++f) {
    const std::int64_t source = r.order == nullptr ? f : r.order[f];
    const N factor = scales ? scale[f] : N{}, offset = shifts ? bias[f] : N{};
    const N* const in = x + source * from.feature_step;
    N* const out = y + f * to.feature_step;
    if (from.vector_step == 1 && to.vector_step == 1) {  // said apart, so that the compiler sees whole registers
      map_row<N, scales, shifts>(in, 1, out, 1, count, factor, offset);
    } else {
      map_row<N, scales, shifts>(in, from.vector_step, out, to.vector_step, count, factor, offset);
    }
  }
}

template <class N>
void map_box(const Reordering& r, const ReorderSide& from, const ReorderSide& to, const Box& box) {
  if (r.scale != nullptr) {
    r.bias != nullptr ? map_features<N, true, true>(r, from, to, box) : map_features<N, true, false>(r, from, to, box);
  } else {
    r.bias != nullptr ? map_features<N, false, true>(r, from, to, box)
                      : map_features<N, false, false>(r, from, to, box);
  }
}

void map_typed(const Reordering& r, ValueType type, const ReorderSide& from, const ReorderSide& to, const Box& box) {
  switch (type) {
    case ValueType::float32:
      return map_box<float>(r, from, to, box);
    case ValueType::float64:
      return map_box<double>(r, from, to, box);
    case ValueType::complex64:
      return map_box<Pair<float>>(r, from, to, box);
    default:
      return map_box<Pair<double>>(r, from, to, box);
  }
}

}  // namespace

bool reorder_is_serial(std::int64_t features, std::int64_t vectors) { return features * vectors < kParallelNumbers; }

void apply_reordering(const Reordering& reordering, ValueType type, const ReorderSide& x, const ReorderSide& y,
                      std::int64_t vectors, int threads, Monitor& monitor) {
  const std::int64_t features = reordering.features;
  if (features == 0 || vectors == 0) return;
  // Vectors that lie side by side go together; others one after the other, or their features would be far apart.
  const std::int64_t together = x.vector_step == 1 && y.vector_step == 1 ? vectors : 1;
  const std::int64_t at_once = std::clamp<std::int64_t>(kTurnNumbers / together, 1, features);
  const std::int64_t parts = (features + at_once - 1) / at_once;
  const int workers = reorder_is_serial(features, vectors) ? 1 : threads;
  parallel_for(parts * (vectors / together), workers, monitor, [&](int, std::int64_t turn) {
    const std::int64_t begin = turn % parts * at_once, first = turn / parts * together;
    map_typed(reordering, type, x, y, {begin, std::min(begin + at_once, features), first, first + together});
  });
}

}  // namespace cheapfast
