// Requests of any shape to the Data Pipeline service over a store in memory: always at most one
// answer, never a crash, never a 500.
//
// The input is a few requests, one a line: the operation's name, a space, the body. In a body, "@P"
// stands for the id of the pipeline made last, "@T" for the task id handed out last; a line "+ N"
// lets N seconds pass.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "service/world_for_test.h"

namespace penstock {
namespace {

constexpr size_t kLinesMax = 64;
constexpr int64_t kSecondsMax = 1'000'000;

std::string Replace(std::string text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string Member(const json::Object& object, std::string_view key) {
  const json::Value* value = json::Find(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

void Run(std::string_view input) {
  TestWorld world;
  std::string pipeline = "df-NONE", task = "none";
  std::vector<std::shared_ptr<Answered>> polls;
  size_t count = 0;
  for (std::string_view line : Split(input, '\n')) {
    if (++count > kLinesMax) break;
    size_t space = line.find(' ');
    std::string_view name = line.substr(0, space);
    std::string_view rest =
        space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    if (name == "+") {
      std::optional<int64_t> seconds = ParseInt64(rest);
      if (seconds && *seconds > 0)
        world.Advance(std::chrono::seconds(std::min(*seconds, kSecondsMax)));
    } else {
      std::string body = Replace(Replace(std::string(rest), "@P", pipeline), "@T", task);
      std::shared_ptr<Answered> answered = world.Send(name, body);
      if (name == "PollForTask") {
        polls.push_back(answered);
      } else {
        CHECK(answered->response.has_value(), "{} was not answered", name);
      }
      if (!answered->response) continue;
      CHECK(answered->status() < 500, "{}", answered->response->body);
      if (answered->status() != 200) continue;
      json::Object output = answered->body();
      if (name == "CreatePipeline") pipeline = Member(output, "pipelineId");
    }
    for (const auto& poll : polls) {
      if (!poll->response || poll->status() != 200) continue;
      json::Object output = poll->body();
      if (const json::Value* handed = json::Find(output, "taskObject"))
        task = Member(handed->get_object(), "taskId");
    }
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::ConfigureLog(penstock::LogLevel::kOff, penstock::LogFormat::kText);
  penstock::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
