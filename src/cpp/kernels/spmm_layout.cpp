#include "kernels/spmm_layout.hpp"

#include <algorithm>
#include <cstddef>

#include "kernels/count.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kLine = 64;
// Columns are taken so many bytes of a row at a time: what a kernel holds in registers on the widest target.
constexpr std::int64_t kWindow = 512;
// Fewer where the operand of a layer that is applied as it is would then be in a near cache, and its rows are read so
// often that reading the matrix once more for every window is little beside it.
constexpr std::int64_t kNarrowWindow = 128;
constexpr std::int64_t kManyReads = 48;  // of a row
// Where they are copied from and to another layout, fewer: the copies should stay in the last-level cache.
constexpr std::int64_t kPackedBytes = std::int64_t{32} << 20;

// Kernels take rows at any distance, but within a row one column after the other.
bool is_direct(const Dense& d, ValueType type) {
  const std::int64_t part = part_bytes(type);
  return (d.columns <= 1 || d.column_stride == number_bytes(type)) && d.row_stride % part == 0 &&
         reinterpret_cast<std::uintptr_t>(d.data) % static_cast<std::uintptr_t>(part) == 0;
}

// Whether a layer reads much of an operand that a narrow window brings near, of rows that have so many bytes.
bool gains(const SparseLayer& layer, std::int64_t row_bytes) {
  const std::int64_t rows = layer.inputs();
  const bool comes_near = rows * std::min(kWindow, row_bytes) > kNearBytes && rows * kNarrowWindow <= kNearBytes;
  return comes_near && layer.form == SparseForm::as_is && nonzeros(layer.matrix) >= kManyReads * rows;
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

}  // namespace

SpmmLayout lay_out(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in, const Dense& out) {
  const std::int64_t row_bytes = in.columns * number_bytes(type), usual = window_of(layers, row_bytes);
  // Parts of rows that are a power of two apart compete for the same lines of the caches: an operand that is read so
  // often is copied first. It is small, or it would not come near.
  const bool is_copied = usual == kNarrowWindow && gains(layers.front(), row_bytes);
  SpmmLayout layout{is_copied || !is_direct(in, type), !is_direct(out, type), 0, 0, 0};
  std::int64_t longest = 1;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i > 0) layout.rows = std::max(layout.rows, layers[i].inputs());
    longest = std::max(longest, layers[i].matrix.rows + layers[i].matrix.cols);
  }
  if (layout.pack_in) layout.rows = std::max(layout.rows, in.rows);
  const bool whole = layout.pack_out && layers.back().form != SparseForm::as_is;  // or some rows at a time
  if (whole) layout.rows = std::max(layout.rows, out.rows);
  const std::int64_t fitting = std::max(kLine, kPackedBytes / longest / kLine * kLine);
  const std::int64_t bytes = layout.pack_in || layout.pack_out ? std::min(fitting, usual) : usual;
  layout.columns = std::min(in.columns, bytes / number_bytes(type));
  const std::size_t between = layers.size() - 1 + (layout.pack_in ? 1 : 0) + (whole ? 1 : 0);
  layout.panels = static_cast<int>(std::min<std::size_t>(2, between));
  return layout;
}

}  // namespace cheapfast
