#include "kernels/chain.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "kernels/column_bits.hpp"
#include "kernels/cost.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/intern.hpp"

namespace cheapfast {
namespace {

// Equal rows are looked for where a sample says that a row occurs this often.
constexpr double kWorthInterning = 1.5;
// and, in the last step, where it has this many pairs for each entry that would have to be hashed.
constexpr std::uint64_t kManyPairs = 20;
// A product is stored without further thought up to this many pairs for each entry of the layer.
constexpr std::uint64_t kCheapStore = 2;
// Stamps alone below this share of the columns in an average row; power laws have rows far above their average.
constexpr std::uint64_t kBitmapColumns = 1000;

double bits_cost(const std::vector<Csr>& layers) {
  const double batches = static_cast<double>((layers.back().cols + kBatchColumns - 1) / kBatchColumns);
  double entries = 0;
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
    entries += static_cast<double>(nonzeros(layers[l])) * cost::pulled_line(layers[l].cols) +
               static_cast<double>(layers[l].rows);
  }
  return batches * (entries + static_cast<double>(layers.back().rows)) +
         2.0 * static_cast<double>(nonzeros(layers.back()));
}

double rows_cost(double pairs, const Csr& head, const Csr& tail) {
  return pairs * cost::stamped_pair(tail.cols) + static_cast<double>(nonzeros(head)) * cost::head_entry(tail.rows);
}

// The count of one chain under way: `head` are the layers still to be multiplied, `tail` the product of the others.
class Counting {
 public:
  Counting(const std::vector<Csr>& layers, Method method, CountContext& context)
      : head_(layers.begin(), layers.end() - 1),
        tail_(tail_of_layer(layers.back())),
        method_(method),
        context_(context) {
    result_.prefixes.resize(layers.size());
    result_.prefixes[0] = static_cast<std::uint64_t>(nonzeros(layers.back()));
    done_ = 1;
  }

  ChainCount run() {
    switch (method_) {
      case Method::bits:
        return finish_by_bits();
      case Method::push:
        return finish_by_pushing();
      case Method::stamps:
      case Method::bitmap:
        return run_plain();
      case Method::intern:
        return run_interned();
      default:
        return run_automatic();
    }
  }

 private:
  ChainCount run_plain() {
    while (head_.size() > 1) store_or_throw(make_keys(head_.back(), &tail_, false, context_));
    const Accumulator accumulator = method_ == Method::stamps ? Accumulator::stamps : Accumulator::bitmap;
    const char* const name = method_ == Method::stamps ? "stamps" : "bitmap";
    const Keys keys = make_keys(head_.back(), &tail_, false, context_);
    return finish_by_rows(keys, pair_work(keys.csr, tail_.csr, context_), accumulator, name);
  }

  ChainCount run_interned() {
    intern_tail();
    while (head_.size() > 1) store_or_throw(make_keys(head_.back(), &tail_, true, context_));
    const Keys keys = make_keys(head_.back(), &tail_, true, context_);
    return finish_by_rows(keys, pair_work(keys.csr, tail_.csr, context_), Accumulator::automatic, "intern");
  }

  // Multiplies from the right for as long as that is predicted to cost less than it saves, then pushes the rows of
  // what is left through it, or counts it 512 columns at a time. A product that outgrew its storage is no loss: the
  // count goes on from the one before.
  ChainCount run_automatic() {
    if (head_.size() > 1 && fits(keys_bytes(tail_.csr, nullptr, true)) &&
        sampled_multiplicity(tail_.csr, nullptr, 1) >= kWorthInterning) {
      intern_tail();
    }
    while (head_.size() > 1) {
      const bool intern = sampled_multiplicity(head_.back(), &tail_, 1) >= kWorthInterning;
      if (!fits(keys_bytes(head_.back(), &tail_, intern))) return finish_by_pushing();
      const Keys keys = make_keys(head_.back(), &tail_, intern, context_);
      interned_ = interned_ || intern;
      const std::uint64_t pairs = pair_work(keys.csr, tail_.csr, context_);
      // Where storing costs no more than reading the layer did, there is nothing to weigh.
      if (pairs <= kCheapStore * static_cast<std::uint64_t>(nonzeros(head_.back())) && store(keys)) continue;
      const Outlook outlook = look_ahead(keys, pairs);
      if (outlook.bits < std::min(outlook.stop, outlook.go)) {
        return finish_by_bits();
      }
      if (outlook.stop <= outlook.go || !store(keys)) return finish_by_pushing();
    }
    return finish_last_step();
  }

  ChainCount finish_last_step() {
    const Csr& layer = head_.back();
    if (!fits(keys_bytes(layer, &tail_, false))) return finish_by_pushing();
    const std::uint64_t many = kManyPairs * static_cast<std::uint64_t>(nonzeros(layer) + layer.rows);
    const double by_bits = bits_cost({layer, tail_.csr});
    Keys keys = make_keys(layer, &tail_, false, context_);
    // Counting the pairs takes a good part of the time where rows are short; there a bound decides as well.
    const double bound = static_cast<double>(nonzeros(layer)) * static_cast<double>(longest_row(tail_.csr));
    const bool short_rows = bound <= static_cast<double>(many) && rows_cost(bound, keys.csr, tail_.csr) <= by_bits;
    std::uint64_t pairs = short_rows ? static_cast<std::uint64_t>(bound) : pair_work(keys.csr, tail_.csr, context_);
    // Looking for equal rows costs some passes over the entries: only where there are many more pairs than entries.
    if (pairs > many && fits(keys_bytes(layer, &tail_, true)) &&
        sampled_multiplicity(layer, &tail_, 2) >= kWorthInterning) {
      keys = make_keys(layer, &tail_, true, context_);
      pairs = pair_work(keys.csr, tail_.csr, context_);
      interned_ = true;
    }
    if (by_bits < rows_cost(static_cast<double>(pairs), keys.csr, tail_.csr)) return finish_by_bits();
    const bool runs = tail_.sorted && rows_are_runs(tail_.csr);
    return finish_by_rows(keys, pairs, runs ? Accumulator::runs : best_accumulator(pairs, keys.csr),
                          with_intern(runs ? "runs" : "stamps"));
  }

  bool fits(std::uint64_t bytes) const { return context_.budget.fits(bytes); }

  // Where no row can have enough pairs for a bitmap to pay, the choice row by row is not worth its look at the row.
  Accumulator best_accumulator(std::uint64_t pairs, const Csr& keys) const {
    const std::uint64_t mean = pairs / static_cast<std::uint64_t>(std::max<std::int64_t>(keys.rows, 1));
    return mean < static_cast<std::uint64_t>(tail_.csr.cols) / kBitmapColumns ? Accumulator::stamps
                                                                              : Accumulator::automatic;
  }

  struct Outlook {
    double stop;  // push every row from here
    double go;    // store the next product, then push
    double bits;  // 512 columns at a time from here
  };

  Outlook look_ahead(const Keys& keys, std::uint64_t pairs) {
    const double stamped = cost::stamped_pair(tail_.csr.cols), row = cost::head_entry(tail_.csr.rows);
    const PushForecast now = forecast_pushing({head_, tail_.csr, tail_.classes()}, context_);
    const PushForecast before = forecast_pushing({{head_.begin(), head_.end() - 1}, head_.back(), nullptr}, context_);
    // Columns reached twice through the next layer are looked at once now, and twice after it is multiplied in.
    const double repeats = before.count > 0 ? before.final_work / before.count : 1;
    Outlook outlook{};
    outlook.stop = now.push_work * cost::kPushedPair + now.final_work * stamped + now.final_rows * row;
    outlook.go = static_cast<double>(pairs) * cost::kStoredPair +
                 static_cast<double>(nonzeros(keys.csr)) * cost::kKeyEntry + before.push_work * cost::kPushedPair +
                 now.final_work * repeats * stamped + before.final_rows * row;
    outlook.bits = bits_cost(all_layers());
    return outlook;
  }

  // The remaining layers and the tail as one chain; classes become a layer of their own.
  std::vector<Csr> all_layers() {
    std::vector<Csr> layers = head_;
    if (tail_.classes() != nullptr) {
      const std::size_t rows = tail_.class_of.size();
      class_starts_.resize(rows + 1);
      for (std::size_t r = 0; r <= rows; ++r) class_starts_[r] = static_cast<std::int64_t>(r);
      layers.push_back(
          {static_cast<std::int64_t>(rows), tail_.csr.rows, class_starts_.data(), tail_.class_of.data(), Width::own});
    }
    layers.push_back(tail_.csr);
    return layers;
  }

  // Equal rows of the first layer become one class.
  void intern_tail() {
    const Csr layer = tail_.csr;
    Keys keys = make_keys(layer, nullptr, true, context_);
    tail_.charge = std::move(keys.charge);
    tail_.class_of = std::move(keys.key_of_row);
    tail_.starts = std::move(keys.starts);
    tail_.members = std::move(keys.members);
    tail_.csr = {static_cast<std::int64_t>(tail_.starts.size()) - 1, layer.cols, tail_.starts.data(),
                 tail_.members.data(), Width::own};
    tail_.sorted = true;
    interned_ = true;
  }

  // The next layer joins the tail; false where the product outgrows half of the memory that is left.
  bool store(const Keys& keys) {
    if (context_.monitor.watched()) {
      context_.monitor.expect(context_.monitor.done() + pair_work(keys.csr, tail_.csr, context_));
    }
    std::optional<Tail> next = multiply(keys, tail_, head_.back().rows, context_);
    if (!next) return false;
    tail_ = std::move(*next);
    head_.pop_back();
    result_.prefixes[done_++] = tail_.nonzeros();
    return true;
  }

  void store_or_throw(const Keys& keys) {
    if (store(keys)) return;
    throw MemoryLimitError("this method stores the product of the first " + std::to_string(done_ + 1) +
                           " layers, which needs more than half of the memory limit (" +
                           std::to_string(context_.budget.left()) +
                           " bytes), where method=\"auto\" turns to another one");
  }

  ChainCount finish_by_pushing() {
    return finish(count_by_pushing({head_, tail_.csr, tail_.classes()}, context_), with_intern("push"));
  }

  ChainCount finish_by_bits() {
    sort_rows(tail_, context_);
    return finish(count_by_bits(all_layers(), context_), with_intern("bits"));
  }

  ChainCount finish_by_rows(const Keys& keys, std::uint64_t pairs, Accumulator accumulator, const std::string& name) {
    context_.monitor.expect(context_.monitor.done() + pairs);
    return finish(count_by_rows(keys.csr, tail_.csr, keys.multiplicities(), pairs, accumulator, context_), name);
  }

  std::string with_intern(const char* name) const { return interned_ ? std::string("intern+") + name : name; }

  ChainCount finish(std::uint64_t count, const std::string& name) {
    result_.count = count;
    result_.prefixes.back() = count;
    result_.method = name;
    result_.work = context_.monitor.done();
    return std::move(result_);
  }

  std::vector<Csr> head_;
  Tail tail_;
  Method method_;
  CountContext& context_;
  ChainCount result_;
  std::size_t done_ = 0;
  bool interned_ = false;
  Buffer<std::int64_t> class_starts_;
};

void check(const std::vector<Csr>& layers) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (layers.empty()) throw std::invalid_argument("layers must hold at least one matrix");
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (layers[l].rows > kMost || layers[l].cols > kMost) {
      throw std::invalid_argument("layers must have fewer than 2^31 rows and columns to be counted entry by entry");
    }
    if (l > 0 && layers[l - 1].cols != layers[l].rows) {
      throw std::invalid_argument("layers must chain: matrix " + std::to_string(l - 1) + " has " +
                                  std::to_string(layers[l - 1].cols) + " columns, the next " +
                                  std::to_string(layers[l].rows) + " rows");
    }
  }
}

}  // namespace

Method method_named(const std::string& name) {
  static const std::pair<const char*, Method> known[] = {{"auto", Method::automatic}, {"stamps", Method::stamps},
                                                         {"bitmap", Method::bitmap},  {"bits", Method::bits},
                                                         {"push", Method::push},      {"intern", Method::intern}};
  for (const auto& [text, method] : known) {
    if (name == text) return method;
  }
  throw std::invalid_argument(
      "method must be \"auto\", \"stamps\", \"bitmap\", \"bits\", \"push\" or \"intern\", got \"" + name + "\"");
}

ChainCount count_chain(const std::vector<Csr>& layers, Method method, CountContext& context) {
  check(layers);
  if (layers.size() == 1) {
    ChainCount result;
    result.count = static_cast<std::uint64_t>(nonzeros(layers[0]));
    result.prefixes = {result.count};
    result.method = "nonzeros";
    return result;
  }
  return Counting(layers, method, context).run();
}

std::vector<std::uint64_t> count_prefixes(const std::vector<Csr>& layers, CountContext& context) {
  check(layers);
  return count_suffixes_by_bits(layers, context);
}

}  // namespace cheapfast
