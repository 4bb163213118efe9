// What the kernels of targets/kronecker_pair.cpp take.
#pragma once

#include <cstdint>

#include "targets/tables/kronecker.hpp"

namespace cheapfast {

// Two factors one after the other whose blocks fall into groups: in a group, each of the second's blocks takes one
// output of each of the first's. What flows between them stays in the group. Groups are numbered (outer, middle,
// inner).
struct KroneckerPairTask {
  KroneckerTask first, second;  // without the first's y and the second's x
  bool rises;                   // the second's rows lie farther apart; else the first's
  std::int64_t middles, inners;
  std::int64_t panel, panels;  // columns that go through both factors together, and how often there are so many
  std::int64_t row, block;     // from one row of scratch, one of the second's blocks to the next, in numbers
  bool is_few;                 // columns are taken one by one; scratch has them behind each other
  void* scratch;
  std::int64_t begin, end;  // units: a panel of columns of a group
  // Blocks of each group; a part of them where several threads share a group, one factor after the other.
  std::int64_t first_begin, first_end, second_begin, second_end;
};

struct KroneckerPairTable {
  void (*kronecker_pair[4])(const KroneckerPairTask&);  // by ValueType
};

}  // namespace cheapfast
