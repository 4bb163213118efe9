// What Python cannot see of the sketches: that a single call looks whether to stop.
#include <cstdint>
#include <cstring>

#include "check.hpp"
#include "core/buffer.hpp"
#include "kernels/sketch.hpp"

using namespace cheapfast;

namespace {

struct Enough {};

class ImpatientMonitor : public Monitor {
 public:
  void poll() override { throw Enough{}; }
};

}  // namespace

TEST(columns_are_sketched_until_the_monitor_has_enough) {
  constexpr std::int64_t columns = std::int64_t{1} << 14;
  Buffer<std::uint8_t> sketches(static_cast<std::size_t>(columns * sketch_bytes(SketchKind::registers)));
  std::memset(sketches.data(), 0xFF, sketches.size());
  ImpatientMonitor monitor;
  bool stopped = false;
  try {
    sketch_columns(SketchKind::registers, columns, 0, 1, sketches.data(), 1, monitor);
  } catch (const Enough&) {
    stopped = true;
  }
  check(stopped, "nobody asked the monitor");
  check(sketches[sketches.size() - 1] == 0xFF, "the work went on to the end");
}
