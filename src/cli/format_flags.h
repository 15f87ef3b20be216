// The flags that say how data files are written and read, before they become a style. Pure.
#pragma once

#include <string>

#include "transfer/file_format.h"

namespace penstock {

/// As given; empty texts: not given.
struct FormatFlags {
  std::string format, compress, null_tag, attribute_order;
  std::string columns;  // a CSV header: "pk:S,age:N,:M"
  bool lenient = false;
};

/// Of what is to be written. kInvalidArgument: unknown names, or flags that do not go together.
Result<FileStyle> WriteStyle(const FormatFlags& flags);
/// Of what is to be read.
Result<ReadStyle> ReadStyleOf(const FormatFlags& flags);

}  // namespace penstock
