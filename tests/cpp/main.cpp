#include "check.hpp"

int main() {
  int passed = 0, failed = 0;
  for (const Test& test : all_tests()) {
    std::printf("%s\n", test.name);
    const int before = failures();
    test.run();
    (failures() == before ? passed : failed) += 1;
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
