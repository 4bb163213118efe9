#include "kernels/parts.hpp"

#include <algorithm>

#include "core/pool.hpp"
#include "kernels/dense.hpp"

namespace cheapfast {
namespace {

constexpr std::int64_t kNearBytes = std::int64_t{1} << 19;   // of a piece: it and its result stay in a cache
constexpr std::int64_t kLongBytes = std::int64_t{1} << 18;   // of vectors that go through the layers one by one
constexpr std::int64_t kFewBytes = 32;                       // of vectors beside each other that leave registers empty,
constexpr std::int64_t kShortBytes = std::int64_t{1} << 15;  // which is felt where they are no shorter
constexpr std::int64_t kFarBytes = std::int64_t{1} << 22;    // of a piece of these
constexpr std::int64_t kLeast = 16;                       // vectors beside each other: weights are read for each piece
constexpr std::int64_t kFeatures = 128;                   // that one thread brings beside each other at a time
constexpr std::int64_t kNumbers = std::int64_t{1} << 13;  // or takes apart where they are
constexpr std::int64_t kSerial = std::int64_t{1} << 15;   // numbers that are not worth a second thread

// A complex column is two real ones as it lies there: whole numbers are turned.
void turn(const Dense& from, const Dense& to, std::int64_t size, int threads, Monitor& monitor) {
  parallel_for((from.rows + kFeatures - 1) / kFeatures, threads, monitor, [&](int, std::int64_t i) {
    copy_dense(from, to, size, i * kFeatures, std::min((i + 1) * kFeatures, from.rows));
  });
}
Dense behind(const void* memory, std::int64_t count, std::int64_t features, std::int64_t size) {
  return {static_cast<char*>(const_cast<void*>(memory)), features, count, size, features * size};
}
Dense beside_each_other(const void* memory, std::int64_t count, std::int64_t features, std::int64_t size) {
  return {static_cast<char*>(const_cast<void*>(memory)), features, count, count * size, size};
}

// Calls part(pairs, real, imaginary, n) for all vectors, some numbers at a time. `Pairs` or `Real` is const.
template <class Pairs, class Real, class Part>
void by_numbers(Pairs* pairs, Real* real, std::int64_t count, std::int64_t features, int threads, Monitor& monitor,
                const Part& part) {
  const std::int64_t each = (features + kNumbers - 1) / kNumbers;
  parallel_for(count * each, threads, monitor, [&](int, std::int64_t i) {
    const std::int64_t begin = i % each * kNumbers, start = i / each * 2 * features;
    Real* const first = real + start + begin;
    part(pairs + start + 2 * begin, first, first + features, std::min(kNumbers, features - begin));
  });
}

template <class T>
void rows_apart(const void* from, void* parts, std::int64_t count, std::int64_t features, int threads,
                Monitor& monitor) {
  by_numbers(static_cast<const T*>(from), static_cast<T*>(parts), count, features, threads, monitor,
             [](const T* pairs, T* real, T* imaginary, std::int64_t n) {
               for (std::int64_t f = 0; f < n; ++f) {
                 real[f] = pairs[2 * f];
                 imaginary[f] = pairs[2 * f + 1];
               }
             });
}
template <class T>
void rows_together(const void* parts, void* to, std::int64_t count, std::int64_t features, int threads,
                   Monitor& monitor) {
  by_numbers(static_cast<T*>(to), static_cast<const T*>(parts), count, features, threads, monitor,
             [](T* pairs, const T* real, const T* imaginary, std::int64_t n) {
               for (std::int64_t f = 0; f < n; ++f) {
                 pairs[2 * f] = real[f];
                 pairs[2 * f + 1] = imaginary[f];
               }
             });
}

}  // namespace

Cut cut_vectors(std::int64_t vectors, std::int64_t width, std::int64_t size) {
  const std::int64_t bytes = std::max<std::int64_t>(width, 1) * size;
  const bool fills = vectors * size >= kFewBytes || bytes <= kShortBytes;
  const bool beside = bytes <= kLongBytes && fills;
  const std::int64_t most =
      beside ? std::max(kLeast, kNearBytes / bytes) : std::max<std::int64_t>(kFarBytes / bytes, 1);
  return {vectors, std::max<std::int64_t>((vectors + most - 1) / most, 1), beside};
}

Piece piece_of(const Cut& cut, std::int64_t i) {
  const std::int64_t longer = cut.vectors % cut.pieces;
  return {i * cut.least() + std::min(i, longer), cut.least() + (i < longer ? 1 : 0)};
}

void take_apart(const void* from, void* parts, std::int64_t count, std::int64_t features, std::int64_t size,
                bool beside, int threads, Monitor& monitor) {
  if (count * features < kSerial) threads = 1;
  if (beside) {
    return turn(behind(from, count, features, size), beside_each_other(parts, count, features, size), size, threads,
                monitor);
  }
  const auto rows = size == 8 ? rows_apart<float> : rows_apart<double>;
  rows(from, parts, count, features, threads, monitor);
}

void put_together(const void* parts, void* to, std::int64_t count, std::int64_t features, std::int64_t size,
                  bool beside, int threads, Monitor& monitor) {
  if (count * features < kSerial) threads = 1;
  if (beside) {
    return turn(beside_each_other(parts, count, features, size), behind(to, count, features, size), size, threads,
                monitor);
  }
  const auto rows = size == 8 ? rows_together<float> : rows_together<double>;
  rows(parts, to, count, features, threads, monitor);
}

}  // namespace cheapfast
