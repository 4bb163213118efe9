#include "kernels/over_features.hpp"

#include <algorithm>

#include "core/pool.hpp"
#include "kernels/activation.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kTurnNumbers = std::int64_t{1} << 13;  // that one turn at the queue is worth, and a near cache
constexpr std::int64_t kColumns = 64;                         // that go through together

// NaN is larger than everything.
template <class T>
T larger(T value, T most) {
  return value > most || value != value ? value : most;
}

template <class T>
void maxpool_of_rows(const T* x, T* y, std::int64_t window, std::int64_t columns) {
  std::copy_n(x, columns, y);
  for (std::int64_t w = 1; w < window; ++w) {
    for (std::int64_t c = 0; c < columns; ++c) y[c] = larger(x[w * columns + c], y[c]);
  }
}

template <class T>
void maxpool_of_runs(const T* x, T* y, std::int64_t window, std::int64_t runs) {
  for (std::int64_t i = 0; i < runs; ++i) {
    T most = x[i * window];
    for (std::int64_t w = 1; w < window; ++w) most = larger(x[i * window + w], most);
    y[i] = most;
  }
}

// Some of `count` pieces of so many numbers at a turn: item(first, how many).
template <class Item>
void in_turns(std::int64_t count, std::int64_t numbers, int threads, Monitor& monitor, const Item& item) {
  const std::int64_t each = std::clamp<std::int64_t>(kTurnNumbers / std::max<std::int64_t>(numbers, 1), 1, count);
  parallel_for((count + each - 1) / each, activation_is_serial(count * numbers) ? 1 : threads, monitor,
               [&](int, std::int64_t turn) { item(turn * each, std::min(each, count - turn * each)); });
}

template <class T>
void softmax(const T* x, T* y, const Features& features, int threads, Monitor& monitor) {
  constexpr int type = sizeof(T) == sizeof(float) ? 0 : 1;
  const KernelTable& table = kernels();
  record_run(type == 0 ? "softmax.float32" : "softmax.float64", table);
  const std::int64_t count = features.count, vectors = features.vectors;
  if (count == 0 || vectors == 0) return;
  if (features.side_by_side && vectors > 1) {
    const std::int64_t chunks = (vectors + kColumns - 1) / kColumns;
    return in_turns(chunks, count * std::min(kColumns, vectors), threads, monitor,
                    [&](std::int64_t first, std::int64_t some) {
                      const std::int64_t begin = first * kColumns, end = std::min(vectors, begin + some * kColumns);
                      table.softmax_columns[type](x + begin, y + begin, count, vectors, end - begin);
                    });
  }
  in_turns(vectors, count, threads, monitor, [&](std::int64_t first, std::int64_t some) {
    for (std::int64_t v = first; v < first + some; ++v) table.softmax_vector[type](x + v * count, y + v * count, count);
  });
}

template <class T>
void maxpool(const T* x, T* y, const Features& features, std::int64_t window, int threads, Monitor& monitor) {
  const std::int64_t count = features.count, vectors = features.vectors;
  if (count == 0 || vectors == 0) return;
  if (features.side_by_side && vectors > 1) {
    return in_turns(count, window * vectors, threads, monitor, [&](std::int64_t first, std::int64_t some) {
      for (std::int64_t f = first; f < first + some; ++f) {
        maxpool_of_rows(x + f * window * vectors, y + f * vectors, window, vectors);
      }
    });
  }
  in_turns(count * vectors, window, threads, monitor, [&](std::int64_t first, std::int64_t some) {
    maxpool_of_runs(x + first * window, y + first, window, some);
  });
}

}  // namespace

void apply_softmax(bool single, const void* x, void* y, const Features& features, int threads, Monitor& monitor) {
  if (single) return softmax(static_cast<const float*>(x), static_cast<float*>(y), features, threads, monitor);
  softmax(static_cast<const double*>(x), static_cast<double*>(y), features, threads, monitor);
}

void apply_maxpool(bool single, const void* x, void* y, const Features& features, std::int64_t window, int threads,
                   Monitor& monitor) {
  if (single) return maxpool(static_cast<const float*>(x), static_cast<float*>(y), features, window, threads, monitor);
  maxpool(static_cast<const double*>(x), static_cast<double*>(y), features, window, threads, monitor);
}

}  // namespace cheapfast
