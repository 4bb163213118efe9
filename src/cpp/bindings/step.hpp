// One pass of a plan with its weights at hand: what a program strings together.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>

#include "core/finish.hpp"
#include "core/monitor.hpp"
#include "kernels/value_type.hpp"

namespace cheapfast {

// Vectors without gaps: (features, vectors) with the vectors of a feature side by side, or (vectors, features).
enum class Layout { columns, rows };

// In which layouts a step takes its operand: in that which it was made for, in either, or in either with the result in
// any other.
enum class Layouts { as_made, either, any };

// What a step throws whose numbers left the range of their type though those of its layers, one by one, would not; the
// result is of no use, and the step has to be taken another way.
struct RangeExceeded {};

class Step {
 public:
  virtual ~Step() = default;

  virtual ValueType type() const = 0;  // of operand and result
  virtual std::int64_t inputs() const = 0;
  virtual std::int64_t outputs() const = 0;
  // Most numbers of one vector between layers within the step, or that leave it.
  virtual std::int64_t widest() const { return outputs(); }

  // Whether the weights lie as the instruction set in use wants them.
  virtual bool is_current() const { return true; }
  // Whether more than one thread would change nothing.
  virtual bool is_serial(std::int64_t vectors) const = 0;
  // Whether x and y may be the same.
  virtual bool works_in_place() const { return false; }
  virtual Layouts layouts() const { return Layouts::as_made; }

  // y = step . x, both in one layout and aligned to their numbers; they do not overlap. May throw RangeExceeded.
  virtual void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads,
                   Monitor& monitor) const = 0;
  // The same from one layout to another; where they differ, for a step with Layouts::any.
  virtual void run_between(const void* x, Layout from, void* y, Layout to, std::int64_t vectors, int threads,
                           Monitor& monitor) const {
    if (from != to) throw std::logic_error("this step cannot turn rows to columns");
    run(x, y, vectors, from, threads, monitor);
  }
};

// A step that can have something done with each piece of its result while that is still in a cache.
class FinishedStep : public Step {
 public:
  // The same as run, and calls `finish` for all numbers of y.
  virtual void run_and_finish(const void* x, void* y, std::int64_t vectors, Layout layout, int threads,
                              Monitor& monitor, const Finish& finish) const = 0;
};

// A Python class of steps; `Step` is registered by register_program, before all others.
template <class T>
using StepClass = pybind11::class_<T, Step>;

}  // namespace cheapfast
