// The golden vectors (tests/contract/vectors), by the generated messages.

#pragma once

#include <string>
#include <vector>

namespace golden {

struct Outcome {
  int count = 0;
  // Those whose bytes or JSON came out other than they are.
  std::vector<std::string> wrong;
};

// Decodes and encodes all vectors of this folder, as bytes and as JSON.
Outcome check(const std::string& folder);

}  // namespace golden
