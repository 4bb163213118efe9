// What the kernels of targets/csr.cpp find in the arrays of a matrix.
#pragma once

#include <cstdint>

namespace cheapfast {

struct CsrFacts {
  std::int64_t bad_start;  // first row whose start lies beyond its end, or -1
  std::int64_t bad_index;  // first position whose column is out of range, or -1
  bool strictly_increasing;
  bool is_diagonal;  // position k holds column k
};

struct ValueFacts {
  std::int64_t zeros;
  std::int64_t non_finite;
};

struct CsrTable {
  CsrFacts (*check_csr_narrow)(std::int64_t rows, std::int64_t cols, const std::int32_t*, const std::int32_t*);
  CsrFacts (*check_csr_wide)(std::int64_t rows, std::int64_t cols, const std::int64_t*, const std::int64_t*);
  ValueFacts (*scan_float32)(const float*, std::int64_t size);
  ValueFacts (*scan_float64)(const double*, std::int64_t size);
  ValueFacts (*scan_complex64)(const float*, std::int64_t size);
  ValueFacts (*scan_complex128)(const double*, std::int64_t size);
};

}  // namespace cheapfast
