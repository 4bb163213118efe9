// A small thread pool: persistent threads, safe after fork, cancelled through a Monitor.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "core/monitor.hpp"

namespace cheapfast {

// Runs body(worker) for worker = 0 ... workers - 1 at the same time; worker 0 is the calling thread. Where the pool is
// already at work for another caller, fewer workers run: a body must take its work from a shared queue, never by its
// own number. The first exception stops the monitor and is thrown again here once all workers have returned.
void run_workers(int workers, const std::function<void(int)>& body, Monitor& monitor);

// Calls item(worker, i) for i = 0 ... count - 1, handed out one by one. The calling thread polls the monitor between
// items; the order of items is not defined, so results must not depend on it.
template <class Item>
void parallel_for(std::int64_t count, int workers, Monitor& monitor, const Item& item) {
  if (count < workers) workers = count > 0 ? static_cast<int>(count) : 1;
  std::atomic<std::int64_t> next{0};
  run_workers(
      workers,
      [&](int worker) {
        for (;;) {
          const std::int64_t i = next.fetch_add(1, std::memory_order_relaxed);
          if (i >= count || monitor.stopped()) return;
          item(worker, i);
          if (worker == 0) monitor.poll();
        }
      },
      monitor);
}

}  // namespace cheapfast
