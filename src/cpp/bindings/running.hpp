// Running the steps of a plain call, once everything is looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "bindings/entering.hpp"
#include "bindings/step.hpp"
#include "core/spare.hpp"
#include "kernels/parts.hpp"

namespace cheapfast {

// How numbers are widened before they enter.
struct Widening {
  ValueType from = ValueType::float32, to = ValueType::float32;
};

// Complex vectors, each in one piece, whose parts are taken apart; none if there are no pieces.
struct Parted {
  Cut cut{};
  std::int64_t size = 0;  // bytes of a complex number
};

struct Call {
  const std::vector<const Step*>& steps;
  const Entering& entering;
  const void* x;
  void* y;
  int workers;
  std::int64_t bytes;        // that enter or leave the widest step
  std::int64_t widened = 0;  // numbers
  Widening types{};
  Parted parted{};
};

inline Layout layout_of(const Call& call) {
  const Shape shape = call.entering.shape;
  return shape == Shape::rows || shape == Shape::few_rows ? Layout::rows : Layout::columns;
}

// What leaves the steps, by turns.
struct Room {
  std::int64_t bytes;
  Spare<kFirstSpare> first{};
  Spare<kSecondSpare> second{};

  void* after(std::size_t step) { return step % 2 == 0 ? first.of_size(bytes) : second.of_size(bytes); }
};

// In which layout step i of a call should leave its result, when it takes its operand in `from`. Rows become columns
// only once on the way between two steps that read and write columns, and only such steps turn them.
inline Layout layout_after(const Call& call, std::size_t i, Layout from) {
  const Layout layout = layout_of(call);
  if (layout == Layout::columns || (from == Layout::rows && call.steps[i]->layouts() != Layouts::any)) return layout;
  for (std::size_t next = i + 1; next < call.steps.size(); ++next) {
    const Layouts layouts = call.steps[next]->layouts();
    if (layouts != Layouts::either) return layouts == Layouts::any ? Layout::columns : layout;
  }
  return layout;
}

// All steps in order; x may be in the second room, and y where the last step may write.
inline void run_in_order(const Call& call, const void* x, void* y, std::int64_t vectors, Room& room, Monitor& monitor) {
  Layout layout = layout_of(call);
  for (std::size_t i = 0; i < call.steps.size() && !monitor.stopped(); ++i) {
    void* const to = i + 1 == call.steps.size() ? y : room.after(i);
    const Layout next = layout_after(call, i, layout);
    call.steps[i]->run_between(x, layout, to, next, vectors, call.workers, monitor);
    x = to;
    layout = next;
  }
}

// The parts lie in the second room, where the first step reads them; it writes the first one, and so on by turns. The
// last step may write where the parts were: nobody reads them any more.
inline void run_parted(const Call& call, Room& room, Monitor& monitor) {
  const Cut& cut = call.parted.cut;
  const std::int64_t size = call.parted.size, inputs = call.steps.front()->inputs(),
                     outputs = call.steps.back()->outputs();
  const std::int64_t from_size = call.widened > 0 ? number_bytes(call.types.from) : size;
  for (std::int64_t i = 0; i < cut.pieces && !monitor.stopped(); ++i) {
    const Piece piece = piece_of(cut, i);
    const void* x = static_cast<const char*>(call.x) + piece.begin * inputs * from_size;
    if (call.widened > 0) {
      void* const wide = room.after(0);
      widen(call.types.from, call.types.to, x, wide, piece.count * inputs);
      x = wide;
    }
    void* const parts = room.after(1);
    take_apart(x, parts, piece.count, inputs, size, cut.beside, call.workers, monitor);
    void* const made = room.after(call.steps.size() - 1);
    run_in_order(call, parts, made, 2 * piece.count, room, monitor);
    char* const y = static_cast<char*>(call.y) + piece.begin * outputs * size;
    put_together(made, y, piece.count, outputs, size, cut.beside, call.workers, monitor);
  }
}

inline void run_steps(const Call& call, Monitor& monitor) {
  if (call.steps.size() == 1 && call.widened == 0 && call.parted.cut.pieces == 0) {
    return call.steps[0]->run(call.x, call.y, call.entering.vectors, layout_of(call), call.workers, monitor);
  }
  Room room{call.bytes};
  if (call.parted.cut.pieces > 0) return run_parted(call, room, monitor);
  const void* x = call.x;
  if (call.widened > 0) {  // read by the first step, before the second one writes there
    void* const wide = room.second.of_size(call.widened * number_bytes(call.types.to));
    widen(call.types.from, call.types.to, x, wide, call.widened);
    x = wide;
  }
  run_in_order(call, x, call.y, call.entering.vectors, room, monitor);
}

}  // namespace cheapfast
