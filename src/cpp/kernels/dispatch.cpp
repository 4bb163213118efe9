#include "kernels/dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>

#include "core/cpu.hpp"

// CMake lists the instruction sets it compiled: X(baseline) X(avx2) X(avx512), or X(neon).
#define X(target)                      \
  namespace cheapfast {                \
  namespace target {                   \
  void fill_table(KernelTable& table); \
  }                                    \
  }
CHEAPFAST_TARGETS
#undef X

namespace cheapfast {
namespace {

bool runs_here(const char* target) {
  if (std::strcmp(target, "avx2") == 0) return cpu_has_avx2();
  if (std::strcmp(target, "avx512") == 0) return cpu_has_avx512();
  return true;  // baseline and neon are part of their architecture
}

std::vector<KernelTable> make_tables() {
  std::vector<KernelTable> tables;
#define X(target)                      \
  if (runs_here(#target)) {            \
    tables.emplace_back();             \
    target::fill_table(tables.back()); \
  }
  CHEAPFAST_TARGETS
#undef X
  return tables;
}

const std::vector<KernelTable>& tables() {
  static const std::vector<KernelTable> made = make_tables();
  return made;
}

// `asked_by`, the argument or the variable that names it, is for the message.
const KernelTable& table_named(const std::string& name, const char* asked_by) {
  std::string known;
  for (const KernelTable& table : tables()) {
    if (name == table.name) return table;
    known += known.empty() ? "" : ", ";
    known += table.name;
  }
  throw std::invalid_argument(std::string(asked_by) + " must be one of those that this machine can run (" + known +
                              "), got '" + name + "'");
}

const KernelTable* first_choice() {
  const char* const wanted = std::getenv("CHEAPFAST_TARGET");
  return wanted != nullptr && *wanted != '\0' ? &table_named(wanted, "CHEAPFAST_TARGET") : &tables().back();
}

std::atomic<const KernelTable*>& active() {
  static std::atomic<const KernelTable*> chosen{first_choice()};
  return chosen;
}

std::mutex g_runs_mutex;
std::atomic<const char*> g_last_kernel{nullptr};
std::atomic<const KernelTable*> g_last_table{nullptr};
std::map<std::string, std::string>& runs() {
  static std::map<std::string, std::string> recorded;
  return recorded;
}

}  // namespace

std::vector<std::string> available_targets() {
  std::vector<std::string> names;
  for (const KernelTable& table : tables()) names.emplace_back(table.name);
  return names;
}

const KernelTable& kernels() { return *active().load(std::memory_order_acquire); }

void set_target(const std::string& name) { active().store(&table_named(name, "target"), std::memory_order_release); }

void record_run(const std::string& kernel, const KernelTable& table) {
  std::lock_guard<std::mutex> lock(g_runs_mutex);
  runs()[kernel] = table.name;
}

void record_run(const char* kernel, const KernelTable& table) {
  if (g_last_kernel.load(std::memory_order_relaxed) == kernel &&
      g_last_table.load(std::memory_order_relaxed) == &table) {
    return;
  }
  record_run(std::string(kernel), table);
  g_last_kernel.store(kernel, std::memory_order_relaxed);
  g_last_table.store(&table, std::memory_order_relaxed);
}

std::map<std::string, std::string> recorded_runs() {
  std::lock_guard<std::mutex> lock(g_runs_mutex);
  return runs();
}

void clear_recorded_runs() {
  std::lock_guard<std::mutex> lock(g_runs_mutex);
  runs().clear();
  g_last_kernel.store(nullptr, std::memory_order_relaxed);
}

const char* width_name(Width width) {
  switch (width) {
    case Width::narrow:
      return "int32";
    case Width::wide:
      return "int64";
    default:
      return "own";
  }
}

}  // namespace cheapfast
