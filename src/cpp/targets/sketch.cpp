// Sketches pushed through a layer: 64 (or 16) bytes a node, combined lane by lane over the columns of a row.
//
// No order of columns is assumed. One load and one vector operation an entry: the kernels run at the speed at which
// the sketches of the columns, scattered over memory, arrive.
#include "targets/tables/sketch.hpp"

#include <cstdint>
#include <cstring>

#include "targets/simd.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

// How far ahead sketches are fetched, in entries.
constexpr std::int64_t kAhead = 24;

// The lanes of one sketch in as many registers as they take.
#if defined(__GNUC__) || defined(__clang__)
template <class T, int Bytes>
struct Lanes {
  static constexpr int kPart = Bytes < static_cast<int>(sizeof(Register)) ? Bytes : static_cast<int>(sizeof(Register));
  static constexpr int kParts = Bytes / kPart;
  typedef T Part __attribute__((vector_size(kPart), may_alias));
};
#else
template <class T, int Bytes>
struct Lanes {  // a compiler without vector extensions
  static constexpr int kParts = Bytes / static_cast<int>(sizeof(T));
  typedef T Part;
};
#endif

struct Maximum {
  template <class V>
  static V of(V a, V b) {
    return a > b ? a : b;
  }
};
struct Minimum {
  template <class V>
  static V of(V a, V b) {
    return b < a ? b : a;
  }
};

template <class T, int Bytes>
struct Sketch {
  typedef typename Lanes<T, Bytes>::Part Part;
  static constexpr int kParts = Lanes<T, Bytes>::kParts;
  Part part[kParts];
};

template <class T, int Bytes, class Operation, class I>
CHEAPFAST_INLINE void combine_row(Sketch<T, Bytes>& all, const I* columns, std::int64_t begin, std::int64_t end,
                                  std::int64_t entries, const T* in) {
  typedef Sketch<T, Bytes> S;
  constexpr std::int64_t kLanes = Bytes / static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t k = begin; k < end; ++k) {
    if (k + kAhead < entries) CHEAPFAST_PREFETCH(in + kLanes * static_cast<std::int64_t>(columns[k + kAhead]));
    const typename S::Part* const column =
        reinterpret_cast<const typename S::Part*>(in + kLanes * static_cast<std::int64_t>(columns[k]));
    for (int i = 0; i < S::kParts; ++i) all.part[i] = Operation::of(all.part[i], column[i]);
  }
}

template <class T, int Bytes>
CHEAPFAST_INLINE Sketch<T, Bytes> filled(T value) {
  Sketch<T, Bytes> all;
  for (int i = 0; i < Sketch<T, Bytes>::kParts; ++i) all.part[i] = typename Sketch<T, Bytes>::Part{} + value;
  return all;
}

// What one register adds, by its rank; see kMostRank. A table: 64 variable shifts take four times as long.
struct Shares {
  std::uint64_t of[kMostRank + 1];
};

CHEAPFAST_INLINE void fill_shares(Shares& shares) {
  shares.of[0] = std::uint64_t{1} << kEmptyShift;
  for (int rank = 1; rank <= kMostRank; ++rank) shares.of[rank] = std::uint64_t{1} << (kMostRank - rank);
}

template <int Bytes>
CHEAPFAST_INLINE std::uint64_t register_sum(const Sketch<std::uint8_t, Bytes>& all, const Shares& shares) {
  alignas(64) std::uint8_t rank[Bytes];
  memcpy(rank, &all, Bytes);
  std::uint64_t sum[4] = {0, 0, 0, 0};
  for (int i = 0; i < Bytes; i += 4) {
    for (int lane = 0; lane < 4; ++lane) sum[lane] += shares.of[rank[i + lane]];
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <class I, int Bytes>
void maxima(const SketchTask& task) {
  typedef Sketch<std::uint8_t, Bytes> S;
  const I* const starts = static_cast<const I*>(task.layer.starts);
  const I* const columns = static_cast<const I*>(task.layer.indices);
  const std::int64_t entries = starts[task.layer.rows];
  const std::uint8_t* const in = static_cast<const std::uint8_t*>(task.in);
  Shares shares;
  fill_shares(shares);
  for (std::int64_t r = task.begin; r < task.end; ++r) {
    S all = filled<std::uint8_t, Bytes>(0);
    combine_row<std::uint8_t, Bytes, Maximum>(all, columns, starts[r], starts[r + 1], entries, in);
    if (task.sums != nullptr) {
      static_cast<std::uint64_t*>(task.sums)[r] += register_sum<Bytes>(all, shares);
    } else {
      memcpy(static_cast<std::uint8_t*>(task.out) + r * Bytes, &all, Bytes);
    }
  }
}

template <class I>
void minima(const SketchTask& task) {
  typedef Sketch<float, 64> S;
  const I* const starts = static_cast<const I*>(task.layer.starts);
  const I* const columns = static_cast<const I*>(task.layer.indices);
  const std::int64_t entries = starts[task.layer.rows];
  const float* const in = static_cast<const float*>(task.in);
  for (std::int64_t r = task.begin; r < task.end; ++r) {
    S all = filled<float, 64>(kNoRank);
    combine_row<float, 64, Minimum>(all, columns, starts[r], starts[r + 1], entries, in);
    if (task.sums != nullptr) {
      alignas(64) float rank[16];
      memcpy(rank, &all, 64);
      double sum = 0;  // in the order of the ranks, whatever the registers
      for (int i = 0; i < 16; ++i) sum += static_cast<double>(rank[i]);
      static_cast<double*>(task.sums)[r] = sum;
    } else {
      memcpy(static_cast<float*>(task.out) + r * 16, &all, 64);
    }
  }
}

}  // namespace

void fill_sketch(SketchTable& table) {
  table.sketch_maxima[0][0] = maxima<std::int32_t, 64>;
  table.sketch_maxima[0][1] = maxima<std::int32_t, 16>;
  table.sketch_maxima[1][0] = maxima<std::int64_t, 64>;
  table.sketch_maxima[1][1] = maxima<std::int64_t, 16>;
  table.sketch_minima[0] = minima<std::int32_t>;
  table.sketch_minima[1] = minima<std::int64_t>;
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
