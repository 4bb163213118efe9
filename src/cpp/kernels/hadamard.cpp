#include "kernels/hadamard.hpp"

#include <algorithm>
#include <string>

#include "core/pool.hpp"
#include "kernels/dispatch.hpp"

namespace cheapfast {
namespace {

// What a block takes when more stages follow: it has to stay in the second-level cache.
constexpr std::int64_t kBlockBytes = std::int64_t{1} << 20;
// What the cores share, or half of it.
constexpr std::int64_t kSharedBytes = std::int64_t{1} << 23;
constexpr int kTripLevels = 3;
// What one thread does before it asks the monitor and hands over.
constexpr std::int64_t kItemBytes = std::int64_t{1} << 20;
// The same if what it has made is then to be finished, and has to stay near for that.
constexpr std::int64_t kFinishedBytes = std::int64_t{1} << 18;
// Below so much, waking a second thread costs more than it saves.
constexpr std::int64_t kSerialBytes = std::int64_t{1} << 18;
// A row shorter than this, among others that are not transformed, is slower than a copy.
constexpr std::int64_t kShortRow = 64;

const char* kernel_name(ValueType type) {
  static const char* const names[] = {"hadamard.float32", "hadamard.float64", "hadamard.complex64",
                                      "hadamard.complex128"};
  return names[static_cast<int>(type)];
}

const HadamardKernels<float>& kernels_of(const KernelTable& table, const float*) { return table.hadamard_float32; }
const HadamardKernels<double>& kernels_of(const KernelTable& table, const double*) { return table.hadamard_float64; }

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Finishes numbers start + begin ... start + end - 1.
void finish_numbers(const Finish* finish, std::int64_t start, std::int64_t begin, std::int64_t end) {
  if (finish != nullptr) (*finish)(start + begin, start + end);
}

// One transform, larger than the cache: its steps one after the other, each divided among the threads.
template <class T>
class LargeTransform {
 public:
  LargeTransform(const KernelTable& table, const HadamardLayout& layout, int threads, Monitor& monitor,
                 const Finish* finish)
      : kernels_(kernels_of(table, static_cast<const T*>(nullptr))),
        layout_(layout),
        rows_{layout.run, layout.stride},
        threads_(threads),
        monitor_(monitor),
        finish_(finish) {}

  // The transform that starts at an offset of both arrays.
  void run(const T* source, T* destination, std::int64_t offset) const {
    run(source + offset, destination + offset, layout_.levels, threads_,
        [&](std::int64_t begin, std::int64_t end) { finish_numbers(finish_, offset, begin, end); });
  }

 private:
  // In place of what finishes numbers: there are stages to come.
  struct Nothing {
    void operator()(std::int64_t, std::int64_t) const {}
  };

  std::int64_t item_bytes() const { return finish_ == nullptr ? kItemBytes : kFinishedBytes; }
  static constexpr std::int64_t size() { return static_cast<std::int64_t>(sizeof(T)); }

  bool fits(int levels, std::int64_t bytes) const { return (layout_.run * size()) << levels <= bytes; }

  // The levels that are left once the parts that fit have been transformed.
  int beyond(int levels, std::int64_t bytes) const {
    int left = 0;
    while (left < levels && !fits(levels - left, bytes)) ++left;
    return left;
  }

  // The levels of the last trip. Few rows at a time stream best, and parts that are smaller than they need be cost
  // nothing; tall tiles where that saves a trip.
  int last_trip(int levels, int left) const {
    if (left <= kTripLevels) return std::min(levels, kTripLevels);
    const int trips = (left + kHadamardTallLevels - 1) / kHadamardTallLevels;
    return (left + trips - 1) / trips;
  }

  // Whether each thread can have parts of its own, which need not meet before the last trip.
  bool can_divide(int last, int below, int threads) const {
    return threads > 1 && (std::int64_t{1} << last) % threads == 0 && fits(below, kSharedBytes / threads);
  }

  template <class Item>
  void for_each(std::int64_t count, int threads, const Item& item) const {
    parallel_for(count, threads, monitor_, [&](int, std::int64_t i) { item(i); });
  }

  // 2^levels rows: first the parts that stay in the shared cache, one after the other, then trips through all of them.
  // `finish` is told, counted from the destination, what is complete.
  template <class Finished>
  void run(const T* source, T* destination, int levels, int threads, const Finished& finish) const {
    const bool shared = fits(levels, kSharedBytes);
    const int left = beyond(levels, shared ? kBlockBytes : kSharedBytes);
    if (left == 0) return transform_blocks(source, destination, levels, levels, threads);
    const int last = last_trip(levels, left), below = levels - last;
    if (below > 0) {
      if (shared && left <= last) {
        transform_blocks(source, destination, levels, below, threads);
      } else {
        const bool divide = can_divide(last, below, threads);
        const std::int64_t step = layout_.stride << below;
        const auto part = [&](std::int64_t i) {
          run(source + i * step, destination + i * step, below, divide ? kAlone : threads, Nothing{});
        };
        const std::int64_t parts = std::int64_t{1} << last;
        if (divide) {
          for_each(parts, threads, part);
        } else {
          for (std::int64_t i = 0; i < parts; ++i) part(i);
        }
      }
      source = destination;
    }
    trip(source, destination, below, last, threads, finish);
  }

  void transform_blocks(const T* source, T* destination, int levels, int block_levels, int threads) const {
    const std::int64_t step = layout_.stride << block_levels;
    for_each(std::int64_t{1} << (levels - block_levels), threads, [&](std::int64_t i) {
      kernels_.blocks(source + i * step, destination + i * step, rows_, block_levels, 1, true);
    });
  }

  // The stages that pair rows 2^done ... 2^(done + levels - 1) apart, for 2^(done + levels) rows.
  template <class Finished>
  void trip(const T* source, T* destination, int done, int levels, int threads, const Finished& finish) const {
    const bool dense = layout_.run == layout_.stride;
    const std::int64_t stride = layout_.stride << done;
    const std::int64_t columns = dense ? stride : layout_.run;
    const std::int64_t share = std::max<std::int64_t>(64, (item_bytes() / size()) >> levels);
    const std::int64_t parts = ceil_div(columns, share);
    const std::int64_t groups = dense ? 1 : std::int64_t{1} << done;
    for_each(groups * parts, threads, [&](std::int64_t i) {
      const std::int64_t at = i / parts * layout_.stride, begin = i % parts * share;
      const std::int64_t end = std::min(columns, begin + share);
      kernels_.tall(source + at, destination + at, stride, levels, begin, end);
      for (std::int64_t row = 0; row < std::int64_t{1} << levels; ++row) {
        finish(at + row * stride + begin, at + row * stride + end);
      }
    });
  }

  const HadamardKernels<T>& kernels_;
  const HadamardLayout& layout_;
  HadamardRows rows_;
  int threads_;
  Monitor& monitor_;
  const Finish* finish_;
};

std::int64_t batch_size(const HadamardLayout& layout) {
  std::int64_t count = 1;
  for (const Axis& axis : layout.batch) count *= axis.size;
  return count;
}

std::int64_t batch_offset(const HadamardLayout& layout, std::int64_t i) {
  std::int64_t offset = 0;
  for (const Axis& axis : layout.batch) {
    offset += i % axis.size * axis.stride;
    i /= axis.size;
  }
  return offset;
}

template <class T>
void transform(const KernelTable& table, const T* source, T* destination, const HadamardLayout& layout, int threads,
               Monitor& monitor, const Finish* finish) {
  const std::int64_t count = batch_size(layout), each = layout.run << layout.levels;
  const std::int64_t bytes = each * static_cast<std::int64_t>(sizeof(T));
  if (count * bytes <= kSerialBytes) threads = 1;
  if (bytes > kBlockBytes && layout.levels > 0) {
    const LargeTransform<T> large(table, layout, threads, monitor, finish);
    for (std::int64_t i = 0; i < count && !monitor.stopped(); ++i) {
      large.run(source, destination, batch_offset(layout, i));
    }
    return;
  }
  const HadamardKernels<T>& kernels = kernels_of(table, source);
  const bool far = count * bytes > kBlockBytes;
  const HadamardRows rows{layout.run, layout.stride};
  const std::int64_t share = std::clamp<std::int64_t>(kItemBytes / 8 / std::max<std::int64_t>(1, bytes), 1, count);
  const std::int64_t along = layout.batch.empty() ? 1 : layout.batch[0].size;
  const bool in_one_piece = !layout.batch.empty() && layout.batch[0].stride == each && layout.stride == layout.run;
  parallel_for(ceil_div(count, share), threads, monitor, [&](int, std::int64_t item) {
    const std::int64_t end = std::min(count, (item + 1) * share);
    for (std::int64_t i = item * share, next; i < end; i = next) {
      next = in_one_piece ? std::min(end, i - i % along + along) : i + 1;
      const std::int64_t at = batch_offset(layout, i);
      kernels.blocks(source + at, destination + at, rows, layout.levels, next - i, far);
      finish_numbers(finish, at, 0, (next - i) * each);
    }
  });
}

}  // namespace

int log2_exact(std::int64_t n) {
  if (n <= 0 || (n & (n - 1)) != 0) return -1;
  int levels = 0;
  while ((std::int64_t{1} << levels) < n) ++levels;
  return levels;
}

bool hadamard_layout(ValueType type, const std::vector<Axis>& axes, std::size_t axis, HadamardLayout& layout) {
  const std::int64_t item = part_bytes(type);
  const std::int64_t numbers = parts(type);
  layout = {log2_exact(axes[axis].size), numbers, 0, {}};
  std::vector<Axis> others;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].size == 1) continue;
    if (axes[i].stride == 0 || axes[i].stride % item != 0) return false;
    if (i != axis) others.push_back({axes[i].size, axes[i].stride / item});
  }
  std::stable_sort(others.begin(), others.end(), [](const Axis& a, const Axis& b) { return a.stride < b.stride; });
  // without levels the rows may lie as they like: every number is a row of its own batch
  layout.stride = layout.levels > 0 ? axes[axis].stride / item : 0;
  for (const Axis& other : others) {
    if (other.stride == layout.run && (layout.levels == 0 || layout.run < layout.stride)) {
      layout.run *= other.size;
    } else if (!layout.batch.empty() && other.stride == layout.batch.back().size * layout.batch.back().stride) {
      layout.batch.back().size *= other.size;
    } else {
      layout.batch.push_back(other);
    }
  }
  if (layout.levels == 0) {
    layout.stride = layout.run;
    return true;
  }
  return layout.stride == layout.run || (layout.stride > layout.run && layout.run * item >= kShortRow);
}

HadamardLayout hadamard_dense(ValueType type, int levels, std::int64_t row, std::int64_t count) {
  const std::int64_t numbers = row * parts(type);
  return {levels, numbers, numbers, {{count, numbers << levels}}};
}

bool hadamard_is_serial(ValueType type, std::int64_t numbers) { return numbers * number_bytes(type) <= kSerialBytes; }

void hadamard(ValueType type, const void* source, void* destination, const HadamardLayout& layout, int threads,
              Monitor& monitor, const Finish* finish) {
  const KernelTable& table = kernels();
  record_run(kernel_name(type), table);
  const Finish halves = [finish](std::int64_t begin, std::int64_t end) { (*finish)(begin / 2, end / 2); };
  const Finish* const finisher = finish != nullptr && is_complex(type) ? &halves : finish;
  if (is_single(type)) {
    transform(table, static_cast<const float*>(source), static_cast<float*>(destination), layout, threads, monitor,
              finisher);
  } else {
    transform(table, static_cast<const double*>(source), static_cast<double*>(destination), layout, threads, monitor,
              finisher);
  }
}

void hadamard_short(ValueType type, const void* source, void* destination, int levels, std::int64_t row,
                    std::int64_t count) {
  const KernelTable& table = kernels();
  record_run(kernel_name(type), table);
  const std::int64_t numbers = row * parts(type);
  const HadamardRows rows{numbers, numbers};
  if (is_single(type)) {
    table.hadamard_float32.blocks(static_cast<const float*>(source), static_cast<float*>(destination), rows, levels,
                                  count, false);
  } else {
    table.hadamard_float64.blocks(static_cast<const double*>(source), static_cast<double*>(destination), rows, levels,
                                  count, false);
  }
}

}  // namespace cheapfast
