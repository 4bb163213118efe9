// What the kernels of targets/turn.cpp take.
#pragma once

#include <cstdint>

namespace cheapfast {

// Element c of row r of `from` becomes element r of row c of `to`, for `rows` x `columns` of them; neighbours within a
// row have no gaps, the rows are so many bytes apart. At any addresses; `from` and `to` do not overlap.
using Turn = void (*)(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride, std::int64_t rows,
                      std::int64_t columns);

struct TurnTable {
  Turn turn[3];  // elements of 4, 8 and 16 bytes
};

}  // namespace cheapfast
