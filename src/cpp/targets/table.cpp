#include "targets/kernels.hpp"

#define CHEAPFAST_STRING_OF(name) #name
#define CHEAPFAST_STRING(name) CHEAPFAST_STRING_OF(name)

namespace cheapfast {
namespace CHEAPFAST_TARGET {

void fill_table(KernelTable& table) {
  table.name = CHEAPFAST_STRING(CHEAPFAST_TARGET);
  fill_csr(table);
  fill_count(table);
  fill_fused(table);
  fill_hadamard(table);
  fill_kronecker(table);
  fill_sketch(table);
  fill_spmm(table);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
