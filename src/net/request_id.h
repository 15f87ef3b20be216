// The name of one request in logs and answers.
#pragma once

#include <string>

#include "ports/random.h"

namespace penstock {

/// A random UUID (RFC 9562 version 4), lower-case.
std::string MakeRequestId(Random& random);

}  // namespace penstock
