// Memory that a thread keeps for its next call, so that short calls need not ask the system for pages each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/buffer.hpp"

namespace cheapfast {

constexpr std::size_t kKeptBytes = std::size_t{1} << 20;  // larger ones go back

// One for each use that may go on at the same time in a thread. It is taken away while it is in use: a signal handler
// that does the same in the middle of a call gets memory of its own.
template <int kUse>
class Spare {
 public:
  Spare() : buffer_(std::move(kept())) {}
  Spare(const Spare&) = delete;
  Spare& operator=(const Spare&) = delete;
  ~Spare() {
    if (buffer_.capacity() <= kKeptBytes) kept().swap(buffer_);
  }

  char* of_size(std::int64_t bytes) {
    buffer_.resize(0);  // nothing to keep where it grows
    buffer_.resize(static_cast<std::size_t>(bytes));
    return buffer_.data();
  }

 private:
  static Buffer<char>& kept() {
    static thread_local Buffer<char> kept;
    return kept;
  }

  Buffer<char> buffer_;
};

// Who uses it for what.
constexpr int kFirstSpare = 0, kSecondSpare = 1, kSweepSpare = 2, kPiecesSpare = 3, kFactorSpare = 4;

}  // namespace cheapfast
