// The Walsh-Hadamard transform along one axis of an n-d array.
#pragma once

#include <cstdint>
#include <vector>

#include "core/finish.hpp"
#include "core/monitor.hpp"
#include "kernels/value_type.hpp"

namespace cheapfast {

// One axis of an array as NumPy describes it; strides in bytes.
struct Axis {
  std::int64_t size;
  std::int64_t stride;
};

// Independent transforms of 2^levels rows each; a row is `run` contiguous numbers, which are transformed side by side.
// A complex number is two real ones.
struct HadamardLayout {
  int levels;
  std::int64_t run;
  std::int64_t stride;      // from row to row, in numbers
  std::vector<Axis> batch;  // of the transforms, fastest first; strides in numbers
};

// log2 of n, or -1 where n is no power of two.
int log2_exact(std::int64_t n);

// Finds the layout of an array, 2^levels long along `axis`. False where the kernels have none for it: the caller copies
// it to one that is contiguous. Source and destination must have the same strides.
bool hadamard_layout(ValueType type, const std::vector<Axis>& axes, std::size_t axis, HadamardLayout& layout);

// Entries +1 and -1 in Sylvester's order, not normalised: y[i] = sum over j of (-1)^popcount(i & j) x[j]. Source and
// destination are the same or do not overlap. O(n log n) sums for each transform, in stages that pair neighbours first:
// the result does not depend on the number of threads. If the monitor cancels, the destination holds neither. `finish`
// may only be given where nothing lies between the numbers, whose offsets it is told (a complex number counts once).
void hadamard(ValueType type, const void* source, void* destination, const HadamardLayout& layout, int threads,
              Monitor& monitor, const Finish* finish = nullptr);

// The same for `count` short transforms of rows without gaps, in the calling thread and without a monitor.
void hadamard_short(ValueType type, const void* source, void* destination, int levels, std::int64_t row,
                    std::int64_t count);

// `count` transforms one after the other, of rows of `row` numbers (complex ones count once) without gaps.
HadamardLayout hadamard_dense(ValueType type, int levels, std::int64_t row, std::int64_t count);

// Whether more than one thread would change nothing for so many numbers.
bool hadamard_is_serial(ValueType type, std::int64_t numbers);

}  // namespace cheapfast
