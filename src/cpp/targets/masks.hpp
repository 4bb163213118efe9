// Loads and stores of some lanes, where the instruction set has them: then CHEAPFAST_MASKS is defined.
#pragma once

#include <cstdint>

#include "targets/simd.hpp"

#if defined(__AVX2__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define CHEAPFAST_MASKS

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// The first `count` scalars of a vector, zeros beside them; none where `count` is not positive, all where there are so
// many. Copies of a length that the compiler does not know would take longer than what is computed with them.
#if defined(__AVX512F__)
#define CHEAPFAST_QUICK_MASKS  // stores of some lanes take no longer than those of all
CHEAPFAST_INLINE unsigned first_lanes(std::int64_t count, int lanes) {
  return count <= 0 ? 0U : count >= lanes ? (1U << lanes) - 1 : (1U << count) - 1;
}
CHEAPFAST_INLINE __m512 load_first(const float* p, std::int64_t count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>(first_lanes(count, 16)), p);
}
CHEAPFAST_INLINE __m512d load_first(const double* p, std::int64_t count) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>(first_lanes(count, 8)), p);
}
CHEAPFAST_INLINE void store_first(float* p, __m512 v, std::int64_t count) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>(first_lanes(count, 16)), v);
}
CHEAPFAST_INLINE void store_first(double* p, __m512d v, std::int64_t count) {
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>(first_lanes(count, 8)), v);
}
#else
CHEAPFAST_INLINE __m256i first_lanes(std::int64_t count, float) {
  const int some = count > 8 ? 8 : static_cast<int>(count);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(some), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
CHEAPFAST_INLINE __m256i first_lanes(std::int64_t count, double) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}
CHEAPFAST_INLINE __m256 load_first(const float* p, std::int64_t count) {
  return _mm256_maskload_ps(p, first_lanes(count, 0.0F));
}
CHEAPFAST_INLINE __m256d load_first(const double* p, std::int64_t count) {
  return _mm256_maskload_pd(p, first_lanes(count, 0.0));
}
CHEAPFAST_INLINE void store_first(float* p, __m256 v, std::int64_t count) {
  _mm256_maskstore_ps(p, first_lanes(count, 0.0F), v);
}
CHEAPFAST_INLINE void store_first(double* p, __m256d v, std::int64_t count) {
  _mm256_maskstore_pd(p, first_lanes(count, 0.0), v);
}
#endif

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast

#endif
