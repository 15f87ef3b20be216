// What this machine calls itself.
#pragma once

#include <string>

namespace penstock {

/// gethostname(2); "localhost" when it has no name.
std::string HostName();

}  // namespace penstock
