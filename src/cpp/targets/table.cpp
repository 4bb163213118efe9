#include "targets/kernels.hpp"

#define CHEAPFAST_STRING_OF(name) #name
#define CHEAPFAST_STRING(name) CHEAPFAST_STRING_OF(name)

namespace cheapfast {
namespace CHEAPFAST_TARGET {

void fill_table(KernelTable& table) {
  table.name = CHEAPFAST_STRING(CHEAPFAST_TARGET);
  fill_count(table);
  fill_csr(table);
  fill_distance(table);
  fill_factorize(table);
  fill_fused(table);
  fill_hadamard(table);
  fill_kronecker(table);
  fill_roofline(table);
  fill_row_bits(table);
  fill_sign_sum(table);
  fill_sign_sum_double(table);
  fill_sketch(table);
  fill_spmm(table);
  fill_subset_sums(table);
  fill_sweeps(table);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
