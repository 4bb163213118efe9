// Vectors whose numbers lie apart, brought together in one piece each and taken back.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/spare.hpp"
#include "kernels/dense.hpp"
#include "kernels/fused.hpp"

namespace cheapfast {

// Some vectors of operands with features of a size apart.
class Pieces {
 public:
  Pieces(std::int64_t features, std::int64_t size, std::int64_t first, std::int64_t vectors)
      : features_(features), size_(size), first_(first), vectors_(vectors) {}

  std::int64_t bytes() const { return features_ * vectors_ * size_; }
  FusedOperand part_of(const FusedOperand& operand) const {
    char* const start = static_cast<char*>(operand.memory) + first_ * operand.vector_step * size_;
    return {start, operand.feature_step, operand.vector_step};
  }
  FusedOperand in_room(char* room) const { return {room, 1, features_}; }
  void copy(const FusedOperand& from, const FusedOperand& to) const {
    copy_dense(dense(from), dense(to), size_, 0, features_);
  }

 private:
  Dense dense(const FusedOperand& operand) const {
    return {static_cast<char*>(operand.memory), features_, vectors_, operand.feature_step * size_,
            operand.vector_step * size_};
  }

  std::int64_t features_, size_, first_, vectors_;
};

// Calls body(x, y, vectors) with vectors in one piece each, some at a time; stops where it returns false, and returns
// whether it never did. What goes through its passes a vector at a time would else pick its numbers one by one, in
// every vector anew.
template <class Body>
bool in_pieces(std::int64_t features, std::int64_t size, const FusedOperand& x, const FusedOperand& y,
               std::int64_t vectors, const Body& body) {
  constexpr std::int64_t kTogether = 16;
  const bool gathers = x.feature_step != 1, scatters = y.feature_step != 1;
  if (!gathers && !scatters) return body(x, y, vectors);
  Spare<kPiecesSpare> spare;
  for (std::int64_t first = 0; first < vectors; first += kTogether) {
    const Pieces pieces(features, size, first, std::min(kTogether, vectors - first));
    char* const room = spare.of_size(pieces.bytes() * (gathers && scatters ? 2 : 1));
    FusedOperand source = pieces.part_of(x), target = pieces.part_of(y);
    if (gathers) {
      const FusedOperand near = pieces.in_room(room);
      pieces.copy(source, near);
      source = near;
    }
    if (scatters) target = pieces.in_room(gathers ? room + pieces.bytes() : room);
    if (!body(source, target, std::min(kTogether, vectors - first))) return false;
    if (scatters) pieces.copy(target, pieces.part_of(y));
  }
  return true;
}

}  // namespace cheapfast
