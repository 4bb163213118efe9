// What every instruction set offers: the table of kernels, and the plain data that they take.
//
// Kernels in this folder are compiled once per instruction set, each time in a namespace of its own. They use no std::
// templates and no inline function of a shared header: the linker would keep one copy of those, perhaps the one
// compiled for AVX-512, and older machines would crash in it.
#pragma once

#include <cstdint>

#include "core/csr.hpp"

namespace cheapfast {

// What a row of `head` reaches is the union of the rows of `tail` that its columns name. The scratch belongs to one
// thread; all bytes zero (and epoch 0) before its first use.
struct UnionScratch {
  std::uint16_t* stamps;     // one for each column of tail: the last row that reached it
  std::int64_t stamps_size;  // at least the columns of tail
  std::uint64_t* bits;       // one bit for each column of tail, in whole 64-byte lines; left zero between rows
  std::uint32_t epoch;       // stamps equal to it belong to the row in hand
};

enum class Accumulator : int {
  automatic,  // stamps or bitmap, row by row
  stamps,
  bitmap,
  runs,  // for tails whose rows are mostly unbroken runs of sorted columns; stamps where they are not
};

struct CountTask {
  Csr head;
  Csr tail;
  const std::uint32_t* multiplicity;  // how often each row of head counts; null: once
  std::int64_t begin, end;            // rows of head
  std::uint64_t work_limit;           // return after the row in which this much work was done
  Accumulator accumulator;
};

struct CountOutcome {
  std::int64_t next;    // the row to go on with
  std::uint64_t count;  // nonzeros of rows begin ... next - 1
  std::uint64_t work;   // index pairs looked at
};

// One row after another is pushed through all layers of head, and then counted in tail.
struct PushTask {
  const Csr* layers;  // matrix order
  int layer_count;
  Csr tail;
  const std::uint32_t* tail_class;  // row of the last layer's columns -> row of tail; null: the same
  std::uint64_t work_limit;
  std::int64_t begin, end;  // rows of layers[0]
};

struct PushScratch {
  UnionScratch tail;
  std::uint16_t* stamps;  // one for each column of the widest layer (and each row of tail, with tail_class)
  std::int64_t stamps_size;
  std::uint32_t* list_a;  // room for the widest layer's columns and one more
  std::uint32_t* list_b;
  std::uint32_t epoch;
};

// Work of a push, by step: what choosing a method needs to know.
struct PushOutcome {
  std::int64_t next;
  std::uint64_t count;
  std::uint64_t push_work;   // pairs while lists were made
  std::uint64_t final_work;  // pairs of the last step
  std::uint64_t final_rows;  // rows of tail looked up in it
};

// 512 columns of the product at a time: one bit each.
constexpr int kBatchColumns = 512;
struct alignas(64) Bits512 {
  std::uint64_t word[8];
};

// Sketches of sets: what a row reaches has the maximum, byte by byte (or the minimum, float by float), of the sketches
// of the columns that it names. With `sums`, no sketches are written but what they say of the size of each row.
struct SketchTask {
  Csr layer;       // narrow or wide
  const void* in;  // one sketch a column, on a boundary of 64 bytes
  void* out;       // one sketch a row; not used with sums
  void* sums;      // null; or one uint64 a row, added to (maxima), or one double a row, set (minima)
  std::int64_t begin, end;
};

// What one register adds to a sum: 2^(kMostRank - rank), or 2^kEmptyShift where nothing reached it. Sums of 64 of them
// are exact in 64 bits, in any order: slices of a sketch add up to what the whole would have given.
constexpr int kMostRank = 40;
constexpr int kEmptyShift = 46;
// The minimum over no columns.
constexpr float kNoRank = 3e38f;

struct CsrFacts {
  std::int64_t bad_start;  // first row whose start lies beyond its end, or -1
  std::int64_t bad_index;  // first position whose column is out of range, or -1
  bool strictly_increasing;
  bool is_diagonal;  // position k holds column k
};

struct ValueFacts {
  std::int64_t zeros;
  std::int64_t non_finite;
};

// Types of the weights and of the operand of a sparse product. A real matrix takes a complex operand as twice as many
// real columns, so that weights are never wider than what they multiply.
enum class SpmmKind : int {
  float32_float32,
  float32_float64,
  float64_float64,
  complex64_complex64,
  complex64_complex128,
  complex128_complex128,
};
constexpr int kSpmmKinds = 6;

// Rows of matrix times operand (rows of the result), or of transpose times operand (rows of the matrix).
// Strides and columns count reals, of which a complex number is two.
struct SpmmTask {
  Csr matrix;  // narrow or wide
  const void* weights;
  const std::int64_t* order;  // row r of the result is row order[r] of the matrix (transposed: row r of the matrix
                              // meets row order[r] of the operand); null: r
  const void* bias;           // of the operand's type, bias_parts reals a row; null: none
  int bias_parts;
  bool conjugate;  // of complex weights
  bool prefetch;   // the rows that indices name are not in a near cache
  const void* in;
  std::int64_t in_stride;
  void* out;
  std::int64_t out_stride;
  std::int64_t columns;
  std::int64_t begin, end;
};

// Rows of `run` contiguous numbers, `stride` numbers apart; run == stride where nothing lies between them.
struct HadamardRows {
  std::int64_t run;
  std::int64_t stride;
};

constexpr int kHadamardTallLevels = 8;  // at most so many in one call of `tall`

// source == destination, or the two do not overlap.
template <class T>
struct HadamardKernels {
  // `count` blocks of 2^levels rows, one after the other (in one piece, if count > 1); far: they come from beyond the
  // second-level cache
  void (*blocks)(const T* source, T* destination, const HadamardRows&, int levels, std::int64_t count, bool far);
  // 2^levels rows, any distance apart: their columns begin ... end - 1
  void (*tall)(const T* source, T* destination, std::int64_t stride, int levels, std::int64_t begin, std::int64_t end);
};

enum class KroneckerLanes : int {
  columns,  // many vectors: one weight serves a register of columns
  ids,      // one vector, weights contiguous along id
  rows,     // one vector, d = 1, weights contiguous along ib
};
// A unit of work is a panel of rows times a panel of columns (of ids) of one block.
constexpr std::int64_t kKroneckerRows = 64;
constexpr std::int64_t kKroneckerColumns = 256;

// One factor I_a (x) 1_{b x c} (x) I_d. Operand and result have contiguous rows of `columns` numbers.
struct KroneckerTask {
  std::int64_t a, b, c, d;
  std::int64_t stride[4];  // of values along ia, ib, ic, id, in numbers; 0 where they are tied
  const void* values;
  const void* bias;  // one for each row of the result; null: none
  const void* x;
  void* y;
  std::int64_t columns;
  KroneckerLanes lanes;
  std::int64_t row_panels, column_panels;
  bool is_far;              // the next block is asked for while one is worked on
  std::int64_t begin, end;  // units
};

enum class FusedKind : int {
  rising,   // log2(radix) layers of 2 x 2 blocks, the closest rows first
  falling,  // the same, the farthest rows first
  sums,     // all blocks are (1, 1; 1, -1)
  fourier,  // forward Fourier transforms of length `radix`, after a twiddle factor for each row but the first
};

// Several layers of a run, done in registers: rows q + step * (i + radix * g), i < radix, of a tile at a time.
struct FusedPass {
  FusedKind kind;
  int radix;
  std::int64_t step;
  const void* weights;
  std::int64_t tile_step, group_step, row_step;  // from one tile, g, q to the next, in scalars; 0 where they are tied
  std::int64_t tile_period;                      // tile t has the weights of tile t % tile_period
  int lanes_from;  // of a sweep over one vector: layers from this stride on, within registers; else beyond all lanes
  bool is_unit;    // of a sweep: blocks are (1, p; q, 1), of which p and q are there
  bool is_scaled;  // of a sweep: each row is multiplied by a weight in the end; those follow the layers'
  // Of Fourier transforms of one vector: the weights of row i are those of the tile times turns[q * (radix - 1) + i -
  // 1], which all lanes share. null: the weights are complete.
  const void* turns;
};

// Rows row[i] and columns column[j] apart, in scalars, from `memory` on.
struct FusedPlaces {
  void* memory;
  const std::int64_t* row;
  const std::int64_t* column;
  bool adjacent;       // columns follow each other and fill whole registers
  bool rows_are_unit;  // rows follow each other
};

struct FusedTile {
  const FusedPass* passes;
  int pass_count;
  std::int64_t rows;
  std::int64_t columns;  // there; scratch has room for them in whole registers
  FusedPlaces in, out;
  std::int64_t weights;  // which tile's
  // For each row of each tile, laid out as weights are: the factor of what is read, that of what is written, and what
  // is added last; null: none.
  const void* in_scale;
  const void* out_scale;
  const void* bias;
  void* scratch;
};

// One pass over all rows of an operand, or over some: unit u has the rows u % step + step * (i + radix * (u / step)).
struct Sweep {
  FusedPass pass;  // of kind rising or falling
  const void* in;
  void* out;                       // may be `in`
  std::int64_t in_step, out_step;  // from row to row, in scalars
  std::int64_t width;              // scalars of a row: whole registers
  bool from_caller, to_caller;     // complex numbers as the caller has them, else split into parts
  std::int64_t begin, end;         // units
  // Of a pass that is scaled: becomes the bits of the largest magnitude of a real or imaginary part that is written,
  // if that is larger; null: not asked for. As numbers, bits are in the order of the magnitudes, infinity and NaN last.
  std::uint64_t* largest;
};

enum class SigmaKind : int { exp, logistic, tanh, softplus, sin, gauss, relu, step, repu };
constexpr int kSigmaKinds = 9;
constexpr std::int64_t kSignSumPairs = 256;  // tables come in whole multiples: 4 x 16 lanes, four pairs each
constexpr std::int64_t kReluPairs = 32;      // and those of relu in these
constexpr std::int64_t kSignSumBlock = 512;  // sums of high halves in one call, at most

// sum over k < count of (-1)^popcount(k) sum over j < pairs of [sigma(high[k] + low[j]) - sigma(high[k] - low[j])]
struct SignSumTask {
  const void* low;  // tables are of the kernel's type; pairs beyond the true ones are 0, so that they cancel
  std::int64_t pairs;
  const void* merged;        // eight tables of pairs / 4 coefficients, see `sign_sum_merged`
  const void* exponentials;  // e^low, and then e^-low
  const void* magnitudes;    // |low|: the positive ones, filled up with zeros to `positive`, and then the others
  std::int64_t positive, end;
  const double* high;
  std::int64_t count;
  int degree;   // of a power of relu
  bool inside;  // no argument leaves the range where e^u is a normal number
};

// The same in double-double arithmetic: numbers are the sums of a high and a low part.
struct SignSumDoubleTask {
  const double* low[2];
  std::int64_t pairs;
  const double* high[2];
  std::int64_t count;
  int degree;
};

// Sums over subsets by 1 to 3 bits: 2^bits rows, of which the places j < width, whole registers.
struct SubsetRows {
  void* data;
  std::int64_t stride, width;  // of the numbers
  int bits;
};

// Blocks (i2, j1) of one matrix, for the groups j1 = order[begin] ... order[end - 1] of its columns, see
// kernels/factorize.hpp. Scratch has room for the blocks and one more, each row padded by 128 bytes.
struct SplitTask {
  const void* values;
  std::int64_t matrix_stride, row_stride;  // in numbers
  const std::int64_t* rows;
  const std::int64_t* columns;
  const std::int64_t* order;
  bool adjacent;  // the columns of each group follow one another in memory
  std::int64_t d, p, m, k, w;
  void* left;
  void* right;
  std::int64_t matrix, i2, begin, end;
  void* scratch;
  double* row_norms;        // room for p
  int steps;                // of the power method, at most
  double residual2, norm2;  // results, summed over the blocks
};

// Rows begin ... end - 1, in the order of `rows`, of what kernels/distance.hpp compares.
struct DistanceTask {
  const void* values;
  const std::int64_t* rows;
  std::int64_t p, width, left_width;
  const double* left[2];
  const double* right[2];
  std::int64_t runs, run_length;
  const std::int64_t* starts;
  std::int64_t begin, end;
};

struct KernelTable {
  const char* name;

  CsrFacts (*check_csr_narrow)(std::int64_t rows, std::int64_t cols, const std::int32_t*, const std::int32_t*);
  CsrFacts (*check_csr_wide)(std::int64_t rows, std::int64_t cols, const std::int64_t*, const std::int64_t*);
  ValueFacts (*scan_float32)(const float*, std::int64_t size);
  ValueFacts (*scan_float64)(const double*, std::int64_t size);
  ValueFacts (*scan_complex64)(const float*, std::int64_t size);
  ValueFacts (*scan_complex128)(const double*, std::int64_t size);

  HadamardKernels<float> hadamard_float32;
  HadamardKernels<double> hadamard_float64;

  // sum over the rows begin ... end - 1 of head of the lengths of the rows of tail that they name
  std::uint64_t (*pair_work[kWidths][kWidths])(const Csr& head, const Csr& tail, std::int64_t begin, std::int64_t end);
  CountOutcome (*count_rows[kWidths][kWidths])(const CountTask&, UnionScratch&);
  PushOutcome (*push_rows)(const PushTask&, PushScratch&);

  // The first and the later steps of a bit-parallel count; cursor[r] is the next unread position of row r.
  void (*fill_bits[kWidths])(const Csr&, std::int64_t first_column, std::int64_t* cursor, std::int64_t begin,
                             std::int64_t end, Bits512* out);
  void (*pull_bits[kWidths])(const Csr&, const Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out);
  std::uint64_t (*pull_bits_count[kWidths])(const Csr&, const Bits512* in, std::int64_t begin, std::int64_t end);
  // Both at once: stores and counts.
  std::uint64_t (*pull_bits_counted[kWidths])(const Csr&, const Bits512* in, std::int64_t begin, std::int64_t end,
                                              Bits512* out);

  // 512 rows at once, the other way: out[c] |= in[r], and in the end the nodes that have each bit are counted.
  void (*push_bits[kWidths])(const Csr&, Bits512* in, std::int64_t begin, std::int64_t end, Bits512* out);
  void (*count_each_bit)(const Bits512* in, std::int64_t begin, std::int64_t end, std::int64_t* counts);

  // [narrow, wide][64 bytes a node, 16]; see SketchTask
  void (*sketch_maxima[2][2])(const SketchTask&);
  void (*sketch_minima[2])(const SketchTask&);  // 64 bytes a node

  // result = matrix . operand (+ bias); with [1] the result is added to: result += transpose . operand
  void (*spmm[kSpmmKinds][2][2])(const SpmmTask&);  // [kind][transposed][narrow, wide]

  // [float32, float64][SigmaKind]; of merged: 32, 16 or 8 neurons a division
  double (*sign_sum[2][kSigmaKinds])(const SignSumTask&);
  double (*sign_sum_merged[2][3])(const SignSumTask&);
  double (*sign_sum_exp_table[2])(const SignSumTask&);
  void (*activate[2][kSigmaKinds])(const void* source, void* destination, std::int64_t size, int degree);
  void (*sign_sum_double[kSigmaKinds])(const SignSumDoubleTask&, double* sum);  // sum[0] + sum[1]

  // [float32, float64, int64][alternating, plain]
  void (*subset_block[3][2])(void* data, std::int64_t size);
  void (*subset_rows[3][2])(const SubsetRows&);

  void (*split[4])(SplitTask&);  // by ValueType
  // [float32, float64][terms less one][each number of a run its own left factor, or all the same]
  double (*distance[2][2][2])(const DistanceTask&);
  double (*squares[2])(const void* data, std::int64_t size);  // their sum, in double precision

  void (*kronecker[4])(const KroneckerTask&);  // by ValueType
  // [weights shared by the columns of a tile, or each lane its own]
  void (*fused[4][2])(const FusedTile&);
  int fused_lanes[4];                          // columns in a register
  void (*fused_gather[4])(const FusedTile&);   // rows and columns from `in` to scratch
  void (*fused_scatter[4])(const FusedTile&);  // and from scratch to `out`
  // [columns share weights, or one vector]
  void (*sweep[4][2])(const Sweep&);
  int sweep_radix[4];  // the largest for one vector; 8 for columns

  // what the machine does at best
  float (*stream_read)(const float* data, std::int64_t size, std::int64_t repeats);
  void (*stream_update)(float* data, std::int64_t size, float factor, std::int64_t repeats);
  float (*iterate_float32)(float factor, std::int64_t steps);
  double (*iterate_float64)(double factor, std::int64_t steps);
  int iterate_flops[2];  // of one step: float32, float64
};

}  // namespace cheapfast
