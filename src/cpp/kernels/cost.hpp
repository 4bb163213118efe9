// What the methods of counting cost, in nanoseconds: rough, and only used to choose.
//
// Calibrated on a Zen 5 server core with AVX-512 (1 MB of L2); what matters are the ratios.
#pragma once

#include <cstdint>

namespace cheapfast {
namespace cost {

// One stamped pair: the stamps (2 bytes a column) live in L1, L2 or beyond.
inline double stamped_pair(std::int64_t columns) { return columns < 400000 ? 0.8 : 1.5; }

// Looking up the row that one entry of the head names.
inline double head_entry(std::int64_t tail_rows) { return tail_rows < 400000 ? 1.0 : 2.0; }

// One pair put on a list while a row is pushed through.
constexpr double kPushedPair = 1.3;

// One pair while a product is stored: fresh memory is touched, and the row is hashed.
constexpr double kStoredPair = 6.0;

// Finding or making the key of one row, an entry.
constexpr double kKeyEntry = 8.0;

// OR of 64 bytes from a table of `rows` lines.
inline double pulled_line(std::int64_t rows) { return rows < 16384 ? 0.7 : rows < 262144 ? 1.1 : 3.0; }

}  // namespace cost
}  // namespace cheapfast
