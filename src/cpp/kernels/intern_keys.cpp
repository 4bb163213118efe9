#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/hash.hpp"
#include "kernels/intern.hpp"
#include "kernels/numbering.hpp"

namespace cheapfast {
namespace {

// The classes that one row of a layer names, each once, in rising order.
class KeyReader {
 public:
  explicit KeyReader(const Tail* tail) : classes_(tail == nullptr ? nullptr : tail->classes()) {
    if (classes_ != nullptr) {
      stamps_.resize(static_cast<std::size_t>(tail->csr.rows));
      stamps_.fill_zero();
    }
  }

  template <class S, class X>
  const std::vector<std::int32_t>& read(const S* starts, const X* indices, std::int64_t row) {
    key_.clear();
    const std::int64_t end = starts[row + 1];
    if (classes_ == nullptr) {
      for (std::int64_t k = starts[row]; k < end; ++k) key_.push_back(static_cast<std::int32_t>(indices[k]));
    } else {
      if (++epoch_ == 0) {
        stamps_.fill_zero();
        epoch_ = 1;
      }
      for (std::int64_t k = starts[row]; k < end; ++k) {
        const std::uint32_t c = classes_[indices[k]];
        if (stamps_[c] == epoch_) continue;
        stamps_[c] = epoch_;
        key_.push_back(static_cast<std::int32_t>(c));
      }
    }
    if (!std::is_sorted(key_.begin(), key_.end())) std::sort(key_.begin(), key_.end());
    return key_;
  }

 private:
  const std::uint32_t* classes_;
  Buffer<std::uint32_t> stamps_;
  std::uint32_t epoch_ = 0;
  std::vector<std::int32_t> key_;
};

std::uint64_t hash_key(const std::vector<std::int32_t>& key) {
  std::uint64_t hash = key.size();
  for (const std::int32_t c : key) hash = mix64(hash + 0x9E3779B97F4A7C15u + static_cast<std::uint32_t>(c));
  return hash;
}

double members_of(const std::vector<std::int32_t>& key, const Csr& csr) {
  double members = 0;
  with_arrays(csr, [&](const auto* starts, const auto*) {
    for (const std::int32_t c : key) members += static_cast<double>(starts[c + 1] - starts[c]);
  });
  return members;
}

// Some rows, each once: drawn at random, since a regular walk would miss or hit every regular pattern.
std::vector<std::int64_t> sample_rows(std::int64_t rows, std::int64_t wanted) {
  std::vector<std::int64_t> sample;
  for (std::int64_t i = 0; i < wanted; ++i) {
    sample.push_back(wanted == rows ? i
                                    : static_cast<std::int64_t>(mix64(static_cast<std::uint64_t>(i) + 1) %
                                                                static_cast<std::uint64_t>(rows)));
  }
  std::sort(sample.begin(), sample.end());
  sample.erase(std::unique(sample.begin(), sample.end()), sample.end());
  return sample;
}

}  // namespace

double sampled_multiplicity(const Csr& layer, const Tail* tail, std::size_t least_size) {
  const double rows = static_cast<double>(layer.rows);
  // By the birthday bound, four times the square root finds pairs wherever equal rows are common.
  const std::int64_t wanted = std::min(layer.rows, static_cast<std::int64_t>(4 * std::sqrt(rows)) + 64);
  const std::vector<std::int64_t> sample = sample_rows(layer.rows, wanted);
  struct Seen {
    std::uint64_t hash;
    double work;
  };
  std::vector<Seen> seen;
  KeyReader reader(tail);
  with_arrays(layer, [&](const auto* starts, const auto* indices) {
    for (const std::int64_t row : sample) {
      const std::vector<std::int32_t>& key = reader.read(starts, indices, row);
      if (key.size() < least_size) continue;
      seen.push_back({hash_key(key), tail == nullptr ? static_cast<double>(key.size()) : members_of(key, tail->csr)});
    }
  });
  std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.hash < b.hash; });
  double all = 0, repeated = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    all += seen[i].work;
    if (i > 0 && seen[i].hash == seen[i - 1].hash) repeated += seen[i].work;
  }
  if (all == 0) return 1;
  const double fraction = repeated / all;
  if (wanted == layer.rows) return 1 / std::max(1 - fraction, 1 / rows);
  // A row with m - 1 equals finds one of them before it in a sample of s rows with probability (m - 1) s / 2 rows.
  return 1 + 2 * fraction * rows / static_cast<double>(sample.size());
}

std::uint64_t keys_bytes(const Csr& layer, const Tail* tail, bool intern) {
  if (!intern && (tail == nullptr || tail->classes() == nullptr)) return 0;
  const std::uint64_t rows = static_cast<std::uint64_t>(layer.rows);
  // Starts, members and the stamps of classes; numbers, multiplicities and the hash table, which is at most four times
  // as large as its rows.
  const std::uint64_t stamps = tail == nullptr || tail->classes() == nullptr ? 0 : tail->csr.rows;
  return rows * (sizeof(std::int64_t) + (intern ? 2 + 4 : 0) * sizeof(std::uint32_t)) +
         (static_cast<std::uint64_t>(nonzeros(layer)) + stamps) * sizeof(std::int32_t);
}

Keys make_keys(const Csr& layer, const Tail* tail, bool intern, CountContext& context) {
  Keys keys;
  if (!intern && (tail == nullptr || tail->classes() == nullptr)) {
    keys.csr = layer;
    return keys;
  }
  keys.charge = Charge(context.budget, keys_bytes(layer, tail, intern), "finding equal rows");
  const std::size_t rows = static_cast<std::size_t>(layer.rows);
  KeyReader reader(tail);
  NumberTable table(intern ? rows : 0);
  Pauses pauses(context);
  keys.starts.reserve(rows + 1);
  keys.starts.push_back(0);
  keys.members.reserve(static_cast<std::size_t>(nonzeros(layer)));  // pages that are not written to take no memory
  if (intern) keys.key_of_row.resize(rows);
  if (intern) keys.multiplicity.reserve(rows);
  with_arrays(layer, [&](const auto* starts, const auto* indices) {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::vector<std::int32_t>& key = reader.read(starts, indices, static_cast<std::int64_t>(row));
      const std::uint32_t fresh = static_cast<std::uint32_t>(keys.starts.size() - 1);
      std::uint32_t number = fresh;
      if (intern) {
        number = table.find_or_enter(hash_key(key), fresh, [&](std::uint32_t other) {
          const std::size_t begin = static_cast<std::size_t>(keys.starts[other]);
          const std::size_t size = static_cast<std::size_t>(keys.starts[other + 1]) - begin;
          return size == key.size() &&
                 (size == 0 || std::memcmp(keys.members.data() + begin, key.data(), size * sizeof(std::int32_t)) == 0);
        });
        keys.key_of_row[row] = number;
      }
      if (number == fresh) {
        for (const std::int32_t c : key) keys.members.push_back(c);
        keys.starts.push_back(static_cast<std::int64_t>(keys.members.size()));
        if (intern) keys.multiplicity.push_back(0);
      }
      if (intern) ++keys.multiplicity[number];
      pauses.after(static_cast<std::uint64_t>(starts[row + 1] - starts[row]) + 1);
    }
  });
  keys.csr = own_csr(tail == nullptr ? layer.cols : tail->csr.rows, keys.starts, keys.members);
  return keys;
}

}  // namespace cheapfast
