// What the kernels of targets/hadamard.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// Rows of `run` contiguous numbers, `stride` numbers apart; run == stride where nothing lies between them.
struct HadamardRows {
  std::int64_t run;
  std::int64_t stride;
};

constexpr int kHadamardTallLevels = 8;  // at most so many in one call of `tall`

// source == destination, or the two do not overlap.
template <class T>
struct HadamardKernels {
  // `count` blocks of 2^levels rows, one after the other (in one piece, if count > 1); far: they come from beyond the
  // second-level cache
  void (*blocks)(const T* source, T* destination, const HadamardRows&, int levels, std::int64_t count, bool far);
  // 2^levels rows, any distance apart: their columns begin ... end - 1
  void (*tall)(const T* source, T* destination, std::int64_t stride, int levels, std::int64_t begin, std::int64_t end);
};

struct HadamardTable {
  HadamardKernels<float> hadamard_float32;
  HadamardKernels<double> hadamard_float64;
};

}  // namespace cheapfast
