// A Monitor that answers Ctrl-C and shows progress, for code that runs without the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>

#include "core/monitor.hpp"

namespace cheapfast {

namespace py = pybind11;

class PythonMonitor : public Monitor {
 public:
  // `progress` is None or called as progress(done, total) at most ten times a second; total may grow.
  explicit PythonMonitor(py::object progress) : progress_(std::move(progress)), last_poll_(Clock::now()) {}

  bool watched() const override { return !progress_.is_none(); }

  void poll() override {
    const Clock::time_point now = Clock::now();
    if (now - last_poll_ < kPollEvery) return;
    last_poll_ = now;
    py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (progress_.is_none() || total() == 0) return;  // who is told divides by the total
    if (now - last_progress_ >= kProgressEvery) {
      last_progress_ = now;
      progress_(done(), total());
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPollEvery{30};
  static constexpr std::chrono::milliseconds kProgressEvery{100};

  py::object progress_;
  Clock::time_point last_poll_;
  Clock::time_point last_progress_{};
};

}  // namespace cheapfast
