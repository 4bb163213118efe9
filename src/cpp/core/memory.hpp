// A limit on the memory that one call may take, asked before every large allocation.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace cheapfast {

// Thrown before the allocation; the bindings turn it into Python's MemoryError.
class MemoryLimitError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}

  std::uint64_t left() const { return limit_ > used_ ? limit_ - used_ : 0; }
  bool fits(std::uint64_t bytes) const { return bytes <= left(); }
  void give_back(std::uint64_t bytes) { used_ -= bytes; }

  void take(std::uint64_t bytes, const char* what) {
    if (!fits(bytes)) {
      throw MemoryLimitError(std::string(what) + " needs " + std::to_string(bytes) + " bytes more, but only " +
                             std::to_string(left()) + " of the memory limit of " + std::to_string(limit_) +
                             " bytes are left");
    }
    used_ += bytes;
  }

 private:
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
};

// Bytes taken from a budget for as long as this lives.
class Charge {
 public:
  Charge() = default;
  Charge(MemoryBudget& budget, std::uint64_t bytes, const char* what) : budget_(&budget), bytes_(bytes) {
    budget.take(bytes, what);
  }
  Charge(Charge&& other) noexcept { swap(other); }
  Charge& operator=(Charge&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Charge() {
    if (budget_ != nullptr) budget_->give_back(bytes_);
  }

 private:
  void swap(Charge& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
  }

  MemoryBudget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace cheapfast
