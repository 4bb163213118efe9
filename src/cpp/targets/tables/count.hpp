// Counts of a product row by row: what the kernels of targets/count.cpp take.
#pragma once

#include <cstdint>

#include "core/csr.hpp"

namespace cheapfast {

// What a row of `head` reaches is the union of the rows of `tail` that its columns name. The scratch belongs to one
// thread; all bytes zero (and epoch 0) before its first use.
struct UnionScratch {
  std::uint16_t* stamps;     // one for each column of tail: the last row that reached it
  std::int64_t stamps_size;  // at least the columns of tail
  std::uint64_t* bits;       // one bit for each column of tail, in whole 64-byte lines; left zero between rows
  std::uint32_t epoch;       // stamps equal to it belong to the row in hand
};

enum class Accumulator : int {
  automatic,  // stamps or bitmap, row by row
  stamps,
  bitmap,
  runs,  // for tails whose rows are mostly unbroken runs of sorted columns; stamps where they are not
};

struct CountTask {
  Csr head;
  Csr tail;
  const std::uint32_t* multiplicity;  // how often each row of head counts; null: once
  std::int64_t begin, end;            // rows of head
  std::uint64_t work_limit;           // return after the row in which this much work was done
  Accumulator accumulator;
};

struct CountOutcome {
  std::int64_t next;    // the row to go on with
  std::uint64_t count;  // nonzeros of rows begin ... next - 1
  std::uint64_t work;   // index pairs looked at
};

// One row after another is pushed through all layers of head, and then counted in tail.
struct PushTask {
  const Csr* layers;  // matrix order
  int layer_count;
  Csr tail;
  const std::uint32_t* tail_class;  // row of the last layer's columns -> row of tail; null: the same
  std::uint64_t work_limit;
  std::int64_t begin, end;  // rows of layers[0]
};

struct PushScratch {
  UnionScratch tail;
  std::uint16_t* stamps;  // one for each column of the widest layer (and each row of tail, with tail_class)
  std::int64_t stamps_size;
  std::uint32_t* list_a;  // room for the widest layer's columns and one more
  std::uint32_t* list_b;
  std::uint32_t epoch;
};

// Work of a push, by step: what choosing a method needs to know.
struct PushOutcome {
  std::int64_t next;
  std::uint64_t count;
  std::uint64_t push_work;   // pairs while lists were made
  std::uint64_t final_work;  // pairs of the last step
  std::uint64_t final_rows;  // rows of tail looked up in it
};

struct CountTable {
  // sum over the rows begin ... end - 1 of head of the lengths of the rows of tail that they name
  std::uint64_t (*pair_work[kWidths][kWidths])(const Csr& head, const Csr& tail, std::int64_t begin, std::int64_t end);
  CountOutcome (*count_rows[kWidths][kWidths])(const CountTask&, UnionScratch&);
  PushOutcome (*push_rows)(const PushTask&, PushScratch&);
};

}  // namespace cheapfast
