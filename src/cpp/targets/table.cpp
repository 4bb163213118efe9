#include "targets/table.hpp"

#define CHEAPFAST_STRING_OF(name) #name
#define CHEAPFAST_STRING(name) CHEAPFAST_STRING_OF(name)

namespace cheapfast {
namespace CHEAPFAST_TARGET {

// One function a file of kernels: it enters them in its table.
void fill_column_bits(ColumnBitsTable& table);
void fill_count(CountTable& table);
void fill_csr(CsrTable& table);
void fill_distance(DistanceTable& table);
void fill_factorize(FactorizeTable& table);
void fill_fused(FusedTable& table);
void fill_hadamard(HadamardTable& table);
void fill_kronecker(KroneckerTable& table);
void fill_kronecker_pair(KroneckerPairTable& table);
void fill_reorder(ReorderTable& table);
void fill_roofline(RooflineTable& table);
void fill_row_bits(RowBitsTable& table);
void fill_sign_sum(SignSumTable& table);
void fill_sign_sum_double(SignSumDoubleTable& table);
void fill_sketch(SketchTable& table);
void fill_softmax(SoftmaxTable& table);
void fill_spmm(SpmmTable& table);
void fill_subset_sums(SubsetSumsTable& table);
void fill_sweeps(SweepsTable& table);
void fill_turn(TurnTable& table);

void fill_table(KernelTable& table) {
  table.name = CHEAPFAST_STRING(CHEAPFAST_TARGET);
  fill_column_bits(table);
  fill_count(table);
  fill_csr(table);
  fill_distance(table);
  fill_factorize(table);
  fill_fused(table);
  fill_hadamard(table);
  fill_kronecker(table);
  fill_kronecker_pair(table);
  fill_reorder(table);
  fill_roofline(table);
  fill_row_bits(table);
  fill_sign_sum(table);
  fill_sign_sum_double(table);
  fill_sketch(table);
  fill_softmax(table);
  fill_spmm(table);
  fill_subset_sums(table);
  fill_sweeps(table);
  fill_turn(table);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
