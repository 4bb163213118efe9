#include "kernels/over_features.hpp"

#include <algorithm>
#include <limits>

#include "core/pool.hpp"
#include "kernels/activation.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kTurnNumbers = std::int64_t{1} << 13;  // that one turn at the queue is worth, and a near cache
constexpr std::int64_t kColumns = 64;                         // that go through softmax together
constexpr std::int64_t kLeastColumns = 16;                    // a register of the widest target
constexpr std::int64_t kChunk = 2048;                         // columns of a maxpool whose result stays near
constexpr std::int64_t kRuns = 4;                             // at a time, whose maxima need not wait for each other

template <class T>
void maxpool_of_columns(const T* x, T* y, std::int64_t window, std::int64_t step, std::int64_t columns) {
  std::copy_n(x, columns, y);
  for (std::int64_t w = 1; w < window; ++w) {
    const T* const row = x + w * step;
    for (std::int64_t c = 0; c < columns; ++c) y[c] = row[c] > y[c] || row[c] != row[c] ? row[c] : y[c];
  }
}

// Without branches, which nobody could predict; a comparison with NaN is false, so it is looked for apart.
template <class T, std::int64_t R>
void maxpool_of_runs(const T* x, T* y, std::int64_t window) {
  T most[R];
  bool has_nan[R] = {};
  for (std::int64_t r = 0; r < R; ++r) most[r] = x[r * window];
  for (std::int64_t w = 0; w < window; ++w) {
    for (std::int64_t r = 0; r < R; ++r) {
      const T value = x[r * window + w];
      most[r] = value > most[r] ? value : most[r];
      has_nan[r] |= value != value;
    }
  }
  for (std::int64_t r = 0; r < R; ++r) y[r] = has_nan[r] ? std::numeric_limits<T>::quiet_NaN() : most[r];
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Some of `count` pieces of so many numbers at a turn: item(first, how many).
template <class Item>
void in_turns(std::int64_t count, std::int64_t numbers, int threads, Monitor& monitor, const Item& item) {
  const std::int64_t each = std::clamp<std::int64_t>(kTurnNumbers / std::max<std::int64_t>(numbers, 1), 1, count);
  parallel_for(ceil_div(count, each), activation_is_serial(count * numbers) ? 1 : threads, monitor,
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
    const std::int64_t share = ceil_div(vectors, std::max(threads, 1));  // columns do not depend on each other
    const std::int64_t width = std::clamp(ceil_div(share, kLeastColumns) * kLeastColumns, kLeastColumns, kColumns);
    return in_turns(ceil_div(vectors, width), count * std::min(width, vectors), threads, monitor,
                    [&](std::int64_t first, std::int64_t some) {
                      const std::int64_t begin = first * width, end = std::min(vectors, begin + some * width);
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
    const std::int64_t chunks = ceil_div(vectors, kChunk);
    return in_turns(count * chunks, window * std::min(kChunk, vectors), threads, monitor,
                    [&](std::int64_t first, std::int64_t some) {
                      for (std::int64_t i = first; i < first + some; ++i) {
                        const std::int64_t f = i / chunks, c = i % chunks * kChunk;
                        maxpool_of_columns(x + f * window * vectors + c, y + f * vectors + c, window, vectors,
                                           std::min(kChunk, vectors - c));
                      }
                    });
  }
  in_turns(count * vectors, window, threads, monitor, [&](std::int64_t first, std::int64_t some) {
    std::int64_t i = first;
    for (; i + kRuns <= first + some; i += kRuns) maxpool_of_runs<T, kRuns>(x + i * window, y + i, window);
    for (; i < first + some; ++i) maxpool_of_runs<T, 1>(x + i * window, y + i, window);
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
