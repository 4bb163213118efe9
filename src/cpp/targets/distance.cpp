// How far a matrix is from blocks of rank one: differences and their squares, in double precision whatever the matrix.
#include "targets/tables/distance.hpp"

#include <cstdint>

#include "targets/simd_real.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

template <class T, int W>
CHEAPFAST_INLINE Vector<double, W> load_doubles(const T* p) {
  if constexpr (sizeof(T) == sizeof(double)) {
    return load_lanes<T, W>(p);
  } else if constexpr (W == 1) {
    return static_cast<double>(*p);
  } else {
    return __builtin_convertvector(load_lanes<T, W>(p), Vector<double, W>);
  }
}

template <int W>
CHEAPFAST_INLINE double sum_lanes(Vector<double, W> v) {
  double lane[W], sum = 0;
  store_lanes<double, W>(lane, v);
  for (int i = 0; i < W; ++i) sum += lane[i];
  return sum;
}

// One row of the matrix and of its factors.
template <class T, int kTerms, bool kSame>
struct Row {
  const T* values;
  const double* left[kTerms];
  const double* right[kTerms];

  // the squares of what is left of the numbers j ... j + W - 1, the factors of which start at `from`
  template <int W>
  Vector<double, W> squares(std::int64_t j, std::int64_t from) const {
    Vector<double, W> rest = load_doubles<T, W>(values + j);
    for (int t = 0; t < kTerms; ++t) {
      const Vector<double, W> factor = load_lanes<double, W>(right[t] + j);
      if constexpr (kSame) {
        rest -= factor * left[t][from];
      } else {
        rest -= factor * load_lanes<double, W>(left[t] + from);
      }
    }
    return rest * rest;
  }

  double squares_of(const DistanceTask& task) const {
    constexpr int W = kLanes<double>;
    Vector<double, W> wide{};
    double narrow = 0;
    for (std::int64_t run = 0; run < task.runs; ++run) {
      const std::int64_t begin = run * task.run_length, from = task.starts[run];
      std::int64_t j = 0;
      for (; j + W <= task.run_length; j += W) wide += squares<W>(begin + j, kSame ? from : from + j);
      for (; j < task.run_length; ++j) narrow += squares<1>(begin + j, kSame ? from : from + j);
    }
    return narrow + sum_lanes<W>(wide);
  }
};

template <class T, int kTerms, bool kSame>
double distance(const DistanceTask& task) {
  double sum = 0;
  for (std::int64_t r = task.begin; r < task.end; ++r) {
    Row<T, kTerms, kSame> row;
    row.values = static_cast<const T*>(task.values) + task.rows[r] * task.width;
    for (int t = 0; t < kTerms; ++t) {
      row.left[t] = task.left[t] + r * task.left_width;
      row.right[t] = task.right[t] + r / task.p * task.width;
    }
    sum += row.squares_of(task);
  }
  return sum;
}

template <class T>
double squares(const void* data, std::int64_t size) {
  constexpr int W = kLanes<double>;
  const T* const values = static_cast<const T*>(data);
  Vector<double, W> even{}, odd{};
  std::int64_t k = 0;
  for (; k + 2 * W <= size; k += 2 * W) {
    const Vector<double, W> x = load_doubles<T, W>(values + k), y = load_doubles<T, W>(values + k + W);
    even += x * x;
    odd += y * y;
  }
  double sum = sum_lanes<W>(even + odd);
  for (; k < size; ++k) sum += load_doubles<T, 1>(values + k) * load_doubles<T, 1>(values + k);
  return sum;
}

template <class T>
void fill(double (*kernels[2][2])(const DistanceTask&)) {
  kernels[0][0] = distance<T, 1, false>;
  kernels[0][1] = distance<T, 1, true>;
  kernels[1][0] = distance<T, 2, false>;
  kernels[1][1] = distance<T, 2, true>;
}

}  // namespace

void fill_distance(DistanceTable& table) {
  fill<float>(table.distance[0]);
  fill<double>(table.distance[1]);
  table.squares[0] = squares<float>;
  table.squares[1] = squares<double>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
