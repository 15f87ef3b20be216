// Stops the machine at every single operation of a busy session, by kill and by power loss, and
// looks at what the next run finds: everything that was answered, nothing half, no file too many.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/digest.h"
#include "base/encoding.h"
#include "key_value/memory_key_value.h"
#include "local/s3/memory_files_for_test.h"
#include "local/s3/record.h"
#include "local/s3/s3_client_for_test.h"
#include "local/s3/s3_service.h"

namespace penstock {
namespace {

class FixedClock final : public Clock {
 public:
  Instant Now() override { return Instant(Duration(1'700'000'000'000)); }
  std::chrono::nanoseconds Monotonic() override { return {}; }
  void Sleep(Duration) override {}
};

class PlainCountingRandom final : public Random {
 public:
  uint64_t Next() override { return ++last_; }

 private:
  uint64_t last_ = 0;
};

// Fails with the plan; knows what survives power loss.
class CrashingKeyValue final : public KeyValue {
 public:
  CrashingKeyValue(MemoryKeyValue::Map content, CrashPlan* plan)
      : plan_(plan), durable_(content), live_(content) {}

  Result<std::optional<std::string>> Get(std::string_view key) override { return live_.Get(key); }
  std::unique_ptr<KeyValueIterator> NewIterator(std::string lower, std::string upper) override {
    return live_.NewIterator(std::move(lower), std::move(upper));
  }
  Status Write(const WriteBatch& batch, Durability durability) override {
    bool half = false;
    bool stopped = plan_->Step(&half);
    if (!stopped || half) {
      EXPECT_TRUE(live_.Write(batch, durability));
      if (durability == Durability::kDisk) durable_ = live_.Content();
    }
    if (stopped) return IoError("the machine has stopped");
    return {};
  }
  MemoryKeyValue::Map AfterPowerLoss() { return plan_->Coin() ? live_.Content() : durable_; }
  MemoryKeyValue::Map AfterKill() { return live_.Content(); }

 private:
  CrashPlan* const plan_;
  MemoryKeyValue::Map durable_;
  MemoryKeyValue live_;
};

struct World {
  CrashPlan plan;
  FixedClock clock;
  PlainCountingRandom random;
  std::unique_ptr<MemoryFiles> files;
  std::unique_ptr<CrashingKeyValue> index;
  std::unique_ptr<S3Service> service;

  bool Open() {
    auto opened = S3Service::Open({.folder = "/data",
                                   .files = files.get(),
                                   .index = index.get(),
                                   .clock = &clock,
                                   .random = &random,
                                   .default_region = "us-east-1"});
    if (opened) service = *std::move(opened);
    return opened.has_value();
  }
};

std::string Between(std::string_view text, std::string_view begin, std::string_view end) {
  size_t from = text.find(begin);
  if (from == std::string_view::npos) return {};
  from += begin.size();
  return std::string(text.substr(from, text.find(end, from) - from));
}

// What the session believes: the content of each key, and where the last answer is missing, what
// else it may be.
struct Belief {
  std::map<std::string, std::string> objects;
  std::map<std::string, std::vector<std::optional<std::string>>> maybe;

  void Decide(const std::string& key, std::optional<std::string> content,
              const HttpResponse& response) {
    if (response.status / 100 == 2) {
      if (content) {
        objects[key] = *content;
      } else {
        objects.erase(key);
      }
      maybe.erase(key);
    } else {
      maybe[key].push_back(content);
    }
  }
};

void Session(S3TestClient call, Belief& belief) {
  call("PUT", "/bucket");
  auto put = [&](const std::string& key, const std::string& content) {
    belief.Decide(key, content, call("PUT", "/bucket/" + key, content));
  };
  put("a", "first");
  put("a", "second");
  put("empty", "");
  for (int i = 0; i < 5; ++i) put("many/" + std::to_string(i), "x" + std::to_string(i));
  belief.Decide("empty", std::nullopt, call("DELETE", "/bucket/empty"));
  belief.Decide("copy", "second",
                call("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "bucket/a"}}));
  for (int round = 0; round < 2; ++round) {
    std::string id = Between(call("POST", "/bucket/big?uploads").body, "<UploadId>", "</UploadId>");
    if (id.empty()) continue;
    // The second upload has a last part only, which may be small.
    const std::string part1 = round == 0 ? std::string(5 << 20, 'A') : "",
                      part2 = "end" + std::to_string(round);
    call("PUT", "/bucket/big?partNumber=2&uploadId=" + id, "replaced");
    call("PUT", "/bucket/big?partNumber=3&uploadId=" + id, "not chosen");
    HttpResponse one = call("PUT", "/bucket/big?partNumber=1&uploadId=" + id, part1);
    HttpResponse two = call("PUT", "/bucket/big?partNumber=2&uploadId=" + id, part2);
    if (one.status != 200 || two.status != 200) continue;
    std::string document = "<CompleteMultipartUpload>";
    if (round == 0)
      document += "<Part><PartNumber>1</PartNumber><ETag>" + std::string(*one.headers.Get("ETag")) +
                  "</ETag></Part>";
    document += "<Part><PartNumber>2</PartNumber><ETag>" + std::string(*two.headers.Get("ETag")) +
                "</ETag></Part>";
    document += "</CompleteMultipartUpload>";
    belief.Decide("big", part1 + part2, call("POST", "/bucket/big?uploadId=" + id, document));
  }
  std::string aborted =
      Between(call("POST", "/bucket/never?uploads").body, "<UploadId>", "</UploadId>");
  call("PUT", "/bucket/never?partNumber=1&uploadId=" + aborted, "gone");
  call("DELETE", "/bucket/never?uploadId=" + aborted);
  HttpResponse batch =
      call("POST", "/bucket?delete",
           "<Delete><Object><Key>many/0</Key></Object><Object><Key>many/1</Key></Object></Delete>");
  belief.Decide("many/0", std::nullopt, batch);
  belief.Decide("many/1", std::nullopt, batch);
}

void CheckAfter(World& world, const Belief& belief) {
  S3TestClient call(world.service.get());
  std::set<std::string> keys;
  for (const auto& [key, content] : belief.objects) keys.insert(key);
  for (const auto& [key, contents] : belief.maybe) keys.insert(key);
  std::string listing = call("GET", "/bucket?list-type=2").body;
  for (const std::string& key : keys) {
    CapturedResponse got = call.Send("GET", "/bucket/" + key);
    std::vector<std::optional<std::string>> allowed;
    if (auto found = belief.maybe.find(key); found != belief.maybe.end()) allowed = found->second;
    auto known = belief.objects.find(key);
    allowed.push_back(known == belief.objects.end() ? std::nullopt : std::optional(known->second));
    ASSERT_TRUE(got.answered) << key;
    std::optional<std::string> seen;
    if (got.response.status == 200) seen = got.response.body;
    ASSERT_TRUE(seen || got.response.status == 404) << key << ": " << got.response.body;
    ASSERT_NE(std::find(allowed.begin(), allowed.end(), seen), allowed.end())
        << key << " is " << (seen ? seen->substr(0, 20) : "absent");
    EXPECT_EQ(seen.has_value(), listing.find("<Key>" + key + "</Key>") != std::string::npos) << key;
  }
  // Exactly the files that the index names.
  std::multiset<std::string> named, there;
  auto add = [&](FileId id) {
    if (id != 0) named.insert(fmt::format("/data/objects/{:02x}/{:016x}", id % 256, id));
  };
  for (const auto& [key, value] : world.index->AfterKill()) {
    if (key.starts_with("s3/o/")) add(DecodeObject(value)->file);
    if (key.starts_with("s3/q/")) add(DecodePart(value)->file);
    if (key.starts_with("s3/p/")) {
      const std::vector<PartRecord> parts = *DecodeParts(value);
      for (const PartRecord& part : parts) add(part.file);
    }
  }
  for (const std::string& path : world.files->Paths()) there.insert(path);
  EXPECT_EQ(there, named);
}

enum class Stop { kKill, kPowerLoss };

void RunAll(Stop stop, int64_t step) {
  bool finished = false;
  int64_t at = 1;
  for (; !finished; at += step) {
    World world;
    world.plan.seed = static_cast<uint64_t>(at);
    world.files = std::make_unique<MemoryFiles>(&world.plan);
    world.index = std::make_unique<CrashingKeyValue>(MemoryKeyValue::Map{}, &world.plan);
    world.plan.operations_left = at;
    Belief belief;
    if (world.Open()) Session(S3TestClient(world.service.get()), belief);
    finished = !world.plan.Crashed();

    world.service.reset();
    World next;
    next.plan.seed = static_cast<uint64_t>(at) * 31;
    next.files = stop == Stop::kKill ? world.files->AfterKill(&next.plan)
                                     : world.files->AfterPowerLoss(&next.plan);
    next.index = std::make_unique<CrashingKeyValue>(
        stop == Stop::kKill ? world.index->AfterKill() : world.index->AfterPowerLoss(), &next.plan);
    ASSERT_TRUE(next.Open()) << "stopped at " << at;
    CheckAfter(next, belief);
    if (testing::Test::HasFailure()) FAIL() << "stopped at operation " << at;
  }
  EXPECT_GT(at, 100);
}

TEST(CrashTest, KilledAtAnyOperation) { RunAll(Stop::kKill, 1); }
TEST(CrashTest, PowerLostAtAnyOperation) { RunAll(Stop::kPowerLoss, 2); }

TEST(CrashTest, AStopWhileSweepingIsSweptByTheNext) {
  for (int64_t at = 1; at < 40; ++at) {
    World world;
    world.files = std::make_unique<MemoryFiles>(&world.plan);
    world.index = std::make_unique<CrashingKeyValue>(MemoryKeyValue::Map{}, &world.plan);
    ASSERT_TRUE(world.Open());
    Belief belief;
    world.plan.operations_left = 60;
    Session(S3TestClient(world.service.get()), belief);
    World second;
    second.plan.operations_left = at;
    second.files = world.files->AfterKill(&second.plan);
    second.index = std::make_unique<CrashingKeyValue>(world.index->AfterKill(), &second.plan);
    (void)second.Open();
    second.service.reset();
    World third;
    third.files = second.files->AfterPowerLoss(&third.plan);
    third.index = std::make_unique<CrashingKeyValue>(second.index->AfterPowerLoss(), &third.plan);
    ASSERT_TRUE(third.Open());
    CheckAfter(third, belief);
    if (HasFailure()) FAIL() << "stopped at operation " << at;
  }
}

}  // namespace
}  // namespace penstock
