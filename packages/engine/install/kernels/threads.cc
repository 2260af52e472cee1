#include "threads.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace {

struct Job {
  const std::function<void(int64_t)>& f;
  const int64_t count;
  std::atomic<int64_t> next{0};
  int64_t done = 0;
  std::exception_ptr error;
  std::mutex mutex;
  std::condition_variable finished;

  Job(const std::function<void(int64_t)>& f, int64_t count) : f(f), count(count) {}

  void work() {
    int64_t mine = 0;
    std::exception_ptr thrown;
    for (int64_t i; (i = next.fetch_add(1)) < count; mine++) {
      try {
        f(i);
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    if (mine == 0) return;
    std::lock_guard<std::mutex> lock(mutex);
    if (thrown) error = thrown;
    done += mine;
    if (done == count) finished.notify_all();
  }
};

/** Lives as long as the process: threads of TensorFlow may still compute while it ends. */
struct Pool {
  std::mutex mutex;
  std::condition_variable wanted;
  std::deque<std::shared_ptr<Job>> jobs;

  explicit Pool(int helpers) {
    for (int i = 0; i < helpers; i++)
      std::thread([this] {
        for (;;) {
          std::shared_ptr<Job> job;
          {
            std::unique_lock<std::mutex> lock(mutex);
            wanted.wait(lock, [this] { return !jobs.empty(); });
            job = jobs.front();
            if (job->next >= job->count) {
              jobs.pop_front();
              continue;
            }
          }
          job->work();
        }
      }).detach();
  }
};

}  // namespace

int numThreads() {
  static const int count = [] {
    const char* given = std::getenv("TF_NUM_INTRAOP_THREADS");
    int asked = given == nullptr ? 0 : std::atoi(given);
    return asked > 0 ? asked : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }();
  return count;
}

void inParallel(int64_t count, const std::function<void(int64_t)>& f) {
  if (count <= 1 || numThreads() == 1) {
    for (int64_t i = 0; i < count; i++) f(i);
    return;
  }
  static Pool* pool = new Pool(numThreads() - 1);
  auto job = std::make_shared<Job>(f, count);
  {
    std::lock_guard<std::mutex> lock(pool->mutex);
    pool->jobs.push_back(job);
  }
  pool->wanted.notify_all();
  job->work();
  {
    std::unique_lock<std::mutex> lock(job->mutex);
    job->finished.wait(lock, [&] { return job->done == count; });
  }
  {
    std::lock_guard<std::mutex> lock(pool->mutex);
    for (auto at = pool->jobs.begin(); at != pool->jobs.end(); ++at)
      if (*at == job) {
        pool->jobs.erase(at);
        break;
      }
  }
  if (job->error) std::rethrow_exception(job->error);
}
