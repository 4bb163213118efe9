#include "core/cpu.hpp"

#include <cstdint>

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#include <intrin.h>
#define CHEAPFAST_X86 1
#elif defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define CHEAPFAST_X86 1
#endif

namespace cheapfast {

#if defined(CHEAPFAST_X86)
namespace {

struct Registers {
  std::uint32_t a, b, c, d;
};

Registers cpuid(std::uint32_t leaf) {
#if defined(_MSC_VER)
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), 0);
  return {static_cast<std::uint32_t>(out[0]), static_cast<std::uint32_t>(out[1]), static_cast<std::uint32_t>(out[2]),
          static_cast<std::uint32_t>(out[3])};
#else
  Registers r{0, 0, 0, 0};
  __get_cpuid_count(leaf, 0, &r.a, &r.b, &r.c, &r.d);
  return r;
#endif
}

// The registers that the operating system saves when it switches tasks: an instruction set is of use only with them.
std::uint64_t saved_registers() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  std::uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
#endif
}

constexpr bool bit(std::uint32_t word, int position) { return (word >> position) & 1u; }

struct Features {
  bool avx2 = false;
  bool avx512 = false;

  Features() {
    const Registers one = cpuid(1), seven = cpuid(7), extended = cpuid(0x80000001u);
    if (!bit(one.c, 27)) return;  // OSXSAVE: without it, xgetbv does not exist
    const std::uint64_t saved = saved_registers();
    avx2 = (saved & 0x6) == 0x6 && bit(one.c, 28) && bit(one.c, 12) && bit(one.c, 23) && bit(seven.b, 5) &&
           bit(seven.b, 3) && bit(seven.b, 8) && bit(extended.c, 5);
    avx512 =
        avx2 && (saved & 0xE6) == 0xE6 && bit(seven.b, 16) && bit(seven.b, 17) && bit(seven.b, 30) && bit(seven.b, 31);
  }
};

const Features& features() {
  static const Features found;
  return found;
}

}  // namespace

bool cpu_has_avx2() { return features().avx2; }
bool cpu_has_avx512() { return features().avx512; }

#else

bool cpu_has_avx2() { return false; }
bool cpu_has_avx512() { return false; }

#endif

}  // namespace cheapfast
