#include "kernels/intern.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/hash.hpp"

namespace cheapfast {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFFu;

// Calls body(starts, indices) with the arrays of a support, typed.
template <class Body>
void with_arrays(const Csr& csr, const Body& body) {
  switch (csr.width) {
    case Width::narrow:
      return body(static_cast<const std::int32_t*>(csr.starts), static_cast<const std::int32_t*>(csr.indices));
    case Width::wide:
      return body(static_cast<const std::int64_t*>(csr.starts), static_cast<const std::int64_t*>(csr.indices));
    default:
      return body(static_cast<const std::int64_t*>(csr.starts), static_cast<const std::int32_t*>(csr.indices));
  }
}

Csr own_csr(std::int64_t cols, const Buffer<std::int64_t>& starts, const Buffer<std::int32_t>& members) {
  return {static_cast<std::int64_t>(starts.size()) - 1, cols, starts.data(), members.data(), Width::own};
}

// Asks the monitor now and then while one thread works on its own.
class Pauses {
 public:
  explicit Pauses(CountContext& context) : context_(context) {}

  void after(std::uint64_t work) {
    work_ += work;
    if (work_ < kPollWork / 8) return;
    work_ = 0;
    context_.monitor.poll();
  }

 private:
  CountContext& context_;
  std::uint64_t work_ = 0;
};

// A hash table of numbers 0, 1, 2 ...; what a number stands for is the caller's to hash and compare.
class NumberTable {
 public:
  explicit NumberTable(std::size_t expected) {
    std::size_t size = 16;
    while (size < 2 * expected) size *= 2;
    slots_.resize(size);
    std::memset(slots_.data(), 0xFF, size * sizeof(std::uint32_t));
  }

  // The number that equals what is looked for, or `fresh`, which is entered.
  template <class Equal>
  std::uint32_t find_or_enter(std::uint64_t hash, std::uint32_t fresh, const Equal& equal) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t s = hash & mask;; s = (s + 1) & mask) {
      if (slots_[s] == kNone) {
        slots_[s] = fresh;
        return fresh;
      }
      if (equal(slots_[s])) return slots_[s];
    }
  }

 private:
  Buffer<std::uint32_t> slots_;
};

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

// Order does not matter: members of a union are not sorted.
std::uint64_t hash_set(const std::int32_t* members, std::int64_t size) {
  std::uint64_t sum = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    const std::uint64_t x =
        (static_cast<std::uint64_t>(static_cast<std::uint32_t>(members[k])) + 1) * 0x9E3779B97F4A7C15u;
    sum += (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9u;
  }
  return mix64(sum + static_cast<std::uint64_t>(size));
}

// Unions of rows, written one after another into at most so many bytes, with the stamps to find repeated columns.
class UnionStore {
 public:
  UnionStore(const Tail& tail, std::uint64_t limit)
      : tail_(tail), limit_(limit), stamps_(static_cast<std::size_t>(tail.csr.cols)) {
    stamps_.fill_zero();
    starts.reserve(64);
    starts.push_back(0);
  }

  // Appends the union of the rows key[0] ... key[size - 1]; it is a candidate until kept. False where it does not fit.
  bool append(const std::int32_t* key, std::int64_t size) {
    ++epoch_;  // fewer than 2^32 keys: no wrap
    std::int64_t found = starts[starts.size() - 1];
    const std::int64_t cols = tail_.csr.cols, base = found;
    bool fits = true;
    with_arrays(tail_.csr, [&](const auto* tail_starts, const auto* indices) {
      for (std::int64_t k = 0; k < size; ++k) {
        const std::int64_t begin = tail_starts[key[k]], end = tail_starts[key[k] + 1];
        // Room for this row's columns, and never more than a full row and one: the last store may be in vain.
        fits = grow(found, std::min(found + (end - begin), base + cols) + 1);
        if (!fits) return;
        std::int32_t* const out = members.data();
        for (std::int64_t q = begin; q < end; ++q) {
          const std::int32_t column = static_cast<std::int32_t>(indices[q]);
          out[found] = column;
          found += stamps_[static_cast<std::size_t>(column)] != epoch_;
          stamps_[static_cast<std::size_t>(column)] = epoch_;
        }
      }
    });
    candidate_end_ = found;
    return fits;
  }

  std::int64_t candidate_size() const { return candidate_end_ - starts[starts.size() - 1]; }
  std::uint64_t candidate_hash() const {
    return hash_set(members.data() + starts[starts.size() - 1], candidate_size());
  }

  // The stamps still hold the candidate: a class of the same size whose columns are all stamped is the same set.
  bool candidate_equals(std::uint32_t kept) const {
    const std::int64_t begin = starts[kept], end = starts[kept + 1];
    if (end - begin != candidate_size()) return false;
    for (std::int64_t k = begin; k < end; ++k) {
      if (stamps_[static_cast<std::size_t>(members[static_cast<std::size_t>(k)])] != epoch_) return false;
    }
    return true;
  }

  void keep_candidate() {
    starts.push_back(candidate_end_);
    members.resize(static_cast<std::size_t>(candidate_end_));
  }
  std::uint32_t kept() const { return static_cast<std::uint32_t>(starts.size() - 1); }
  std::uint64_t bytes() const {
    return members.capacity() * sizeof(std::int32_t) + starts.capacity() * sizeof(std::int64_t);
  }

  Buffer<std::int64_t> starts;
  Buffer<std::int32_t> members;

 private:
  // Room for `size` members, of which `valid` are kept; what is left of the limit holds the starts when they grow.
  bool grow(std::int64_t valid, std::int64_t size) {
    const std::size_t wanted = static_cast<std::size_t>(size), ample = wanted + wanted / 2 + 1024;
    const std::uint64_t of_starts = 2 * starts.capacity() * sizeof(std::int64_t);
    const std::uint64_t most = (limit_ - std::min(limit_, of_starts)) / sizeof(std::int32_t);
    if (wanted > most) return false;
    if (wanted <= members.capacity()) return true;
    members.resize(static_cast<std::size_t>(valid));
    members.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(ample, most)));
    return true;
  }

  const Tail& tail_;
  const std::uint64_t limit_;
  Buffer<std::uint32_t> stamps_;
  std::uint32_t epoch_ = 0;
  std::int64_t candidate_end_ = 0;
};

}  // namespace

std::uint64_t Tail::nonzeros() const {
  if (class_of.empty()) return static_cast<std::uint64_t>(cheapfast::nonzeros(csr));
  std::uint64_t total = 0;
  with_arrays(csr, [&](const auto* row_starts, const auto*) {
    for (const std::uint32_t c : class_of) total += static_cast<std::uint64_t>(row_starts[c + 1] - row_starts[c]);
  });
  return total;
}

Tail tail_of_layer(const Csr& layer) {
  Tail tail;
  tail.csr = layer;
  tail.rows = layer.rows;
  return tail;
}

namespace {

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

std::optional<Tail> multiply(const Keys& keys, const Tail& tail, std::int64_t rows, CountContext& context) {
  // Stamps of the columns; classes, hashes and the hash table of the keys.
  const std::uint64_t scratch =
      static_cast<std::uint64_t>(tail.csr.cols) * sizeof(std::uint32_t) +
      static_cast<std::uint64_t>(keys.csr.rows) * (sizeof(std::uint64_t) + 5 * sizeof(std::uint32_t));
  if (!context.budget.fits(scratch)) return std::nullopt;
  const Charge charge(context.budget, scratch, "storing a product");
  // While an array grows it is there twice.
  UnionStore store(tail, context.budget.left() / 2);
  NumberTable table(static_cast<std::size_t>(keys.csr.rows));
  Buffer<std::uint32_t> class_of_key(static_cast<std::size_t>(keys.csr.rows));
  Buffer<std::uint64_t> hashes;
  hashes.reserve(class_of_key.size());
  Pauses pauses(context);
  bool fits = true;
  with_arrays(keys.csr, [&](const auto* starts, const auto* indices) {
    std::vector<std::int32_t> key;
    for (std::int64_t k = 0; k < keys.csr.rows; ++k) {
      key.assign(indices + starts[k], indices + starts[k + 1]);
      fits = store.append(key.data(), static_cast<std::int64_t>(key.size()));
      if (!fits) return;
      const std::uint64_t hash = store.candidate_hash();
      const std::uint32_t fresh = store.kept();
      const std::uint32_t c = table.find_or_enter(
          hash, fresh, [&](std::uint32_t kept) { return hashes[kept] == hash && store.candidate_equals(kept); });
      if (c == fresh) {
        store.keep_candidate();
        hashes.push_back(hash);
      }
      class_of_key[static_cast<std::size_t>(k)] = c;
      const std::uint64_t work = static_cast<std::uint64_t>(store.candidate_size()) + key.size() + 1;
      context.monitor.advance(work);
      pauses.after(work);
    }
  });
  const std::uint64_t held =
      store.bytes() + std::max(keys.key_of_row.size(), class_of_key.size()) * sizeof(std::uint32_t);
  if (!fits || !context.budget.fits(held)) return std::nullopt;
  Tail next;
  next.charge = Charge(context.budget, held, "the product so far");
  next.rows = rows;
  next.sorted = false;
  next.starts = std::move(store.starts);
  next.members = std::move(store.members);
  next.csr = own_csr(tail.csr.cols, next.starts, next.members);
  if (!keys.key_of_row.empty()) {
    next.class_of.resize(keys.key_of_row.size());
    for (std::size_t r = 0; r < keys.key_of_row.size(); ++r) next.class_of[r] = class_of_key[keys.key_of_row[r]];
  } else if (next.csr.rows != rows) {
    next.class_of = std::move(class_of_key);
  }
  return next;
}

void sort_rows(Tail& tail, CountContext& context) {
  if (tail.sorted) return;
  Pauses pauses(context);
  for (std::size_t c = 0; c + 1 < tail.starts.size(); ++c) {
    std::sort(tail.members.data() + tail.starts[c], tail.members.data() + tail.starts[c + 1]);
    pauses.after(static_cast<std::uint64_t>(tail.starts[c + 1] - tail.starts[c]));
  }
  tail.sorted = true;
}

}  // namespace cheapfast
