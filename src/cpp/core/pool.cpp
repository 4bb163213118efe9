#include "core/pool.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace cheapfast {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Who waits looks for so long before it sleeps: waking takes some 6 microseconds, and jobs often follow each other.
constexpr auto kSpin = 50us;

void pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && !defined(_MSC_VER)
  asm volatile("yield");
#endif
}

// Where there are more threads than cores, one that spins keeps another one from its work.
const int kCores = static_cast<int>(std::thread::hardware_concurrency());

// The core that the calling thread is on; -1 where nobody tells.
int core() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Looks again and again, for a while. Whether `done` became true.
template <class Done>
bool spin(const Done& done) {
  const Clock::time_point end = Clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      pause();
    }
  } while (Clock::now() < end);
  return done();
}

// Takes a mutex that is only ever held for some nanoseconds: who finds it taken by another core must not fall asleep.
std::unique_lock<std::mutex> lock_awake(std::mutex& mutex) {
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  if (!spin([&] { return lock.try_lock(); })) lock.lock();
  return lock;
}

// One job: the body, and who still has to run it.
struct Job {
  const std::function<void(int)>* body = nullptr;
  Monitor* monitor = nullptr;
  int wanted = 1;
  int home = -1;  // the caller's core
  std::atomic<int> running{0};
  std::atomic<bool> crowded{false};  // a worker found itself on the caller's core
  std::exception_ptr error;
};

class Pool {
 public:
  // False where another caller's job is under way.
  bool try_run(int workers, const std::function<void(int)>& body, Monitor& monitor) {
    std::unique_lock<std::mutex> one_job(job_mutex_, std::try_to_lock);
    if (!one_job.owns_lock()) return false;
    Job job;
    job.body = &body;
    job.monitor = &monitor;
    job.wanted = workers;
    job.home = core();
    std::uint64_t number = 0;
    {
      const std::unique_lock<std::mutex> lock = lock_awake(mutex_);
      while (threads_ < workers - 1) {
        const int worker = ++threads_;
        std::thread([this, worker] { serve(worker); }).detach();
      }
      job_ = &job;
      number = ++posted_;
      may_spin_ = workers <= kCores;
    }
    seen_from_outside_.store(number, std::memory_order_release);
    wake_.notify_all();
    run_one(job, 0);
    wait_for_others(job);
    if (job.error) std::rethrow_exception(job.error);
    return true;
  }

 private:
  // A thread keeps its number, so that what it left in its core's cache is there when the next job comes.
  void serve(int worker) {
    std::uint64_t last = 0;
    bool stay_awake = false;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      if (stay_awake && may_spin_) {
        lock.unlock();
        spin([&] { return seen_from_outside_.load(std::memory_order_acquire) != last; });
        lock = lock_awake(mutex_);
      }
      wake_.wait(lock, [&] { return posted_ != last; });
      last = posted_;
      stay_awake = false;
      if (job_ == nullptr || worker >= job_->wanted) continue;
      Job& job = *job_;
      // Two that share a core while another one idles stay there for milliseconds unless one of them sleeps: it is when
      // a thread wakes that the system looks for an idle core.
      const bool crowded = job.home >= 0 && core() == job.home;
      if (crowded) job.crowded.store(true, std::memory_order_relaxed);
      stay_awake = !crowded;
      job.running.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      run_one(job, worker);
      const bool was_last = job.running.fetch_sub(1, std::memory_order_acq_rel) == 1;
      lock = lock_awake(mutex_);  // the job may be gone by now
      if (was_last) idle_.notify_all();
    }
  }

  void run_one(Job& job, int worker) {
    try {
      (*job.body)(worker);
    } catch (...) {
      job.monitor->stop();
      std::lock_guard<std::mutex> lock(mutex_);
      if (!job.error) job.error = std::current_exception();
    }
  }

  void wait_for_others(Job& job) {
    const auto is_done = [&] { return job.running.load(std::memory_order_acquire) == 0; };
    std::unique_lock<std::mutex> lock = lock_awake(mutex_);
    job_ = nullptr;  // threads that have not started yet need not
    if (may_spin_ && !job.crowded.load(std::memory_order_relaxed)) {
      lock.unlock();
      if (spin(is_done)) return;
      lock.lock();
    }
    while (!idle_.wait_for(lock, 20ms, is_done)) {
      if (job.error) continue;
      lock.unlock();
      std::exception_ptr cancelled;
      try {
        job.monitor->poll();
      } catch (...) {
        cancelled = std::current_exception();
        job.monitor->stop();
      }
      lock.lock();
      if (!job.error) job.error = cancelled;
    }
  }

  std::mutex job_mutex_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  Job* job_ = nullptr;
  int threads_ = 0;
  bool may_spin_ = false;                            // set with each job
  std::uint64_t posted_ = 0;                         // jobs so far
  std::atomic<std::uint64_t> seen_from_outside_{0};  // posted_, for those who do not hold the mutex
};

std::atomic<Pool*> g_pool{nullptr};

// The pool is never destroyed: its threads sleep until the process ends, and joining them in a static destructor
// would hang where a library is unloaded. A forked child has none of them, so it starts with a new pool.
Pool& pool() {
  Pool* existing = g_pool.load(std::memory_order_acquire);
  if (existing != nullptr) return *existing;
#if !defined(_WIN32)
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { g_pool.store(nullptr, std::memory_order_release); });
  (void)registered;
#endif
  Pool* made = new Pool;
  if (g_pool.compare_exchange_strong(existing, made)) return *made;
  delete made;
  return *existing;
}

}  // namespace

void run_workers(int workers, const std::function<void(int)>& body, Monitor& monitor) {
  if (workers > 1 && pool().try_run(workers, body, monitor)) return;
  body(0);
}

}  // namespace cheapfast
