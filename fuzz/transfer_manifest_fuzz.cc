// Manifests, marks and records of runs: what is accepted is written and read again without change,
// and stays in its folder.
#include <string_view>

#include "base/check.h"
#include "transfer/data_file.h"
#include "transfer/manifest.h"
#include "transfer/native_manifest.h"
#include "transfer/replaced_export.h"
#include "transfer/run_record.h"
#include "transfer/table_description.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto manifest = ParseManifest(text)) {
    auto again = ParseManifest(WriteManifest(*manifest));
    CHECK(again.has_value(), "{}", again.error().message);
    CHECK(*again == *manifest);
    if (auto names = RebasedNames(*manifest)) {
      for (const std::string& name : *names) {
        CHECK(!name.empty() && name != ".." && name.find('/') == std::string::npos);
      }
    }
  }
  if (auto summary = ParseNativeSummary(text)) {
    auto again = ParseNativeSummary(WriteNativeSummary(*summary));
    CHECK(again.has_value(), "{}", again.error().message);
    CHECK(*again == *summary);
  }
  if (auto files = ParseNativeFiles(text)) {
    auto again = ParseNativeFiles(WriteNativeFiles(*files));
    CHECK(again.has_value(), "{}", again.error().message);
    CHECK(*again == *files);
  }
  if (auto mark = ParseDataFileMark(text)) {
    auto again = ParseDataFileMark(WriteDataFileMark(*mark));
    CHECK(again.has_value() && *again == *mark);
    static_cast<void>(RunningMd5::Restore(mark->md5).has_value());
  }
  if (auto record = ParseRunRecord(text)) {
    auto again = ParseRunRecord(WriteRunRecord(*record));
    CHECK(again.has_value() && *again == *record);
  }
  if (auto replaced = ParseReplacedExport(text)) {
    auto again = ParseReplacedExport(WriteReplacedExport(*replaced));
    CHECK(again.has_value() && *again == *replaced);
    for (const std::string& name : replaced->names)
      CHECK(("/" + name + "/").find("/../") == std::string::npos && name[0] != '/');
  }
  static_cast<void>(ParseTableDescription(text).has_value());
  return 0;
}
