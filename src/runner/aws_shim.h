// A small `aws` that commands of users find first in PATH: it adds --endpoint-url from the standard
// variables and hands over to the real one. AWS CLIs before 2.13 (Debian 12's among them) do not
// read AWS_ENDPOINT_URL themselves; with newer ones it changes nothing.
#pragma once

#include <string>

#include "ports/files.h"

namespace penstock {

/// Writes the program into `folder` (created), which then goes first into PATH.
Status WriteAwsShim(Files& files, const std::string& folder);

}  // namespace penstock
