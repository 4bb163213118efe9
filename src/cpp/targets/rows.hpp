// The two arrays of a support, typed.
#pragma once

#include <cstdint>

#include "core/csr.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// Columns are not negative, and addresses come cheaper from unsigned ones.
template <class S, class X, class U>
struct Rows {
  using Start = S;
  using Index = X;
  using Column = U;
  const S* starts;
  const X* indices;
  explicit Rows(const Csr& csr)
      : starts(static_cast<const S*>(csr.starts)), indices(static_cast<const X*>(csr.indices)) {}
};
using Narrow = Rows<std::int32_t, std::int32_t, std::uint32_t>;
using Wide = Rows<std::int64_t, std::int64_t, std::uint64_t>;
using Own = Rows<std::int64_t, std::int32_t, std::uint32_t>;

}  // namespace
}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
