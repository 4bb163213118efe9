// The types of numbers that users hand in.
#pragma once

#include <cstdint>

namespace cheapfast {

enum class ValueType { float32, float64, complex64, complex128 };

inline bool is_single(ValueType type) { return type == ValueType::float32 || type == ValueType::complex64; }
inline bool is_complex(ValueType type) { return type >= ValueType::complex64; }

// Real numbers in a number, the bytes of one of them, and those of the number.
inline std::int64_t parts(ValueType type) { return is_complex(type) ? 2 : 1; }
inline std::int64_t part_bytes(ValueType type) { return is_single(type) ? 4 : 8; }
inline std::int64_t number_bytes(ValueType type) { return parts(type) * part_bytes(type); }

// As NumPy calls it.
inline const char* name_of(ValueType type) {
  static const char* const names[] = {"float32", "float64", "complex64", "complex128"};
  return names[static_cast<int>(type)];
}

}  // namespace cheapfast
