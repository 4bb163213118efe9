// Sketches of the supports of a chain's rows, layer by layer: how large is each row of the product, roughly?
//
// A HyperLogLog sketch (Flajolet, Fusy, Gandouet, Meunier 2007) of a set is 64 registers: each column is hashed to one
// of them and to a geometric rank, and a register keeps the largest rank. A sketch of a union is the maximum of the
// sketches, so one pass over the entries of all layers sketches every row of the product. Cohen's sketch (1997) keeps
// the least of random exponential ranks instead.
#pragma once

#include <cstdint>

#include "core/csr.hpp"
#include "core/monitor.hpp"
#include "targets/tables/sketch.hpp"

namespace cheapfast {

enum class SketchKind : int {
  registers,         // 64 bytes a node: all registers of HyperLogLog
  sliced_registers,  // 16 bytes a node: a quarter of them
  ranks,             // 16 floats a node: Cohen's minima
};
constexpr int kRegisters64 = 64;

std::int64_t sketch_bytes(SketchKind kind);  // of one node

// The sketches of single columns, registers first_register ... of 64; which register and which rank is up to the seed.
void sketch_columns(SketchKind kind, std::int64_t columns, int first_register, std::uint64_t seed, void* out,
                    int threads, Monitor& monitor);

// The sketches of the rows of layer . (what `in` sketches); O(nonzeros). With `sums` (see SketchTask) what they say of
// each row's size instead. Memory on boundaries of 64 bytes.
void sketch_layer(SketchKind kind, const Csr& layer, const void* in, void* out, void* sums, int threads,
                  Monitor& monitor);

}  // namespace cheapfast
