// Checks of matrices that users hand in.
#pragma once

#include <cstdint>

#include "core/csr.hpp"
#include "kernels/value_type.hpp"
#include "targets/tables/csr.hpp"

namespace cheapfast {

// Looks at every index once. Throws std::invalid_argument that names the array, the place and the value.
// `indptr_size` and `indices_size` are the lengths of the arrays as they came.
CsrFacts checked_facts(const Csr& csr, std::int64_t indptr_size, std::int64_t indices_size);

ValueFacts scan_values(ValueType type, const void* data, std::int64_t size);
// A part of what `scan_values` looks at: not entered among the kernels that ran.
ValueFacts scan_chunk(ValueType type, const void* data, std::int64_t size);

}  // namespace cheapfast
