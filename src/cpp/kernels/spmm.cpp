#include "kernels/spmm.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "core/buffer.hpp"
#include "core/caches.hpp"
#include "core/pool.hpp"
#include "kernels/count.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/spmm_layout.hpp"

namespace cheapfast {
namespace {

// Rows of an operand that is not near are prefetched. A processor looks far enough ahead to hide what a short row
// costs, as long as it is in some cache.
constexpr std::int64_t kFarBytes = std::int64_t{8} << 20;
constexpr std::int64_t kShortRow = 32;
// Work, in cache lines of the operand, that is handed out at a time, and below which one thread is enough.
constexpr std::int64_t kChunkLines = std::int64_t{1} << 13;
constexpr std::int64_t kSerialLines = std::int64_t{1} << 16;
constexpr std::int64_t kCopyRows = 256;

SpmmKind kind_of(ValueType weights, ValueType operand) {
  const bool wide = !is_single(operand);
  if ((!is_single(weights) && !wide) || (is_complex(weights) && !is_complex(operand))) {
    throw std::invalid_argument(std::string("weights of ") + name_of(weights) + " do not apply to an operand of " +
                                name_of(operand));
  }
  if (!is_complex(weights)) {
    if (!wide) return SpmmKind::float32_float32;
    return is_single(weights) ? SpmmKind::float32_float64 : SpmmKind::float64_float64;
  }
  if (!wide) return SpmmKind::complex64_complex64;
  return is_single(weights) ? SpmmKind::complex64_complex128 : SpmmKind::complex128_complex128;
}

std::int64_t start_of(const Csr& csr, std::int64_t row) {
  return csr.width == Width::narrow ? static_cast<const std::int32_t*>(csr.starts)[row]
                                    : static_cast<const std::int64_t*>(csr.starts)[row];
}

void check(const std::vector<SparseLayer>& layers, const Dense& in, const Dense& out) {
  if (layers.empty()) throw std::invalid_argument("layers must not be empty");
  std::int64_t width = in.rows;
  for (const SparseLayer& layer : layers) {
    if (layer.matrix.width == Width::own) throw std::invalid_argument("indptr and indices must have one type");
    if (layer.form != SparseForm::as_is && layer.bias != nullptr) {
      throw std::invalid_argument("a transposed layer has no bias");
    }
    if (layer.inputs() != width) {
      throw std::invalid_argument("a layer takes " + std::to_string(layer.inputs()) + " rows, got " +
                                  std::to_string(width));
    }
    width = layer.outputs();
  }
  if (out.rows != width || out.columns != in.columns) {
    throw std::invalid_argument("out must have shape (" + std::to_string(width) + ", " + std::to_string(in.columns) +
                                "), got (" + std::to_string(out.rows) + ", " + std::to_string(out.columns) + ")");
  }
}

// A layer, and what is the same for all panels.
struct Stage {
  const SparseLayer* layer;
  void (*kernel)(const SpmmTask&);
  std::vector<std::int64_t> cuts;  // rows of the matrix at which chunks of equal work begin, and the end
  std::int64_t nonzeros;
};

// Chunks of rows with about equally many nonzeros. (A permuted result is cut where its rows would be without.)
std::vector<std::int64_t> cut_rows(const Csr& csr, std::int64_t lines_a_row) {
  const auto work_before = [&](std::int64_t row) { return start_of(csr, row) + row; };
  const std::int64_t step = std::max<std::int64_t>(1, kChunkLines / std::max<std::int64_t>(1, lines_a_row));
  std::vector<std::int64_t> cuts{0};
  while (cuts.back() < csr.rows) {
    std::int64_t low = cuts.back() + 1, high = csr.rows;
    const std::int64_t wanted = work_before(cuts.back()) + step;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (work_before(middle) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    cuts.push_back(low);
  }
  return cuts;
}

class Applied {
 public:
  Applied(const std::vector<SparseLayer>& layers, ValueType type, int threads, Monitor& monitor)
      : type_(type),
        number_bytes_(number_bytes(type)),
        part_bytes_(part_bytes(type)),
        threads_(std::max(1, threads)),
        monitor_(monitor),
        table_(kernels()) {
    for (const SparseLayer& layer : layers) {
      const SpmmKind kind = kind_of(layer.weight_type, type);
      const int transposed = layer.form == SparseForm::as_is ? 0 : 1;
      const int wide = layer.matrix.width == Width::wide ? 1 : 0;
      stages_.push_back({&layer, table_.spmm[static_cast<int>(kind)][transposed][wide], {}, nonzeros(layer.matrix)});
      record_run(std::string("spmm.") + name_of(type_) + "." + width_name(layer.matrix.width), table_);
    }
  }

  void run(const Dense& in, const Dense& out, const SpmmLayout& layout) {
    const std::int64_t lines_a_row = (layout.columns * number_bytes_ + kLineBytes - 1) / kLineBytes;
    for (Stage& stage : stages_) stage.cuts = cut_rows(stage.layer->matrix, lines_a_row);
    Buffer<char> first(static_cast<std::size_t>(layout.panel_bytes(0, type_))),
        second(static_cast<std::size_t>(layout.panel_bytes(1, type_)));
    for (std::int64_t c = 0; c < in.columns && !monitor_.stopped(); c += layout.columns) {
      const Dense from = window(in, c, layout.columns), to = window(out, c, layout.columns);
      const std::int64_t stride = from.columns * number_bytes_;
      const Panel panels[2] = {{first.data(), stride}, {second.data(), stride}};
      int next = 0;
      Panel x{from.data, from.row_stride};
      if (layout.pack_in) {
        x = panels[next];
        copy(from, dense(x, type_, from.rows, from.columns));
        next = 1 - next;
      }
      for (const Stage& stage : stages_) {
        const bool last = &stage == &stages_.back();
        if (last && layout.pack_out && stage.layer->form == SparseForm::as_is) {
          gather(stage, task_of(stage, x, from.columns), to);
          break;
        }
        const Panel y = last && !layout.pack_out ? Panel{to.data, to.row_stride} : panels[next];
        apply(stage, x, y, from.columns);
        if (last && layout.pack_out) copy(dense(y, type_, to.rows, to.columns), to);
        x = y;
        next = 1 - next;
      }
    }
  }

 private:
  int workers(std::int64_t lines) const { return lines < kSerialLines ? 1 : threads_; }

  void apply(const Stage& stage, const Panel& x, const Panel& y, std::int64_t columns) {
    SpmmTask task = task_of(stage, x, columns);
    task.out = y.data;
    task.out_stride = y.stride / part_bytes_;
    if (stage.layer->form == SparseForm::as_is) {
      gather(stage, task);
    } else {
      scatter(stage, task);
    }
  }

  // All but where the result goes.
  SpmmTask task_of(const Stage& stage, const Panel& x, std::int64_t columns) const {
    const SparseLayer& layer = *stage.layer;
    SpmmTask task{};
    task.matrix = layer.matrix;
    task.weights = layer.weights;
    task.order = layer.order;
    task.bias = layer.bias;
    task.bias_parts = static_cast<int>(parts(type_));
    task.conjugate = layer.form == SparseForm::adjoint;
    task.in = x.data;
    task.in_stride = x.stride / part_bytes_;
    task.columns = columns * parts(type_);
    const std::int64_t row_bytes = columns * number_bytes_;
    task.prefetch = layer.inputs() * row_bytes > (row_bytes <= kShortRow ? kFarBytes : kNearBytes);
    return task;
  }

  std::int64_t lines(const Stage& stage, std::int64_t columns) const {
    return (stage.nonzeros + stage.layer->matrix.rows) * ((columns * part_bytes_ + kLineBytes - 1) / kLineBytes);
  }

  void gather(const Stage& stage, const SpmmTask& whole) {
    const std::int64_t chunks = static_cast<std::int64_t>(stage.cuts.size()) - 1;
    parallel_for(chunks, workers(lines(stage, whole.columns)), monitor_, [&](int, std::int64_t i) {
      SpmmTask task = whole;
      task.begin = stage.cuts[static_cast<std::size_t>(i)];
      task.end = stage.cuts[static_cast<std::size_t>(i) + 1];
      stage.kernel(task);
    });
  }

  // The same to another layout: rows are copied while they are in a near cache.
  void gather(const Stage& stage, const SpmmTask& whole, const Dense& out) {
    const std::int64_t chunks = static_cast<std::int64_t>(stage.cuts.size()) - 1;
    const int wanted = workers(lines(stage, whole.columns));
    const std::int64_t stride = out.columns * number_bytes_;
    std::vector<Buffer<char>> rooms(static_cast<std::size_t>(wanted));
    parallel_for(chunks, wanted, monitor_, [&](int worker, std::int64_t i) {
      const std::int64_t first = stage.cuts[static_cast<std::size_t>(i)],
                         end = stage.cuts[static_cast<std::size_t>(i) + 1];
      Buffer<char>& room = rooms[static_cast<std::size_t>(worker)];
      for (std::int64_t begin = first; begin < end; begin += kCopyRows) {
        const std::int64_t rows = std::min(kCopyRows, end - begin);
        room.resize(static_cast<std::size_t>(rows * stride));
        SpmmTask task = whole;
        task.begin = begin;
        task.end = begin + rows;
        task.out_stride = stride / part_bytes_;
        task.out = room.data();
        task.first = begin;
        stage.kernel(task);
        copy_dense(dense({room.data(), stride}, type_, rows, out.columns), rows_of(out, begin, rows), number_bytes_, 0,
                   rows);
      }
    });
  }

  // Every thread takes columns of its own, and all rows in their order: nothing is added twice, or in another order.
  void scatter(const Stage& stage, const SpmmTask& whole) {
    const std::int64_t least = kLineBytes / part_bytes_;  // threads that write to one cache line wait for each other
    const int wanted = workers(lines(stage, whole.columns));
    const std::int64_t part = std::max(least, (whole.columns + wanted - 1) / wanted / least * least);
    const std::int64_t parts = (whole.columns + part - 1) / part;
    parallel_for(parts, wanted, monitor_, [&](int worker, std::int64_t i) {
      SpmmTask task = whole;
      task.in = static_cast<const char*>(whole.in) + i * part * part_bytes_;
      task.out = static_cast<char*>(whole.out) + i * part * part_bytes_;
      task.columns = std::min(part, whole.columns - i * part);
      clear(task);
      for (std::size_t c = 0; c + 1 < stage.cuts.size() && !monitor_.stopped(); ++c) {
        task.begin = stage.cuts[c];
        task.end = stage.cuts[c + 1];
        stage.kernel(task);
        if (worker == 0) monitor_.poll();
      }
    });
  }

  // Sets the result of a transposed layer to 0.
  void clear(const SpmmTask& task) const {
    const std::int64_t width = task.columns * part_bytes_, stride = task.out_stride * part_bytes_;
    const bool is_whole = width == stride;  // one by one, short rows would take longer than what is added to them
    const std::int64_t pieces = is_whole ? 1 : task.matrix.cols, bytes = is_whole ? task.matrix.cols * width : width;
    for (std::int64_t i = 0; i < pieces; ++i) {
      std::memset(static_cast<char*>(task.out) + i * stride, 0, static_cast<std::size_t>(bytes));
    }
  }

  // Between a caller's layout and a panel, a block of rows at a time.
  void copy(const Dense& from, const Dense& to) {
    const std::int64_t blocks = (from.rows + kCopyRows - 1) / kCopyRows;
    const std::int64_t lines = from.rows * from.columns * number_bytes_ / kLineBytes;
    parallel_for(blocks, workers(lines), monitor_, [&](int, std::int64_t i) {
      const std::int64_t begin = i * kCopyRows, end = std::min(from.rows, begin + kCopyRows);
      copy_dense(from, to, number_bytes_, begin, end);
    });
  }

  ValueType type_;
  std::int64_t number_bytes_, part_bytes_;
  int threads_;
  Monitor& monitor_;
  const KernelTable& table_;
  std::vector<Stage> stages_;
};

}  // namespace

void apply_sparse_chain(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in, const Dense& out,
                        int threads, Monitor& monitor) {
  check(layers, in, out);
  Applied applied(layers, type, threads, monitor);
  if (in.columns > 0) applied.run(in, out, lay_out(layers, type, in, out));
}

bool sparse_chain_is_serial(const std::vector<SparseLayer>& layers, ValueType type, std::int64_t columns) {
  const std::int64_t lines_a_row = (columns * number_bytes(type) + kLineBytes - 1) / kLineBytes;
  return std::all_of(layers.begin(), layers.end(), [&](const SparseLayer& layer) {
    return (nonzeros(layer.matrix) + layer.matrix.rows) * lines_a_row < kSerialLines;
  });
}

std::uint64_t sparse_chain_bytes(const std::vector<SparseLayer>& layers, ValueType type, const Dense& in,
                                 const Dense& out) {
  check(layers, in, out);
  const SpmmLayout layout = lay_out(layers, type, in, out);
  return static_cast<std::uint64_t>(layout.panel_bytes(0, type)) +
         static_cast<std::uint64_t>(layout.panel_bytes(1, type));
}

}  // namespace cheapfast
