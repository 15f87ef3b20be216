// The AWS shared files as anybody may have edited them.
#include "aws/endpoint_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ProfileFile files;
  files.AddCredentials(text);
  files.AddConfig(text);
  for (const char* profile : {"default", "a"}) {
    ConfiguredRegion({}, files, profile);
    ConfiguredEndpoint({}, files, profile, "dynamodb");
  }
  return 0;
}
