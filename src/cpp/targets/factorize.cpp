// Fits of dense blocks by rank one: block ~ u v, u a unit column, v a row (not conjugated).
//
// A block is gathered into scratch, real and imaginary parts apart, its rows padded with zeros to whole registers.
// From the largest row as the first v: u = block v^H, normalised, and v = u^H block, until the residual
// ||block||^2 - ||v||^2 cannot be made smaller. A block of rank one takes one step. O(rows columns) a step.
#include "targets/tables/factorize.hpp"

#include <math.h>

#include <cstdint>
#include <cstring>

#include "targets/lanes.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

template <class T>
CHEAPFAST_INLINE T sum_of_lanes(Wide<T> vector) {
  T lane[WideOf<T>::kLanes];
  std::memcpy(lane, &vector, sizeof vector);
  T sum = 0;
  for (int i = 0; i < WideOf<T>::kLanes; ++i) sum += lane[i];
  return sum;
}

// Parts of a matrix, of a column or of a row. `im` is not there for reals.
template <class T>
struct Parts {
  T* re;
  T* im;
};

template <class T, bool kComplex>
struct Block {
  typedef Wide<T> V;
  static constexpr int kLanes = WideOf<T>::kLanes;
  std::int64_t rows, width;  // width: columns in whole registers
  Parts<T> at;
  double* row_norms;
  Parts<T> u, v;

  // Squared norms of the rows; returns the largest row.
  std::int64_t measure(double& norm2) const {
    std::int64_t largest = 0;
    norm2 = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      V sum{};
      for (std::int64_t j = i * width; j < (i + 1) * width; j += kLanes) {
        const V re = load_vector(at.re + j);
        sum += re * re;
        if constexpr (kComplex) {
          const V im = load_vector(at.im + j);
          sum += im * im;
        }
      }
      row_norms[i] = static_cast<double>(sum_of_lanes<T>(sum));
      norm2 += row_norms[i];
      if (row_norms[i] > row_norms[largest]) largest = i;
    }
    return largest;
  }

  void start_from(std::int64_t row) const {
    std::memcpy(v.re, at.re + row * width, static_cast<std::size_t>(width) * sizeof(T));
    if constexpr (kComplex) std::memcpy(v.im, at.im + row * width, static_cast<std::size_t>(width) * sizeof(T));
  }

  // u = block v^H, of norm one
  void update_column() const {
    double norm2 = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      V re{}, re_more{}, im{}, im_more{};  // four chains of additions that do not wait for each other
      const T *b = at.re + i * width, *c = kComplex ? at.im + i * width : nullptr;
      for (std::int64_t j = 0; j < width; j += kLanes) {
        const V x = load_vector(b + j), p = load_vector(v.re + j);
        re += x * p;
        if constexpr (kComplex) {
          const V y = load_vector(c + j), q = load_vector(v.im + j);
          re_more += y * q;
          im += y * p;
          im_more -= x * q;
        }
      }
      const T a = sum_of_lanes<T>(re + re_more);
      u.re[i] = a;
      norm2 += static_cast<double>(a) * static_cast<double>(a);
      if constexpr (kComplex) {
        const T e = sum_of_lanes<T>(im + im_more);
        u.im[i] = e;
        norm2 += static_cast<double>(e) * static_cast<double>(e);
      }
    }
    const T scale = norm2 > 0 ? static_cast<T>(1 / ::sqrt(norm2)) : T(0);
    for (std::int64_t i = 0; i < rows; ++i) {
      u.re[i] *= scale;
      if constexpr (kComplex) u.im[i] *= scale;
    }
  }

  // v = u^H block; returns its squared norm
  double update_row() const {
    V norm2{};
    for (std::int64_t j = 0; j < width; j += kLanes) {
      V re{}, re_more{}, im{}, im_more{};
      for (std::int64_t i = 0; i < rows; ++i) {
        const V x = load_vector(at.re + i * width + j);
        re += u.re[i] * x;
        if constexpr (kComplex) {
          const V y = load_vector(at.im + i * width + j);
          re_more += u.im[i] * y;
          im += u.re[i] * y;
          im_more -= u.im[i] * x;
        }
      }
      re += re_more;
      store_vector(v.re + j, re);
      norm2 += re * re;
      if constexpr (kComplex) {
        im += im_more;
        store_vector(v.im + j, im);
        norm2 += im * im;
      }
    }
    return static_cast<double>(sum_of_lanes<T>(norm2));
  }

  // Returns the squared residual.
  double fit(int most_steps, double& norm2) const {
    // Below this share of the norm a residual is rounding, or already the least possible to that many digits.
    constexpr double kNegligible = sizeof(T) == 4 ? 2e-6 : 1e-8;
    constexpr double kProgress = 1e-3;
    start_from(measure(norm2));
    if (norm2 == 0) {
      // any unit column will do; v is zero
      for (std::int64_t i = 0; i < rows; ++i) {
        u.re[i] = i == 0 ? T(1) : T(0);
        if constexpr (kComplex) u.im[i] = 0;
      }
      return 0;
    }
    double kept = 0;
    for (int step = 0; step < most_steps; ++step) {
      update_column();
      const double before = kept;
      kept = update_row();
      const double rest = norm2 - kept;
      if (rest <= kNegligible * norm2 || (step > 0 && kept - before < kProgress * rest)) break;
    }
    return norm2 > kept ? norm2 - kept : 0;
  }
};

// Row i of the block row i2.
template <class T, bool kComplex>
CHEAPFAST_INLINE const T* row_of(const SplitTask& task, std::int64_t i) {
  const std::int64_t row = task.rows[task.i2 * task.p + i];
  const std::int64_t at = task.matrix * task.matrix_stride + row * task.row_stride;
  return static_cast<const T*>(task.values) + at * (kComplex ? 2 : 1);
}

template <class T, bool kComplex>
void gather(const SplitTask& task, T* planes, std::int64_t width) {
  constexpr int parts = kComplex ? 2 : 1;
  const std::int64_t groups = task.end - task.begin, plane = groups * task.p * width;
  for (std::int64_t i = 0; i < task.p; ++i) {
    const T* const source = row_of<T, kComplex>(task, i);
    for (std::int64_t t = 0; t < groups; ++t) {
      const std::int64_t* const column = task.columns + task.order[task.begin + t] * task.w;
      T* const re = planes + (t * task.p + i) * width;
      T* const im = re + plane;
      if (!kComplex && task.adjacent) {
        std::memcpy(re, source + column[0], static_cast<std::size_t>(task.w) * sizeof(T));
        continue;
      }
      const T* const first = source + (task.adjacent ? column[0] * parts : 0);
      for (std::int64_t j = 0; j < task.w; ++j) {
        const T* const number = task.adjacent ? first + j * parts : first + column[j] * parts;
        re[j] = number[0];
        if constexpr (kComplex) im[j] = number[1];
      }
    }
  }
}

template <class T, bool kComplex>
void store(const SplitTask& task, const Block<T, kComplex>& block, std::int64_t j1) {
  constexpr int parts = kComplex ? 2 : 1;
  const std::int64_t ia = task.matrix / task.d, id = task.matrix % task.d;
  T* const left =
      static_cast<T*>(task.left) + ((ia * task.m + task.i2) * task.d + id) * task.p * task.k * parts + j1 * parts;
  T* const right =
      static_cast<T*>(task.right) + (((ia * task.k + j1) * task.d + id) * task.m + task.i2) * task.w * parts;
  for (std::int64_t i = 0; i < task.p; ++i) {
    left[i * task.k * parts] = block.u.re[i];
    if constexpr (kComplex) left[i * task.k * parts + 1] = block.u.im[i];
  }
  for (std::int64_t j = 0; j < task.w; ++j) {
    right[j * parts] = block.v.re[j];
    if constexpr (kComplex) right[j * parts + 1] = block.v.im[j];
  }
}

// Scratch: room for the blocks, u, v and the norms of the rows, in this order; zeroed where rows are padded.
template <class T, bool kComplex>
void split(SplitTask& task) {
  constexpr int parts = kComplex ? 2 : 1;
  const std::int64_t lanes = WideOf<T>::kLanes, width = (task.w + lanes - 1) / lanes * lanes;
  const std::int64_t groups = task.end - task.begin, plane = groups * task.p * width;
  T* const planes = static_cast<T*>(task.scratch);
  if (width != task.w) std::memset(planes, 0, static_cast<std::size_t>(plane * parts) * sizeof(T));
  gather<T, kComplex>(task, planes, width);
  T* const v = planes + plane * parts;
  T* const u = v + width * parts;
  task.residual2 = task.norm2 = 0;
  for (std::int64_t t = 0; t < groups; ++t) {
    T* const re = planes + t * task.p * width;
    const Block<T, kComplex> block{task.p, width, {re, re + plane}, task.row_norms, {u, u + task.p}, {v, v + width}};
    double norm2;
    task.residual2 += block.fit(task.steps, norm2);
    task.norm2 += norm2;
    store(task, block, task.order[task.begin + t]);
  }
}

}  // namespace

void fill_factorize(FactorizeTable& table) {
  table.split[0] = split<float, false>;
  table.split[1] = split<double, false>;
  table.split[2] = split<float, true>;
  table.split[3] = split<double, true>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
