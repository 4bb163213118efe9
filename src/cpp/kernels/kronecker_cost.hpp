// What dense blocks cost in ways that differ, in operations on registers of `lanes` numbers, about.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cheapfast {

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Where a number of the result goes: beside its neighbours, beside those of other vectors, or alone.
enum class Spread : int { beside = 0, together = 1, alone = 3 };

constexpr std::int64_t kTileCost = 16;  // to start and to end a tile
constexpr std::int64_t kTurnCost = 8;   // to turn a register

// A b x c block for as many vectors, one after the other, lanes along its rows.
inline std::int64_t rows_cost(std::int64_t b, std::int64_t c, std::int64_t vectors, std::int64_t lanes, Spread spread) {
  return vectors * (ceil_div(b, lanes) * c + kTileCost + static_cast<int>(spread) * b);
}

// For columns that need a register.
inline std::int64_t columns_cost(std::int64_t b, std::int64_t c) { return b * c + kTileCost; }

// For vectors that are turned into columns and back.
inline std::int64_t turned_cost(std::int64_t b, std::int64_t c, std::int64_t vectors, std::int64_t lanes) {
  return ceil_div(vectors, lanes) * (columns_cost(b, c) + kTurnCost * (b + c));
}

// How many of as many columns, behind those that fill registers, are taken one after the other.
inline bool few_are_quicker(std::int64_t b, std::int64_t c, std::int64_t columns, std::int64_t lanes) {
  return rows_cost(b, c, columns, lanes, Spread::together) < columns_cost(b, c);
}

}  // namespace cheapfast
