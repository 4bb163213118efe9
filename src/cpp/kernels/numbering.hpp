// What finding equal rows and storing products without repeats have in common.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/buffer.hpp"
#include "core/csr.hpp"
#include "kernels/count.hpp"

namespace cheapfast {

// Calls body(starts, indices) with the arrays of a support, typed.
template <class Body>
void with_arrays(const Csr& csr, const Body& body) {
  switch (csr.width) {
    case Width::narrow:
      return body(static_cast<const std::int32_t*>(csr.starts), static_cast<const std::int32_t*>(csr.indices));
    case Width::wide:
      return body(static_cast<const std::int64_t*>(csr.starts), static_cast<const std::int64_t*>(csr.indices));
    default:
      return body(static_cast<const std::int64_t*>(csr.starts), static_cast<const std::int32_t*>(csr.indices));
  }
}

inline Csr own_csr(std::int64_t cols, const Buffer<std::int64_t>& starts, const Buffer<std::int32_t>& members) {
  return {static_cast<std::int64_t>(starts.size()) - 1, cols, starts.data(), members.data(), Width::own};
}

// Asks the monitor now and then while one thread works on its own.
class Pauses {
 public:
  explicit Pauses(CountContext& context) : context_(context) {}

  void after(std::uint64_t work) {
    work_ += work;
    if (work_ < kPollWork / 8) return;
    work_ = 0;
    context_.monitor.poll();
  }

 private:
  CountContext& context_;
  std::uint64_t work_ = 0;
};

// A hash table of numbers 0, 1, 2 ...; what a number stands for is the caller's to hash and compare.
class NumberTable {
 public:
  explicit NumberTable(std::size_t expected) {
    std::size_t size = 16;
    while (size < 2 * expected) size *= 2;
    slots_.resize(size);
    std::memset(slots_.data(), 0xFF, size * sizeof(std::uint32_t));
  }

  // The number that equals what is looked for, or `fresh`, which is entered.
  template <class Equal>
  std::uint32_t find_or_enter(std::uint64_t hash, std::uint32_t fresh, const Equal& equal) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t s = hash & mask;; s = (s + 1) & mask) {
      if (slots_[s] == kNone) {
        slots_[s] = fresh;
        return fresh;
      }
      if (equal(slots_[s])) return slots_[s];
    }
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  Buffer<std::uint32_t> slots_;
};

}  // namespace cheapfast
