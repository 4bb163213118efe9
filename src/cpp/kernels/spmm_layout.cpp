#include "kernels/spmm_layout.hpp"

#include <algorithm>
#include <cstddef>

#include "core/caches.hpp"
#include "kernels/count.hpp"

namespace cheapfast {
namespace {

// Columns are taken so many bytes of a row at a time: what a kernel holds in registers on the widest target.
constexpr std::int64_t kWindow = 512;
// Fewer where the operand of a layer that is applied as it is would then be in a near cache, or stay in the last one,
// and its rows are read so often that a copy of it, and reading the matrix once more for every window, are little
// beside it.
constexpr std::int64_t kNarrowWindow = 128;
constexpr std::int64_t kManyReads = 16;  // of a row
// An operand of less than that, or copies, stay in the last cache for the most part.
constexpr std::int64_t kCachedBytes = std::int64_t{32} << 20;

// Kernels take rows at any distance, but within a row one column after the other.
bool is_direct(const Dense& d, ValueType type) {
  const std::int64_t part = part_bytes(type);
  return (d.columns <= 1 || d.column_stride == number_bytes(type)) && d.row_stride % part == 0 &&
         reinterpret_cast<std::uintptr_t>(d.data) % static_cast<std::uintptr_t>(part) == 0;
}

bool reads_much(const SparseLayer& layer) {
  return layer.form == SparseForm::as_is && nonzeros(layer.matrix) >= kManyReads * layer.inputs();
}

// Whether a layer reads much of an operand that a narrow window brings near, of rows that have so many bytes.
bool gains(const SparseLayer& layer, std::int64_t row_bytes) {
  const std::int64_t whole = layer.inputs() * std::min(kWindow, row_bytes), part = layer.inputs() * kNarrowWindow;
  const bool comes_near = part <= kNearBytes && kNearBytes < whole;
  const bool comes_back = part <= kCachedBytes && kAwayBytes < whole;
  return (comes_near || comes_back) && reads_much(layer);
}

// Whether a layer reads much of rows that begin within a cache line, so many bytes of each at a time: across one line
// more than these would fill. (NumPy's large arrays begin 16 bytes after a line.)
bool reads_across_lines(const SparseLayer& layer, const Dense& in, std::int64_t row_bytes) {
  const std::uintptr_t offsets = reinterpret_cast<std::uintptr_t>(in.data) | static_cast<std::uintptr_t>(in.row_stride);
  return row_bytes % kLineBytes == 0 && offsets % kLineBytes != 0 && reads_much(layer);
}

// Bytes of a window.
std::int64_t window_of(const std::vector<SparseLayer>& layers, std::int64_t row_bytes) {
  std::int64_t all = 0, reading_much = 0;
  for (const SparseLayer& layer : layers) {
    const std::int64_t terms = nonzeros(layer.matrix);
    all += terms;
    if (gains(layer, row_bytes)) reading_much += terms;
  }
  return 2 * reading_much > all ? kNarrowWindow : kWindow;
}

// What each of the panels has to hold.
void set_rows(SpmmLayout& layout, const std::vector<SparseLayer>& layers, std::int64_t inputs) {
  int next = 0;
  const auto hold = [&](std::int64_t rows) {
    layout.rows[next] = std::max(layout.rows[next], rows);
    next = 1 - next;
  };
  if (layout.pack_in) hold(inputs);
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) hold(layers[i].outputs());
  // a last layer that is applied as it is goes some rows at a time to where it is wanted
  if (layout.pack_out && layers.back().form != SparseForm::as_is) hold(layers.back().outputs());
}

}  // namespace

SpmmLayout lay_out(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in, const Dense& out) {
  const std::int64_t row_bytes = in.columns * number_bytes(type), usual = window_of(layers, row_bytes);
  std::int64_t longest = 1;
  for (const SparseLayer& layer : layers) longest = std::max(longest, layer.matrix.rows + layer.matrix.cols);
  // An operand that is read so often is copied first as well: parts of rows that are a power of two apart compete for
  // the same lines of the caches, and others lie across too many of them.
  const std::int64_t at_once = std::min(usual, row_bytes);
  const bool is_copied = (usual == kNarrowWindow && gains(layers.front(), row_bytes)) ||
                         (in.rows * at_once <= kCachedBytes && reads_across_lines(layers.front(), in, at_once));
  const bool pack_in = !is_direct(in, type), pack_out = !is_direct(out, type);
  SpmmLayout layout{is_copied || pack_in, pack_out, 0, {0, 0}};
  // from another layout, or to one, all rows are copied: the copies should stay in the last-level cache
  const std::int64_t fitting = std::max(kLineBytes, kCachedBytes / longest / kLineBytes * kLineBytes);
  const std::int64_t bytes = pack_in || pack_out ? std::min(fitting, usual) : usual;
  layout.columns = std::min(in.columns, bytes / number_bytes(type));
  set_rows(layout, layers, in.rows);
  return layout;
}

}  // namespace cheapfast
