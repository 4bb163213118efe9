// What the kernels of sign sums read of the low signs: their sums, and what is computed from them once.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/buffer.hpp"
#include "kernels/signs.hpp"

namespace cheapfast {

// What a kernel reads, in its type.
template <class T>
class LowTables {
 public:
  LowTables(const SignSplit& split, const double* steps) : pairs_(split.padded_pairs()) {
    low_.resize(static_cast<std::size_t>(pairs_));
    low_.fill_zero();
    exact_.reserve(static_cast<std::size_t>(split.pairs()));
    for_each_pair(split, steps, [&](std::int64_t j, double t) {
      exact_.push_back(t);
      low_.data()[j] = static_cast<T>(t);
    });
  }

  const T* low() const { return low_.data(); }

  // The coefficients of sums of four fractions 2 sinh(t) / (1 + 2 cosh(t) w): four of the numerator, by rising powers
  // of w, and four of the denominator, but its first, 1.
  const T* merged() {
    const std::int64_t places = pairs_ / 4;
    T* const out = more(8 * places);
    for (std::int64_t j = 0; j < places; ++j) {
      double over[4] = {}, under[5] = {1};
      for (std::size_t i = static_cast<std::size_t>(j); i < exact_.size(); i += static_cast<std::size_t>(places)) {
        add_fraction(exact_[i], over, under);
      }
      for (int i = 0; i < 4; ++i) {
        out[i * places + j] = static_cast<T>(over[i]);
        out[(4 + i) * places + j] = static_cast<T>(under[1 + i]);
      }
    }
    return out;
  }

  const T* exponentials() {
    T* const out = more(2 * pairs_);
    for (std::size_t j = 0; j < exact_.size(); ++j) {
      out[j] = static_cast<T>(std::exp(exact_[j]));
      out[static_cast<std::size_t>(pairs_) + j] = static_cast<T>(std::exp(-exact_[j]));
    }
    return out;
  }

  // Fills the positive ones from the beginning, the others from `positive` on.
  const T* magnitudes(std::int64_t& positive, std::int64_t& end) {
    const auto whole = [](std::int64_t count) { return (count + kReluPairs - 1) / kReluPairs * kReluPairs; };
    std::int64_t count = 0;
    for (const double t : exact_) count += t > 0;
    positive = whole(count);
    end = positive + whole(static_cast<std::int64_t>(exact_.size()) - count);
    T* const out = more(end);
    std::int64_t next[2] = {0, positive};
    for (const double t : exact_) out[next[t > 0 ? 0 : 1]++] = static_cast<T>(std::abs(t));
    return out;
  }

 private:
  // over / under + 2 sinh(t) / (1 + 2 cosh(t) w)
  static void add_fraction(double t, double* over, double* under) {
    const double difference = 2 * std::sinh(t), sum = 2 * std::cosh(t);
    for (int i = 3; i > 0; --i) over[i] += sum * over[i - 1] + difference * under[i];
    over[0] += difference;
    for (int i = 4; i > 0; --i) under[i] += sum * under[i - 1];
  }

  T* more(std::int64_t size) {
    more_.resize(static_cast<std::size_t>(size));
    more_.fill_zero();
    return more_.data();
  }

  std::int64_t pairs_;
  std::vector<double> exact_;
  Buffer<T> low_, more_;
};

}  // namespace cheapfast
