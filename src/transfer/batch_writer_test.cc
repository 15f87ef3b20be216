#include "transfer/batch_writer.h"

#include <gtest/gtest.h>

#include "transfer/text_blocks.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;

/// A lane of its own, into a table "T" with the key Id.
struct Lane {
  FakeClock clock;
  FakeRandom random;
  FakeAws aws{&clock};
  KeySchema key{{{"Id", AttributeType::kN}}};
  DynamoDbClient client{
      {&aws, &clock, &random},
      {"http://aws.test", "us-east-1", StaticCredentials({"AKID", "secret", ""})}};
  RateController rate{{.ratio = 1}, {{1000, "provisioned", false}}, {}, &clock, &random};
  ProgressCallback progress;
  ProgressMeter meter{"importing", progress, &clock, &rate};
  ImportLedger ledger{{FileProgress()}};
  TextBlocks blocks;

  Lane() { aws.tables["T"].key = key; }

  PutItem Change(std::string_view item_text, bool is_delete) {
    ItemReader reader(ItemDialect::kFile);
    ItemHasher hasher;
    Item item;
    JsonCursor cursor(item_text);
    EXPECT_TRUE(reader.Read(cursor, &item)) << cursor.error();
    PutItem change{.is_delete = is_delete, .hash = {}};
    change.shown_key = key.Show(item);
    LineBuffer text;
    text.Append(is_delete ? "{\"DeleteRequest\":{\"Key\":" + change.shown_key + "}}"
                          : fmt::format("{{\"PutRequest\":{{\"Item\":{}}}}}", item_text));
    const size_t request_size = text.size();
    key.AppendKey(item, hasher, &text);
    const std::string_view kept = blocks.Keep(text.view(), &change.text);
    change.request = kept.substr(0, request_size);
    change.key = kept.substr(request_size);
    return change;
  }

  Status Write(std::vector<PutItem> changes, const ImportMode& mode) {
    LaneContext context{.client = &client,
                        .table = "T",
                        .key = &key,
                        .mode = mode,
                        .ledger = &ledger,
                        .checkpoint = nullptr,
                        .rate = &rate,
                        .meter = &meter,
                        .clock = &clock,
                        .random = &random,
                        .reject = [](const PutItem&, const std::string& why) { return why; }};
    ledger.BeginBlock(0);
    PutQueue queue(1);
    queue.Push(std::move(changes));
    queue.Close();
    return BatchWriter(context, 0, {}).Run(queue);
  }
};

TEST(BatchWriter, PutsBehindADeletionKeepTheirCondition) {
  for (auto [mode, value] : {std::pair(ImportMode::Kind::kSkipExisting, 1),
                             std::pair(ImportMode::Kind::kOverwrite, 2)}) {
    Lane lane;
    for (int id : {1, 2, 3})
      lane.aws.Put("T", fmt::format(R"({{"Id":{{"N":"{}"}},"v":{{"N":"1"}}}})", id));
    std::vector<PutItem> changes;
    changes.push_back(lane.Change(R"({"Id":{"N":"1"}})", true));
    changes.push_back(lane.Change(R"({"Id":{"N":"2"}})", true));
    changes.push_back(lane.Change(R"({"Id":{"N":"3"},"v":{"N":"2"}})", false));
    changes.push_back(lane.Change(R"({"Id":{"N":"4"},"v":{"N":"2"}})", false));
    ASSERT_TRUE(lane.Write(std::move(changes), {mode, ""}));
    const auto& items = lane.aws.tables["T"].items;
    ASSERT_EQ(items.size(), 2u);
    EXPECT_NE(items.begin()->second.find(fmt::format(R"("v":{{"N":"{}"}})", value)),
              std::string::npos)
        << items.begin()->second;
  }
}

TEST(BatchWriter, OfTwoWithOneKeyTheModeChooses) {
  struct Case {
    const char *mode, *stays;
  };
  for (const Case& c :
       {Case{"overwrite", "3"}, Case{"skip-existing", "4"}, Case{"if-newer:v", "5"}}) {
    const ImportMode mode = *ParseImportMode(c.mode);
    Lane lane;
    std::vector<PutItem> changes;
    for (int v : {4, 5, 3}) {
      changes.push_back(
          lane.Change(fmt::format(R"({{"Id":{{"N":"1"}},"v":{{"N":"{}"}}}})", v), false));
      if (mode.kind == ImportMode::Kind::kIfNewer)
        changes.back().rank = fmt::format(R"({{"N":"{}"}})", v);
    }
    ASSERT_TRUE(lane.Write(std::move(changes), mode));
    const auto& items = lane.aws.tables["T"].items;
    ASSERT_EQ(items.size(), 1u);
    EXPECT_NE(items.begin()->second.find(fmt::format(R"("v":{{"N":"{}"}})", c.stays)),
              std::string::npos)
        << c.mode << ": " << items.begin()->second;
  }
  Lane lane;
  std::vector<PutItem> changes;
  for (int v : {4, 5})
    changes.push_back(
        lane.Change(fmt::format(R"({{"Id":{{"N":"1"}},"v":{{"N":"{}"}}}})", v), false));
  auto written = lane.Write(std::move(changes), *ParseImportMode("fail-if-exists"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kAlreadyExists);
}

TEST(BatchWriter, UnderAConditionDeletionsOfOneKeyStayInTheirOrder) {
  Lane lane;
  lane.aws.Put("T", R"({"Id":{"N":"1"}})");
  std::vector<PutItem> changes;
  changes.push_back(lane.Change(R"({"Id":{"N":"1"}})", true));
  changes.push_back(lane.Change(R"({"Id":{"N":"1"}})", true));  // no batch may have both
  changes.push_back(lane.Change(R"({"Id":{"N":"1"},"v":{"N":"2"}})", false));
  ASSERT_TRUE(lane.Write(std::move(changes), {ImportMode::Kind::kSkipExisting, ""}));
  EXPECT_EQ(lane.aws.tables["T"].items.size(), 1u);
}

}  // namespace
}  // namespace penstock
