// The thread pool: all items once, errors carried over, several callers, a fork.
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"
#include "core/pool.hpp"

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace cheapfast;

namespace {

bool each_item_once(int workers, int items = 1000) {
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(items));
  Monitor monitor;
  parallel_for(items, workers, monitor, [&](int, std::int64_t i) { seen[static_cast<std::size_t>(i)]++; });
  for (const auto& count : seen) {
    if (count != 1) return false;
  }
  return true;
}

struct Watched : Monitor {
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> polls{0}, strangers{0};
  void poll() override { (std::this_thread::get_id() == caller ? polls : strangers)++; }
};

struct Refusing : Monitor {
  void poll() override { throw std::runtime_error("enough"); }
};

}  // namespace

TEST(every_item_runs_once) {
  for (const int workers : {1, 2, 3, 8}) {
    for (const int items : {0, 1, 2, 7, 1000}) {
      check(each_item_once(workers, items), std::to_string(workers) + " workers, " + std::to_string(items) + " items");
    }
  }
}

TEST(only_the_caller_polls) {
  for (const int workers : {1, 2, 3}) {
    Watched monitor;
    std::atomic<int> items{0};
    parallel_for(64, workers, monitor, [&](int, std::int64_t) {
      parallel_for(10, workers > 1 ? kAlone : 1, monitor, [&](int, std::int64_t) { items++; });
    });
    check(items == 640, "all items of all items");
    check(monitor.strangers == 0, std::to_string(workers) + " workers: polled by another thread");
    check(workers > 1 || monitor.polls == 704, "a single worker polls after each item");
  }
}

TEST(jobs_follow_each_other_at_once_and_after_a_rest) {
  for (int job = 0; job < 2000; ++job) {
    const int workers = job % 7 == 0 ? 5 : 2;  // more than there are cores, perhaps: those do not spin
    check(each_item_once(workers, 5), "job " + std::to_string(job));
    if (job % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(job));  // longer than they spin
  }
}

TEST(a_worker_begins_with_its_own_share) {
  constexpr int items = 64;
  std::vector<std::atomic<int>> worker_of(items);
  Monitor monitor;
  std::atomic<int> arrived{0};
  parallel_for(items, 2, monitor, [&](int worker, std::int64_t i) {
    if (i == 0 || i == items / 2) {  // neither goes on before the other has begun
      arrived++;
      while (arrived < 2) std::this_thread::yield();
    }
    worker_of[static_cast<std::size_t>(i)] = worker;
  });
  check(worker_of[0] == 0 && worker_of[items / 2] == 1, "shares were exchanged");
}

TEST(an_exception_of_any_worker_reaches_the_caller) {
  for (const int workers : {1, 4}) {
    Monitor monitor;
    bool thrown = false;
    try {
      parallel_for(100, workers, monitor, [](int, std::int64_t i) {
        if (i == 57) throw std::runtime_error("item 57");
      });
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    check(thrown, std::to_string(workers) + " workers");
  }
}

TEST(a_monitor_that_throws_cancels_all_workers) {
  Refusing monitor;
  std::atomic<int> done{0};
  bool thrown = false;
  try {
    parallel_for(1000000, 4, monitor, [&](int, std::int64_t) {
      done++;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  check(thrown && done < 1000000, "went on to the end");
}

TEST(callers_at_the_same_time_all_finish) {
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) callers.emplace_back([&] { right += each_item_once(2); });
  for (std::thread& caller : callers) caller.join();
  check(right == 4, std::to_string(right) + " of 4");
}

#if !defined(_WIN32)
TEST(a_forked_child_has_a_pool_of_its_own) {
  check(each_item_once(3), "before the fork");
  const pid_t child = fork();
  if (child == 0) _exit(each_item_once(3) ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "in the child");
}
#endif
