// What this processor, and the operating system on it, can run.
#pragma once

namespace cheapfast {

bool cpu_has_avx2();    // AVX2, FMA, BMI1, BMI2, POPCNT and LZCNT, with the registers saved by the system
bool cpu_has_avx512();  // the same and AVX-512 F, BW, DQ, VL

}  // namespace cheapfast
