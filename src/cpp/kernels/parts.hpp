// Complex vectors behind each other, for a real map: their real and imaginary parts as vectors of their own, piece by
// piece, and the results as complex vectors again.
#pragma once

#include <cstdint>

#include "core/monitor.hpp"

namespace cheapfast {

// How vectors are cut into pieces, whose sizes differ by at most 1.
struct Cut {
  std::int64_t vectors, pieces;
  bool beside;  // the parts become columns beside each other; else those of long vectors stay behind each other

  std::int64_t least() const { return vectors / pieces; }
  std::int64_t most() const { return (vectors + pieces - 1) / pieces; }
};

// The widest of the vectors has `width` numbers of `size` bytes. O(1).
Cut cut_vectors(std::int64_t vectors, std::int64_t width, std::int64_t size);

// Vectors begin ... begin + count - 1.
struct Piece {
  std::int64_t begin, count;
};
Piece piece_of(const Cut& cut, std::int64_t i);

// `count` vectors of `features` complex numbers of `size` bytes: the parts of number f of vector v go to columns 2 v
// and 2 v + 1 of row f, or to rows 2 v and 2 v + 1. O(count features).
void take_apart(const void* from, void* parts, std::int64_t count, std::int64_t features, std::int64_t size,
                bool beside, int threads, Monitor& monitor);

// And back.
void put_together(const void* parts, void* to, std::int64_t count, std::int64_t features, std::int64_t size,
                  bool beside, int threads, Monitor& monitor);

}  // namespace cheapfast
