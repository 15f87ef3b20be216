#include "transfer/rejected_line.h"

#include "base/encoding.h"
#include "base/text.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr size_t kItemDepthMax = 200;

json::Object Begin(const Reject& reject) {
  return {{"file", reject.file},
          {"line", reject.line},
          {"offset", reject.offset},
          {"reason", reject.reason}};
}

}  // namespace

std::string WriteRejectedLine(const Reject& reject, std::string_view text) {
  json::Object line = Begin(reject);
  if (IsValidUtf8(text)) {
    line["text"] = text;
  } else {
    line["base64"] = Base64Encode(text);
  }
  return json::Write(line);
}

std::string WriteRejectedItem(const Reject& reject, std::string_view item) {
  json::Object line = Begin(reject);
  if (auto parsed = json::Parse(item, kItemDepthMax)) {
    line["item"] = std::move(*parsed);
  } else {
    line["text"] = item;
  }
  return json::Write(line);
}

Result<Reject> ParseRejectedLine(std::string_view line) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(line, kItemDepthMax + 1));
  Reject reject;
  ASSIGN_OR_RETURN(reject.file, json::GetString(object, "file"));
  ASSIGN_OR_RETURN(reject.line, json::GetCount(object, "line"));
  ASSIGN_OR_RETURN(reject.offset, json::GetCount(object, "offset"));
  ASSIGN_OR_RETURN(reject.reason, json::GetString(object, "reason"));
  return reject;
}

}  // namespace penstock
