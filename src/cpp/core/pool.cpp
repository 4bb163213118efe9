#include "core/pool.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace cheapfast {
namespace {

using namespace std::chrono_literals;

// One job: the body, and who still has to run it.
struct Job {
  const std::function<void(int)>* body = nullptr;
  Monitor* monitor = nullptr;
  int next_worker = 1;
  int wanted = 1;
  int running = 0;
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
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (; threads_ < workers - 1; ++threads_) std::thread([this] { serve(); }).detach();
      job_ = &job;
    }
    wake_.notify_all();
    run_one(job, 0);
    wait_for_others(job);
    if (job.error) std::rethrow_exception(job.error);
    return true;
  }

 private:
  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return job_ != nullptr && job_->next_worker < job_->wanted; });
      Job& job = *job_;
      const int worker = job.next_worker++;
      ++job.running;
      lock.unlock();
      run_one(job, worker);
      lock.lock();
      if (--job.running == 0) idle_.notify_all();
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
    std::unique_lock<std::mutex> lock(mutex_);
    job_ = nullptr;  // threads that have not started yet need not
    while (!idle_.wait_for(lock, 20ms, [&] { return job.running == 0; })) {
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
