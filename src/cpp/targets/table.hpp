// What every instruction set offers: one table of kernels, put together from a table for each file of them.
//
// Kernels in this folder are compiled once per instruction set, each time in a namespace of its own. They use no std::
// templates and no inline function of a shared header: the linker would keep one copy of those, perhaps the one
// compiled for AVX-512, and older machines would crash in it. Each file includes its own table only, so that a change
// to one does not compile the others again.
#pragma once

#include "targets/tables/column_bits.hpp"
#include "targets/tables/count.hpp"
#include "targets/tables/csr.hpp"
#include "targets/tables/distance.hpp"
#include "targets/tables/factorize.hpp"
#include "targets/tables/fused.hpp"
#include "targets/tables/hadamard.hpp"
#include "targets/tables/kronecker.hpp"
#include "targets/tables/kronecker_pair.hpp"
#include "targets/tables/reorder.hpp"
#include "targets/tables/roofline.hpp"
#include "targets/tables/row_bits.hpp"
#include "targets/tables/sign_sum.hpp"
#include "targets/tables/sign_sum_double.hpp"
#include "targets/tables/sketch.hpp"
#include "targets/tables/softmax.hpp"
#include "targets/tables/spmm.hpp"
#include "targets/tables/subset_sums.hpp"
#include "targets/tables/sweeps.hpp"
#include "targets/tables/turn.hpp"

namespace cheapfast {

struct KernelTable : ColumnBitsTable,
                     CountTable,
                     CsrTable,
                     DistanceTable,
                     FactorizeTable,
                     FusedTable,
                     HadamardTable,
                     KroneckerTable,
                     KroneckerPairTable,
                     ReorderTable,
                     RooflineTable,
                     RowBitsTable,
                     SignSumTable,
                     SignSumDoubleTable,
                     SketchTable,
                     SoftmaxTable,
                     SpmmTable,
                     SubsetSumsTable,
                     SweepsTable,
                     TurnTable {
  const char* name;
};

}  // namespace cheapfast
