// The thin vector type of the kernels: compiler vector extensions where there are any, an array of words elsewhere.
#pragma once

#include <cstdint>

#if !defined(CHEAPFAST_TARGET)
#error "targets/ is compiled once per instruction set, with CHEAPFAST_TARGET set by CMake"
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define CHEAPFAST_INLINE static __forceinline
#define CHEAPFAST_PREFETCH(address) _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0)
#else
#define CHEAPFAST_INLINE static inline __attribute__((always_inline))
#define CHEAPFAST_PREFETCH(address) __builtin_prefetch(address)
#endif

namespace cheapfast {
namespace CHEAPFAST_TARGET {

#if defined(__GNUC__) || defined(__clang__)

// 64 bytes: one register with AVX-512, two with AVX2, four with SSE2 and NEON.
typedef std::uint64_t Words __attribute__((vector_size(64), aligned(64), may_alias));

CHEAPFAST_INLINE Words load(const std::uint64_t* p) { return *reinterpret_cast<const Words*>(p); }
CHEAPFAST_INLINE void store(std::uint64_t* p, Words v) { *reinterpret_cast<Words*>(p) = v; }
CHEAPFAST_INLINE Words zero() { return Words{0, 0, 0, 0, 0, 0, 0, 0}; }

#else

struct Words {
  std::uint64_t lane[8];
  std::uint64_t operator[](int i) const { return lane[i]; }
};

CHEAPFAST_INLINE Words load(const std::uint64_t* p) {
  Words v;
  for (int i = 0; i < 8; ++i) v.lane[i] = p[i];
  return v;
}
CHEAPFAST_INLINE void store(std::uint64_t* p, Words v) {
  for (int i = 0; i < 8; ++i) p[i] = v.lane[i];
}
CHEAPFAST_INLINE Words zero() { return Words{{0, 0, 0, 0, 0, 0, 0, 0}}; }

#define CHEAPFAST_LANES(op)                                         \
  CHEAPFAST_INLINE Words operator op(Words a, Words b) {            \
    Words v;                                                        \
    for (int i = 0; i < 8; ++i) v.lane[i] = a.lane[i] op b.lane[i]; \
    return v;                                                       \
  }                                                                 \
  CHEAPFAST_INLINE Words operator op(Words a, std::uint64_t b) {    \
    Words v;                                                        \
    for (int i = 0; i < 8; ++i) v.lane[i] = a.lane[i] op b;         \
    return v;                                                       \
  }
CHEAPFAST_LANES(|)
CHEAPFAST_LANES(&)
CHEAPFAST_LANES(+)
CHEAPFAST_LANES(-)
CHEAPFAST_LANES(>>)
#undef CHEAPFAST_LANES

#endif

// The bits of each byte, counted: eight counts of at most 8 a word. Plain arithmetic, so that no instruction beyond a
// target's own is asked for (AVX-512's population count is an extension of its own).
CHEAPFAST_INLINE Words count_bits_of_bytes(Words v) {
  v = v - ((v >> 1) & 0x5555555555555555u);
  v = (v & 0x3333333333333333u) + ((v >> 2) & 0x3333333333333333u);
  return (v + (v >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
}

// Adds the bytes of each word.
CHEAPFAST_INLINE Words sum_bytes(Words v) {
  v = (v & 0x00FF00FF00FF00FFu) + ((v >> 8) & 0x00FF00FF00FF00FFu);
  v = v + (v >> 16);
  return (v + (v >> 32)) & 0xFFFFu;
}

CHEAPFAST_INLINE std::uint64_t sum_words(Words v) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
