// One pass over a matrix that a user hands in: is it a sparse matrix, and of what kind?
#include "targets/tables/csr.hpp"

#include <cstdint>

#include "targets/simd.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

constexpr std::int64_t kBlock = 4096;

template <class I>
std::int64_t first_out_of_range(const I* indices, std::int64_t size, std::int64_t cols) {
  for (std::int64_t k = 0; k < size; ++k) {
    if (indices[k] < 0 || static_cast<std::int64_t>(indices[k]) >= cols) return k;
  }
  return -1;
}

// Inputs: indptr of rows + 1 entries, of which the first is 0 and the last at most the size of indices (the caller has
// looked). No order is assumed. O(rows + nonzeros): the inner loops hold no branch and vectorise.
template <class I>
CsrFacts check_csr(std::int64_t rows, std::int64_t cols, const I* indptr, const I* indices) {
  CsrFacts facts{-1, -1, true, false};
  for (std::int64_t r = 0; r < rows; ++r) {
    if (indptr[r] > indptr[r + 1] || indptr[r] < 0) {
      facts.bad_start = r;
      return facts;
    }
  }
  const std::int64_t size = indptr[rows];
  std::int64_t descents = 0, off_diagonal = 0;
  for (std::int64_t begin = 0; begin < size; begin += kBlock) {
    const std::int64_t end = begin + kBlock < size ? begin + kBlock : size;
    I low = 0, high = 0;
    std::int32_t block_descents = 0, block_off_diagonal = 0;
    for (std::int64_t k = begin; k < end; ++k) {
      const I column = indices[k];
      low = column < low ? column : low;
      high = column > high ? column : high;
      block_off_diagonal += column != static_cast<I>(k);
    }
    for (std::int64_t k = begin + (begin == 0); k < end; ++k) block_descents += indices[k] <= indices[k - 1];
    if (low < 0 || static_cast<std::int64_t>(high) >= cols) {
      facts.bad_index = begin + first_out_of_range(indices + begin, end - begin, cols);
      return facts;
    }
    descents += block_descents;
    off_diagonal += block_off_diagonal;
  }
  // Columns may fall where a row begins, and nowhere else.
  std::int64_t allowed = 0;
  for (std::int64_t r = 1; r < rows; ++r) {
    const std::int64_t k = indptr[r];
    if (k > 0 && k < size && k < static_cast<std::int64_t>(indptr[r + 1])) allowed += indices[k] <= indices[k - 1];
  }
  facts.strictly_increasing = descents == allowed;
  bool one_a_row = rows == cols && size == rows && off_diagonal == 0;
  for (std::int64_t r = 0; one_a_row && r < rows; ++r) one_a_row = static_cast<std::int64_t>(indptr[r]) == r;
  facts.is_diagonal = one_a_row;
  return facts;
}

template <class T>
bool is_finite(T value) {
  return value - value == 0;  // false for NaN and for both infinities
}

template <class T>
ValueFacts scan_real(const T* data, std::int64_t size) {
  ValueFacts facts{0, 0};
  for (std::int64_t begin = 0; begin < size; begin += kBlock) {
    const std::int64_t end = begin + kBlock < size ? begin + kBlock : size;
    std::int32_t zeros = 0, finite = 0;
    for (std::int64_t k = begin; k < end; ++k) {
      zeros += data[k] == 0;
      finite += is_finite(data[k]);
    }
    facts.zeros += zeros;
    facts.non_finite += (end - begin) - finite;
  }
  return facts;
}

template <class T>
ValueFacts scan_complex(const T* data, std::int64_t size) {
  ValueFacts facts{0, 0};
  for (std::int64_t begin = 0; begin < size; begin += kBlock) {
    const std::int64_t end = begin + kBlock < size ? begin + kBlock : size;
    std::int32_t zeros = 0, finite = 0;
    for (std::int64_t k = begin; k < end; ++k) {
      const T re = data[2 * k], im = data[2 * k + 1];
      zeros += (re == 0) & (im == 0);
      finite += static_cast<int>(is_finite(re)) & static_cast<int>(is_finite(im));
    }
    facts.zeros += zeros;
    facts.non_finite += (end - begin) - finite;
  }
  return facts;
}

}  // namespace

void fill_csr(CsrTable& table) {
  table.check_csr_narrow = check_csr<std::int32_t>;
  table.check_csr_wide = check_csr<std::int64_t>;
  table.scan_float32 = scan_real<float>;
  table.scan_float64 = scan_real<double>;
  table.scan_complex64 = scan_complex<float>;
  table.scan_complex128 = scan_complex<double>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
