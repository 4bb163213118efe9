// One function a file of kernels: it enters its kernels in the table of the instruction set being compiled.
#pragma once

#include "targets/table.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {

void fill_count(KernelTable& table);
void fill_csr(KernelTable& table);
void fill_distance(KernelTable& table);
void fill_factorize(KernelTable& table);
void fill_fused(KernelTable& table);
void fill_hadamard(KernelTable& table);
void fill_kronecker(KernelTable& table);
void fill_roofline(KernelTable& table);
void fill_row_bits(KernelTable& table);
void fill_sign_sum(KernelTable& table);
void fill_sign_sum_double(KernelTable& table);
void fill_sketch(KernelTable& table);
void fill_spmm(KernelTable& table);
void fill_subset_sums(KernelTable& table);
void fill_sweeps(KernelTable& table);

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
