// The thin vector type of the kernels: compiler vector extensions where there are any, an array of words elsewhere.
#pragma once

#include <cstdint>

#if !defined(CHEAPFAST_TARGET)
#error "targets/ is compiled once per instruction set, with CHEAPFAST_TARGET set by CMake"
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define CHEAPFAST_INLINE static __forceinline
#define CHEAPFAST_NOINLINE __declspec(noinline)
#define CHEAPFAST_PREFETCH(address) _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0)
#else
#define CHEAPFAST_INLINE static inline __attribute__((always_inline))
#define CHEAPFAST_NOINLINE __attribute__((noinline))
#define CHEAPFAST_PREFETCH(address) __builtin_prefetch(address)
#endif

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// The widest register of the target. A vector wider than that would be legal, but GCC takes it through memory.
#if defined(__AVX512F__)
typedef std::uint64_t Register __attribute__((vector_size(64), may_alias));
#elif defined(__AVX2__)
typedef std::uint64_t Register __attribute__((vector_size(32), may_alias));
#elif defined(__GNUC__) || defined(__clang__)
typedef std::uint64_t Register __attribute__((vector_size(16), may_alias));
#else
typedef std::uint64_t Register;  // a compiler without vector extensions
#endif

// The compiler must not know where a number or a pointer comes from: it stays as it is, and does not become one
// register for each of its multiples.
template <class N>
CHEAPFAST_INLINE N opaque_index(N n) {
#if defined(__GNUC__) || defined(__clang__)
  asm("" : "+r"(n));
#endif
  return n;
}

// 64 bytes in as many registers as they take; addresses are multiples of 64.
constexpr int kRegisters = 64 / sizeof(Register);
struct Words {
  Register part[kRegisters];
};

CHEAPFAST_INLINE Words load(const std::uint64_t* p) {
  Words v;
  for (int i = 0; i < kRegisters; ++i) v.part[i] = reinterpret_cast<const Register*>(p)[i];
  return v;
}
CHEAPFAST_INLINE void store(std::uint64_t* p, Words v) {
  for (int i = 0; i < kRegisters; ++i) reinterpret_cast<Register*>(p)[i] = v.part[i];
}
CHEAPFAST_INLINE Words zero() {
  Words v;
  for (int i = 0; i < kRegisters; ++i) v.part[i] = Register{};
  return v;
}

#define CHEAPFAST_WORDWISE(op)                                               \
  CHEAPFAST_INLINE Words operator op(Words a, Words b) {                     \
    for (int i = 0; i < kRegisters; ++i) a.part[i] = a.part[i] op b.part[i]; \
    return a;                                                                \
  }                                                                          \
  CHEAPFAST_INLINE Words operator op(Words a, std::uint64_t b) {             \
    for (int i = 0; i < kRegisters; ++i) a.part[i] = a.part[i] op b;         \
    return a;                                                                \
  }
CHEAPFAST_WORDWISE(|)
CHEAPFAST_WORDWISE(&)
CHEAPFAST_WORDWISE(+)
CHEAPFAST_WORDWISE(-)
CHEAPFAST_WORDWISE(>>)
#undef CHEAPFAST_WORDWISE

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
  alignas(64) std::uint64_t word[8];
  store(word, v);
  return ((word[0] + word[1]) + (word[2] + word[3])) + ((word[4] + word[5]) + (word[6] + word[7]));
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
