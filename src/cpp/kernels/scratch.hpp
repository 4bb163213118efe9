// Memory that a kernel works in.
#pragma once

#include <cstddef>

#include "core/buffer.hpp"

namespace cheapfast {

// Uninitialised; the thread keeps it for the next call, so one piece at a time is in use.
inline void* thread_scratch(std::size_t bytes) {
  static thread_local Buffer<char> scratch;
  scratch.resize(0);  // nothing to keep where it grows
  scratch.resize(bytes);
  return scratch.data();
}

}  // namespace cheapfast
