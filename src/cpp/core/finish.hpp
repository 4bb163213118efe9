// What is to be done with each stretch of a result once it is complete, while it is still in a cache.
#pragma once

#include <cstdint>
#include <functional>

namespace cheapfast {

// Called for numbers begin ... end - 1 of the result, once for each number, by any of the threads at work.
using Finish = std::function<void(std::int64_t begin, std::int64_t end)>;

}  // namespace cheapfast
