// A small thread pool: persistent threads, safe after fork, cancelled through a Monitor.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/monitor.hpp"

namespace cheapfast {

// Runs body(worker) for worker = 0 ... workers - 1 at the same time; worker 0 is the calling thread. Where the pool is
// already at work for another caller, fewer workers run: a body must take its work from a shared queue, never by its
// own number. The first exception stops the monitor and is thrown again here once all workers have returned.
void run_workers(int workers, const std::function<void(int)>& body, Monitor& monitor);

// A part of the items, and the next of them; a cache line of its own, since its worker writes to it all the time.
struct alignas(64) Share {
  std::atomic<std::int64_t> next{0};
  std::int64_t end = 0;
};

// In place of a number of workers: one of several is at work already, and does all items itself, on any thread.
constexpr int kAlone = 0;

// Calls item(worker, i) for i = 0 ... count - 1. Each worker has a share of neighbouring items, the same one whenever
// as many items are asked for, so that it finds in its core's cache what it left there; who is done helps the others.
// The calling thread polls the monitor between items, a worker alone only looks whether it has stopped. Results must
// not depend on the order of items.
template <class Item>
void parallel_for(std::int64_t count, int workers, Monitor& monitor, const Item& item) {
  if (workers <= 1 || count <= 1) {
    for (std::int64_t i = 0; i < count && !monitor.stopped(); ++i) {
      item(0, i);
      if (workers != kAlone) monitor.poll();
    }
    return;
  }
  if (count < workers) workers = static_cast<int>(count);
  const std::unique_ptr<Share[]> shares(new Share[static_cast<std::size_t>(workers)]);
  for (int w = 0; w < workers; ++w) {
    // count * w / workers, which might overflow
    const auto begin = [&](std::int64_t v) { return count / workers * v + count % workers * v / workers; };
    shares[w].next.store(begin(w), std::memory_order_relaxed);
    shares[w].end = begin(w + 1);
  }
  run_workers(
      workers,
      [&](int worker) {
        for (int turn = 0; turn < workers; ++turn) {
          Share& share = shares[(worker + turn) % workers];
          for (;;) {
            const std::int64_t i = share.next.fetch_add(1, std::memory_order_relaxed);
            if (i >= share.end) break;
            if (monitor.stopped()) return;
            item(worker, i);
            if (worker == 0) monitor.poll();
          }
        }
      },
      monitor);
}

}  // namespace cheapfast
