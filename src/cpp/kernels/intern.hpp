// Products whose equal rows are stored once (hash-consing of supports).
//
// A fast transform has n rows but few different row supports at every stage: an FFT given as plain sparse matrices
// costs n log n this way and n^2 any other. Hashes find the candidates, contents decide: the counts are exact.
#pragma once

#include <cstdint>
#include <optional>

#include "core/buffer.hpp"
#include "core/csr.hpp"
#include "core/memory.hpp"
#include "kernels/count.hpp"

namespace cheapfast {

// The product of the layers so far: row r has the support of row class_of[r] of csr. Where functions take a pointer to
// a tail, null stands for no layers at all: every column is a class of its own.
struct Tail {
  Charge charge;
  Csr csr{};
  Buffer<std::uint32_t> class_of;  // empty: row r is class r
  Buffer<std::int64_t> starts;     // what csr points to, unless it is a layer of the input
  Buffer<std::int32_t> members;
  std::int64_t rows = 0;
  bool sorted = true;  // within rows

  std::uint64_t nonzeros() const;
  const std::uint32_t* classes() const { return class_of.empty() ? nullptr : class_of.data(); }
};

// The rows of the next layer with classes of a tail in the place of columns, equal ones perhaps once.
struct Keys {
  Charge charge;
  Csr csr{};
  Buffer<std::uint32_t> key_of_row;    // empty: row r is key r
  Buffer<std::uint32_t> multiplicity;  // empty: every key stands for one row
  Buffer<std::int64_t> starts;
  Buffer<std::int32_t> members;

  const std::uint32_t* multiplicities() const { return multiplicity.empty() ? nullptr : multiplicity.data(); }
};

Tail tail_of_layer(const Csr& layer);

// How often a row's key occurs on average, weighted by the work it makes, from a sample of rows; keys of fewer than
// least_size classes are left out.
double sampled_multiplicity(const Csr& layer, const Tail* tail, std::size_t least_size);

// O(nonzeros of layer). With intern, equal keys are found and stored once.
Keys make_keys(const Csr& layer, const Tail* tail, bool intern, CountContext& context);

// An upper bound of the memory that make_keys takes.
std::uint64_t keys_bytes(const Csr& layer, const Tail* tail, bool intern);

// The support of keys . tail; rows with equal supports become one class. Nothing where it would take more than half of
// the budget that is left; what was done until then is lost, and that is at most the work of filling it.
std::optional<Tail> multiply(const Keys& keys, const Tail& tail, std::int64_t rows, CountContext& context);

// Puts the members of every class in rising order, which the bit-parallel count needs.
void sort_rows(Tail& tail, CountContext& context);

}  // namespace cheapfast
