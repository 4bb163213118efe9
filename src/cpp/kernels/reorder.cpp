#include "kernels/reorder.hpp"

#include <algorithm>
#include <complex>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kParallelNumbers = std::int64_t{1} << 17;
constexpr std::int64_t kTurnNumbers = std::int64_t{1} << 14;  // that one turn at the queue is worth

struct Box {
  std::int64_t begin, end;   // features
  std::int64_t first, last;  // vectors
};

ScaleRows<float> scale_kernel(const KernelTable& table, const float*) { return table.scale_float32; }
ScaleRows<double> scale_kernel(const KernelTable& table, const double*) { return table.scale_float64; }
ScaleRows<float> scale_kernel(const KernelTable& table, const std::complex<float>*) { return table.scale_complex64; }
ScaleRows<double> scale_kernel(const KernelTable& table, const std::complex<double>*) { return table.scale_complex128; }

// The numbers N of a reordering, which the kernels take as scalars T.
template <class N, class T>
class Mover {
 public:
  Mover(const Reordering& r, ScaleRows<T> scale_rows) : r_(r), scale_rows_(scale_rows) {}

  void map(const ReorderSide& from, const ReorderSide& to, const Box& box) const {
    const N* const x = static_cast<const N*>(from.memory);
    N* const y = static_cast<N*>(to.memory);
    const std::int64_t count = box.last - box.first;
    if (is_beside(from) && is_beside(to) && !(count == 1 && from.feature_step == 1 && to.feature_step == 1)) {
      return map_rows(x + box.first, from.feature_step, y + box.first, to.feature_step, box, count);
    }
    for (std::int64_t v = box.first; v < box.last; ++v) {
      map_vector(x + v * from.vector_step, y + v * to.vector_step, box.begin, box.end);
    }
  }

 private:
  static bool is_beside(const ReorderSide& side) { return side.vector_step == 1; }

  // Features of `count` vectors that lie side by side.
  void map_rows(const N* x, std::int64_t x_step, N* y, std::int64_t y_step, const Box& box, std::int64_t count) const {
    if (r_.order == nullptr && x_step == count && y_step == count) {
      return scale(x + box.begin * count, y + box.begin * count, box.begin, box.end - box.begin, count);
    }
    for (std::int64_t f = box.begin; f < box.end; ++f) {
      scale(x + (r_.order == nullptr ? f : r_.order[f]) * x_step, y + f * y_step, f, 1, count);
    }
  }

  // Features of a vector, which lie side by side.
  void map_vector(const N* x, N* y, std::int64_t begin, std::int64_t end) const {
    if (r_.order == nullptr) return scale(x + begin, y + begin, begin, end - begin, 1);
    for (std::int64_t f = begin; f < end; ++f) y[f] = x[r_.order[f]];
    if (r_.scale != nullptr || r_.bias != nullptr) scale(y + begin, y + begin, begin, end - begin, 1);
  }

  void scale(const N* x, N* y, std::int64_t feature, std::int64_t rows, std::int64_t columns) const {
    const N* const factors = static_cast<const N*>(r_.scale);
    const N* const offsets = static_cast<const N*>(r_.bias);
    scale_rows_(reinterpret_cast<const T*>(x), reinterpret_cast<T*>(y),
                reinterpret_cast<const T*>(factors == nullptr ? nullptr : factors + feature),
                reinterpret_cast<const T*>(offsets == nullptr ? nullptr : offsets + feature), rows, columns);
  }

  const Reordering& r_;
  ScaleRows<T> scale_rows_;
};

template <class N, class T>
void map_box(const Reordering& r, const ReorderSide& from, const ReorderSide& to, const Box& box) {
  Mover<N, T>(r, scale_kernel(kernels(), static_cast<const N*>(nullptr))).map(from, to, box);
}

void map_typed(const Reordering& r, ValueType type, const ReorderSide& from, const ReorderSide& to, const Box& box) {
  switch (type) {
    case ValueType::float32:
      return map_box<float, float>(r, from, to, box);
    case ValueType::float64:
      return map_box<double, double>(r, from, to, box);
    case ValueType::complex64:
      return map_box<std::complex<float>, float>(r, from, to, box);
    default:
      return map_box<std::complex<double>, double>(r, from, to, box);
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

void scale_numbers(const Reordering& reordering, ValueType type, const ReorderSide& y, std::int64_t vectors,
                   std::int64_t begin, std::int64_t end) {
  const bool beside = y.vector_step == 1 && y.feature_step == vectors;
  const std::int64_t row = beside ? vectors : reordering.features;  // vectors of a feature, or features of a vector
  for (std::int64_t next; begin < end; begin = next) {
    const std::int64_t first = begin / row, from = begin % row;
    std::int64_t rows = 1, to = std::min(row, from + end - begin);
    if (beside && from == 0 && to == row) rows = (end - begin) / row;  // whole ones go together
    next = begin + (rows - 1) * row + to - from;
    const std::int64_t last = first + rows;
    map_typed(reordering, type, y, y, beside ? Box{first, last, from, to} : Box{from, to, first, last});
  }
}

}  // namespace cheapfast
