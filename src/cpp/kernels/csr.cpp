#include "kernels/csr.hpp"

#include <stdexcept>
#include <string>

#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

template <class I>
void check_ends(const Csr& csr, std::int64_t indptr_size, std::int64_t indices_size) {
  const I* const indptr = static_cast<const I*>(csr.starts);
  if (indptr_size != csr.rows + 1) {
    refuse("indptr must have " + std::to_string(csr.rows + 1) + " entries for " + std::to_string(csr.rows) +
           " rows, got " + std::to_string(indptr_size));
  }
  if (indptr[0] != 0) refuse("indptr must start at 0, got " + std::to_string(indptr[0]));
  if (indptr[csr.rows] < 0 || static_cast<std::int64_t>(indptr[csr.rows]) > indices_size) {
    refuse("indptr ends at " + std::to_string(indptr[csr.rows]) + ", but indices has only " +
           std::to_string(indices_size) + " entries");
  }
}

template <class I>
void refuse_bad(const Csr& csr, const CsrFacts& facts) {
  if (facts.bad_start >= 0) {
    const I* const indptr = static_cast<const I*>(csr.starts);
    refuse("indptr must not decrease: row " + std::to_string(facts.bad_start) + " starts at " +
           std::to_string(indptr[facts.bad_start]) + " and ends at " + std::to_string(indptr[facts.bad_start + 1]));
  }
  if (facts.bad_index >= 0) {
    refuse("indices must lie between 0 and " + std::to_string(csr.cols - 1) + ", the number of columns less one; got " +
           std::to_string(static_cast<const I*>(csr.indices)[facts.bad_index]) + " at position " +
           std::to_string(facts.bad_index));
  }
}

}  // namespace

CsrFacts checked_facts(const Csr& csr, std::int64_t indptr_size, std::int64_t indices_size) {
  const KernelTable& table = kernels();
  const bool narrow = csr.width == Width::narrow;
  record_run(std::string("check_csr.") + width_name(csr.width), table);
  if (narrow) {
    check_ends<std::int32_t>(csr, indptr_size, indices_size);
  } else {
    check_ends<std::int64_t>(csr, indptr_size, indices_size);
  }
  const CsrFacts facts = narrow
                             ? table.check_csr_narrow(csr.rows, csr.cols, static_cast<const std::int32_t*>(csr.starts),
                                                      static_cast<const std::int32_t*>(csr.indices))
                             : table.check_csr_wide(csr.rows, csr.cols, static_cast<const std::int64_t*>(csr.starts),
                                                    static_cast<const std::int64_t*>(csr.indices));
  if (narrow) {
    refuse_bad<std::int32_t>(csr, facts);
  } else {
    refuse_bad<std::int64_t>(csr, facts);
  }
  return facts;
}

ValueFacts scan_chunk(ValueType type, const void* data, std::int64_t size) {
  const KernelTable& table = kernels();
  switch (type) {
    case ValueType::float32:
      return table.scan_float32(static_cast<const float*>(data), size);
    case ValueType::float64:
      return table.scan_float64(static_cast<const double*>(data), size);
    case ValueType::complex64:
      return table.scan_complex64(static_cast<const float*>(data), size);
    default:
      return table.scan_complex128(static_cast<const double*>(data), size);
  }
}

ValueFacts scan_values(ValueType type, const void* data, std::int64_t size) {
  constexpr const char* kNames[] = {"scan_values.float32", "scan_values.float64", "scan_values.complex64",
                                    "scan_values.complex128"};
  record_run(kNames[static_cast<int>(type)], kernels());
  return scan_chunk(type, data, size);
}

}  // namespace cheapfast
