// Sums over subsets, in place: entry x of 2^n becomes the sum, or the alternating sum, of the entries whose bits are
// bits of x. One bit after the other, each entry with the bit takes in the one without it.
#include "targets/tables/subset_sums.hpp"

#include "targets/lanes.hpp"

namespace cheapfast {
namespace CHEAPFAST_TARGET {
namespace {

template <bool kAdd, class V>
CHEAPFAST_INLINE V taken_in(V with, V without) {
  if constexpr (kAdd) return with + without;
  return with - without;
}

// Rows 0 ... 2^R - 1 of a place: all R bits of their numbers while they are in registers.
template <bool kAdd, int R, class V>
CHEAPFAST_INLINE void combine(V* row) {
  CHEAPFAST_UNROLL
  for (int bit = 1; bit < 1 << R; bit *= 2) {
    CHEAPFAST_UNROLL
    for (int i = 0; i < 1 << R; ++i) {
      if ((i & bit) != 0) row[i] = taken_in<kAdd>(row[i], row[i ^ bit]);
    }
  }
}

template <class T, bool kAdd, int R>
void combine_rows(T* data, std::int64_t stride, std::int64_t width) {
  constexpr int W = WideOf<T>::kLanes;
  for (std::int64_t j = 0; j < width; j += W) {
    Wide<T> row[1 << R];
    CHEAPFAST_UNROLL
    for (int i = 0; i < 1 << R; ++i) row[i] = load_vector(data + i * stride + j);
    combine<kAdd, R>(row);
    CHEAPFAST_UNROLL
    for (int i = 0; i < 1 << R; ++i) store_vector(data + i * stride + j, row[i]);
  }
}

// The bits of the numbers of rows, 1 to 3 of them: see SubsetRows.
template <class T, bool kAdd>
void subset_rows(const SubsetRows& task) {
  T* const data = static_cast<T*>(task.data);
  if (task.bits == 3) return combine_rows<T, kAdd, 3>(data, task.stride, task.width);
  if (task.bits == 2) return combine_rows<T, kAdd, 2>(data, task.stride, task.width);
  combine_rows<T, kAdd, 1>(data, task.stride, task.width);
}

#if defined(__GNUC__) || defined(__clang__)
template <class T>
struct MaskOf {
  typedef std::int64_t type;
};
template <>
struct MaskOf<float> {
  typedef std::int32_t type;
};

// Lanes with bit H take in those without it.
template <class T, bool kAdd, int H, int... I>
CHEAPFAST_INLINE Wide<T> combine_lanes(Wide<T> v, Indices<I...>) {
  typedef Wide<typename MaskOf<T>::type> Mask;
  const Mask with = {((I & H) != 0 ? -1 : 0)...};
  const Wide<T> without = __builtin_shufflevector(v, v, (I & ~H)...);
  return with != 0 ? taken_in<kAdd>(v, without) : v;
}
template <class T, bool kAdd, int H = 1>
CHEAPFAST_INLINE Wide<T> combine_lanes(Wide<T> v) {
  constexpr int W = WideOf<T>::kLanes;
  if constexpr (H >= W) {
    return v;
  } else {
    return combine_lanes<T, kAdd, 2 * H>(combine_lanes<T, kAdd, H>(v, typename CountTo<W>::type{}));
  }
}
#else
template <class T, bool kAdd>
CHEAPFAST_INLINE Wide<T> combine_lanes(Wide<T> v) {
  return v;
}
#endif

// All bits of a block in the nearest cache.
template <class T, bool kAdd>
void subset_block(void* block, std::int64_t size) {
  constexpr int W = WideOf<T>::kLanes;
  T* const data = static_cast<T*>(block);
  if (size < W) {
    for (std::int64_t bit = 1; bit < size; bit *= 2) {
      for (std::int64_t x = 0; x < size; ++x) {
        if ((x & bit) != 0) data[x] = taken_in<kAdd>(data[x], data[x ^ bit]);
      }
    }
    return;
  }
  for (std::int64_t x = 0; x < size; x += W) store_vector(data + x, combine_lanes<T, kAdd>(load_vector(data + x)));
  for (std::int64_t stride = W; stride < size;) {
    int bits = 1;
    while (bits < 3 && stride << bits < size) ++bits;
    for (std::int64_t x = 0; x < size; x += stride << bits) subset_rows<T, kAdd>({data + x, stride, stride, bits});
    stride <<= bits;
  }
}

template <class T>
void fill(SubsetSumsTable& table, int type) {
  table.subset_block[type][0] = subset_block<T, false>;
  table.subset_block[type][1] = subset_block<T, true>;
  table.subset_rows[type][0] = subset_rows<T, false>;
  table.subset_rows[type][1] = subset_rows<T, true>;
}

}  // namespace

void fill_subset_sums(SubsetSumsTable& table) {
  fill<float>(table, 0);
  fill<double>(table, 1);
  fill<std::int64_t>(table, 2);
}

}  // namespace CHEAPFAST_TARGET
}  // namespace cheapfast
