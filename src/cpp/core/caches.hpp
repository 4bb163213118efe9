// What is assumed of caches, where no table of the machine's own is at hand.
#pragma once

#include <cstdint>

namespace cheapfast {

constexpr std::int64_t kLineBytes = 64;  // that are brought and written together

// So much may not be in the last cache, since other cores have it in use too.
constexpr std::int64_t kAwayBytes = std::int64_t{1} << 24;

}  // namespace cheapfast
