#include "kernels/intern.hpp"

#include <algorithm>
#include <vector>

#include "core/hash.hpp"
#include "kernels/numbering.hpp"

namespace cheapfast {
namespace {

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
