#include <pybind11/stl.h>

#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/monitor.hpp"
#include "bindings/operands.hpp"
#include "bindings/step.hpp"
#include "kernels/fused.hpp"
#include "kernels/sweeps.hpp"

namespace cheapfast {
namespace {

FusedOperand strided(const py::array& array, void* memory) {
  if (array.strides(0) % array.itemsize() != 0 || array.strides(1) % array.itemsize() != 0) {
    throw std::invalid_argument("strides must be multiples of the size of a number");
  }
  return {memory, array.strides(0) / array.itemsize(), array.strides(1) / array.itemsize()};
}

FusedOperand packed(const void* memory, std::int64_t vectors, std::int64_t features, Layout layout) {
  void* const start = const_cast<void*>(memory);
  if (layout == Layout::columns) return {start, vectors, 1};
  return {start, 1, features};
}

std::int64_t scalars_of(ValueType type) { return type >= ValueType::complex64 ? 2 : 1; }

// One number a row (and lane), in the order in which the kernel comes by; null for None.
const void* row_numbers(const py::handle& object, std::int64_t size) {
  if (object.is_none()) return nullptr;
  const py::array array = py::cast<py::array>(object);
  require_vector(array, "scale and bias");
  if (array.size() != size) throw std::invalid_argument("scale and bias must have a number for each row");
  return array.data();
}

// Layers with their weights in the order in which a kernel reads them; keeps those alive.
template <class Run>
class Packed : public Step {
 public:
  // False where the result is of no use: then the weights have to be taken as the layers have them.
  bool apply(const py::array& x, py::array y, int threads) const {
    require_operands(x, y, inputs(), outputs());
    if (value_type(x) != run_.type) throw py::type_error("X must have the dtype that the run was packed for");
    const FusedOperand in = strided(x, const_cast<void*>(x.data())), out = strided(y, y.mutable_data());
    const std::int64_t vectors = x.shape(1);
    PythonMonitor monitor(py::none{});
    py::gil_scoped_release release;
    return apply_run(in, out, vectors, threads, monitor);
  }

  ValueType type() const override { return run_.type; }
  std::int64_t inputs() const override { return features_; }
  std::int64_t outputs() const override { return features_; }
  bool is_current() const override { return run_.lanes == fused_lanes(run_.type); }
  bool is_serial(std::int64_t vectors) const override { return fused_is_serial(run_.type, features_ * vectors); }

  void run(const void* x, void* y, std::int64_t vectors, Layout layout, int threads, Monitor& monitor) const override {
    const FusedOperand in = packed(x, vectors, features_, layout), out = packed(y, vectors, features_, layout);
    if (!apply_run(in, out, vectors, threads, monitor)) throw RangeExceeded();
  }

 protected:
  Packed(std::int64_t features, const py::dtype& type, bool per_lane, py::list kept)
      : features_(features), kept_(std::move(kept)) {
    run_.type = value_type(py::array(type, std::vector<py::ssize_t>{0}));
    run_.per_lane = per_lane;
    run_.lanes = fused_lanes(run_.type);
  }

  virtual bool apply_run(const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                         Monitor& monitor) const = 0;

  std::int64_t features_;
  py::list kept_;
  Run run_{};
};

class PackedRun : public Packed<FusedRun> {
 public:
  // phases: (in_row, in_base, out_row, out_base, passes, in_scale, out_scale, bias), the last three None or scalars in
  // the order of the tiles' rows; a pass: (kind, radix, step, weights, tile_step, group_step, row_step, tile_period,
  // turns or None).
  // The planner is trusted to make them fit each other.
  PackedRun(std::int64_t features, const py::dtype& type, bool per_lane, py::list phases)
      : Packed(features, type, per_lane, std::move(phases)) {
    for (const py::handle item : kept_) run_.phases.push_back(phase(py::cast<py::tuple>(item)));
  }

 private:
  bool apply_run(const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                 Monitor& monitor) const override {
    apply_fused(run_, x, y, vectors, threads, monitor);
    return true;
  }

  static const std::int64_t* places(const py::array& array, std::int64_t size) {
    require_vector(array, "places");
    if (!py::isinstance<py::array_t<std::int64_t>>(array) || array.size() != size) {
      throw std::invalid_argument("places must be int64, one for each row or tile");
    }
    return static_cast<const std::int64_t*>(array.data());
  }

  FusedPhase phase(const py::tuple& item) const {
    const py::array in_row = item[0], in_base = item[1], out_row = item[2], out_base = item[3];
    FusedPhase made{};
    made.rows = out_row.size();
    made.tiles = out_base.size();
    made.own_rows = in_row.size() != made.rows;
    if (made.rows * made.tiles != features_) throw std::invalid_argument("tiles must cover the features");
    if (made.own_rows && run_.per_lane) throw std::invalid_argument("lanes have rows in common");
    made.in_row = places(in_row, made.own_rows ? features_ : made.rows);
    made.in_base = places(in_base, made.tiles);
    made.out_row = places(out_row, made.rows);
    made.out_base = places(out_base, made.tiles);
    for (const py::handle entry : py::cast<py::list>(item[4])) made.passes.push_back(pass(py::cast<py::tuple>(entry)));
    const std::int64_t lanes = run_.per_lane ? run_.lanes : 1;
    const std::int64_t scalars = (made.tiles + lanes - 1) / lanes * lanes * made.rows * scalars_of(run_.type);
    made.in_scale = row_numbers(item[5], scalars);
    made.out_scale = row_numbers(item[6], scalars);
    made.bias = row_numbers(item[7], scalars);
    return made;
  }

  FusedPass pass(const py::tuple& item) const {
    FusedPass made{};
    made.kind = static_cast<FusedKind>(py::cast<int>(item[0]));
    made.radix = py::cast<int>(item[1]);
    made.step = py::cast<std::int64_t>(item[2]);
    const py::array weights = item[3];
    made.weights = weights.data();
    made.tile_step = py::cast<std::int64_t>(item[4]);
    made.group_step = py::cast<std::int64_t>(item[5]);
    made.row_step = py::cast<std::int64_t>(item[6]);
    made.tile_period = py::cast<std::int64_t>(item[7]);
    if (made.radix < 2 || made.radix > 8) throw std::invalid_argument("radix must be 2 to 8");
    if (item[8].is_none()) return made;
    const py::array turns = item[8];
    if (!run_.per_lane || made.step == 1 || value_type(turns) != run_.type ||
        turns.size() != made.step * (made.radix - 1)) {
      throw std::invalid_argument("turns must have the run's dtype and fit a later pass over one vector");
    }
    made.turns = turns.data();
    return made;
  }
};

// Layers of 2 x 2 blocks.
class PackedSweeps : public Packed<SweepRun> {
 public:
  // passes: (kind, radix, step, weights, group_step, row_step, lanes_from, is_unit, is_scaled, has_bias), of which the
  // planner makes sure that they fit each other; least: of SweepRun.
  PackedSweeps(std::int64_t features, const py::dtype& type, bool per_lane, py::list passes, double least)
      : Packed(features, type, per_lane, std::move(passes)) {
    run_.features = features;
    run_.least = least;
    for (const py::handle item : kept_) run_.passes.push_back(pass(py::cast<py::tuple>(item)));
    if (run_.passes.empty()) throw std::invalid_argument("passes must not be empty");
  }

 private:
  bool apply_run(const FusedOperand& x, const FusedOperand& y, std::int64_t vectors, int threads,
                 Monitor& monitor) const override {
    return apply_sweeps(run_, x, y, vectors, threads, monitor);
  }

  FusedPass pass(const py::tuple& item) const {
    FusedPass made{};
    made.kind = static_cast<FusedKind>(py::cast<int>(item[0]));
    made.radix = py::cast<int>(item[1]);
    made.step = py::cast<std::int64_t>(item[2]);
    const py::array weights = item[3];
    made.weights = weights.data();
    made.group_step = py::cast<std::int64_t>(item[4]);
    made.row_step = py::cast<std::int64_t>(item[5]);
    made.lanes_from = py::cast<int>(item[6]);
    made.is_unit = py::cast<bool>(item[7]);
    made.is_scaled = py::cast<bool>(item[8]);
    made.has_bias = py::cast<bool>(item[9]);
    const std::int64_t rows = run_.per_lane ? run_.features / run_.lanes : run_.features;
    if (made.kind != FusedKind::rising && made.kind != FusedKind::falling) {
      throw std::invalid_argument("kind must be rising or falling");
    }
    const int most = sweep_radix(run_.type, run_.per_lane, made.step);
    const bool is_power = made.radix >= 2 && made.radix <= most && (made.radix & (made.radix - 1)) == 0;
    if (!is_power || made.step < 1 || rows % (made.radix * made.step) != 0) {
      throw std::invalid_argument("radix must be a power of two up to " + std::to_string(most) +
                                  ", and passes must cover the rows");
    }
    return made;
  }
};

}  // namespace

void register_kronecker(py::module_& m) {
  m.def("fused_lanes",
        [](const py::dtype& type) { return fused_lanes(value_type(py::array(type, std::vector<py::ssize_t>{0}))); });
  m.def("sweep_radix", [](const py::dtype& type, bool per_lane, std::int64_t step) {
    return sweep_radix(value_type(py::array(type, std::vector<py::ssize_t>{0})), per_lane, step);
  });
  // Plain types, as the stub says: pybind11's own metaclass is for static properties.
  const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));
  StepClass<PackedRun>(m, "PackedRun", plain)
      .def(py::init<std::int64_t, const py::dtype&, bool, py::list>())
      .def("apply", &PackedRun::apply);
  StepClass<PackedSweeps>(m, "PackedSweeps", plain)
      .def(py::init<std::int64_t, const py::dtype&, bool, py::list, double>())
      .def("apply", &PackedSweeps::apply);
}

}  // namespace cheapfast
