// The table of instruction sets: which were compiled, which can run here, which is in use, which ran.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "targets/table.hpp"

namespace cheapfast {

// Names of the instruction sets that were compiled and that this processor can run, the plainest first.
std::vector<std::string> available_targets();

// The kernels in use: the best available, or what CHEAPFAST_TARGET or set_target ask for.
const KernelTable& kernels();
void set_target(const std::string& name);  // std::invalid_argument where it is not available

// Notes that `kernel` runs with the table's instruction set; the tests read it back.
void record_run(const std::string& kernel, const KernelTable& table);
// The same for a string literal, at next to no cost where that kernel also ran last: for calls that take a microsecond.
void record_run(const char* kernel, const KernelTable& table);
std::map<std::string, std::string> recorded_runs();
void clear_recorded_runs();

const char* width_name(Width width);  // "int32", "int64", "own"

}  // namespace cheapfast
