// Progress out, cancellation in: what a long computation shares with its caller.
#pragma once

#include <atomic>
#include <cstdint>

namespace cheapfast {

// Workers report finished work and look whether to stop; only the calling thread may poll, since what it calls
// (signal handlers, progress bars) belongs to that thread.
class Monitor {
 public:
  virtual ~Monitor() = default;

  void expect(std::uint64_t work) { total_.store(work, std::memory_order_relaxed); }
  void advance(std::uint64_t work) { done_.fetch_add(work, std::memory_order_relaxed); }
  std::uint64_t done() const { return done_.load(std::memory_order_relaxed); }
  std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  void stop() { stopped_.store(true, std::memory_order_relaxed); }

  // Whether somebody looks at the progress: only then is a forecast of the work worth its time.
  virtual bool watched() const { return false; }

  // Throws to cancel the computation. Cheap enough to be called every millisecond.
  virtual void poll() {}

 private:
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  std::atomic<bool> stopped_{false};
};

// Work, in index pairs, after which a kernel returns to its driver so that the monitor is asked: some milliseconds.
constexpr std::uint64_t kPollWork = std::uint64_t{1} << 21;

}  // namespace cheapfast
