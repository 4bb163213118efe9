// Table of contents of the extension module; one register_ function a topic.
#include <pybind11/pybind11.h>

namespace cheapfast {
void register_activation(pybind11::module_& m);
void register_count(pybind11::module_& m);
void register_csr(pybind11::module_& m);
void register_factor(pybind11::module_& m);
void register_factorize(pybind11::module_& m);
void register_hadamard(pybind11::module_& m);
void register_hadamard_step(pybind11::module_& m);
void register_kronecker(pybind11::module_& m);
void register_numerical(pybind11::module_& m);
void register_program(pybind11::module_& m);
void register_reorder(pybind11::module_& m);
void register_roofline(pybind11::module_& m);
void register_sign_sum(pybind11::module_& m);
void register_sketch(pybind11::module_& m);
void register_spgemm(pybind11::module_& m);
void register_spmm(pybind11::module_& m);
void register_subset_sums(pybind11::module_& m);
void register_targets(pybind11::module_& m);
}  // namespace cheapfast

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled kernels of cheapfast; private, called by position.";
  cheapfast::register_program(m);  // first: what a program runs derives from its Step
  cheapfast::register_activation(m);
  cheapfast::register_count(m);
  cheapfast::register_csr(m);
  cheapfast::register_factor(m);
  cheapfast::register_factorize(m);
  cheapfast::register_hadamard(m);
  cheapfast::register_hadamard_step(m);
  cheapfast::register_kronecker(m);
  cheapfast::register_numerical(m);
  cheapfast::register_reorder(m);
  cheapfast::register_roofline(m);
  cheapfast::register_sign_sum(m);
  cheapfast::register_sketch(m);
  cheapfast::register_spgemm(m);
  cheapfast::register_spmm(m);
  cheapfast::register_subset_sums(m);
  cheapfast::register_targets(m);
}
