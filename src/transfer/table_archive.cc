#include "transfer/table_archive.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "transfer/patience.h"

namespace penstock {
namespace {

constexpr int64_t kArchiveFormat = 1;
constexpr Duration kPollInterval{1000};
constexpr int kPollsMax = 1800;
constexpr size_t kArchiveDepthMax = 64;

std::string TextOf(const json::Object& object, std::string_view key) {
  const json::Value* value = json::Find(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

const json::Object* ObjectOf(const json::Object& object, std::string_view key) {
  const json::Value* value = json::Find(object, key);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::Array* ArrayOf(const json::Object& object, std::string_view key) {
  const json::Value* value = json::Find(object, key);
  return value != nullptr ? value->if_array() : nullptr;
}

bool IsOnDemand(const json::Object& table) {
  const json::Object* billing = ObjectOf(table, "BillingModeSummary");
  return billing != nullptr && TextOf(*billing, "BillingMode") == "PAY_PER_REQUEST";
}

/// Which nobody else may set.
bool IsTagOfAws(const json::Object& tag) { return TextOf(tag, "Key").starts_with("aws:"); }

/// The throughput members of a table or index, as CreateTable takes them.
void AddThroughput(const json::Object& described, bool on_demand, const TableBilling& billing,
                   json::Object* request) {
  if (on_demand) {
    const json::Object* maximum = ObjectOf(described, "OnDemandThroughput");
    if (maximum != nullptr && billing.kind == TableBilling::Kind::kAsArchived)
      (*request)["OnDemandThroughput"] = *maximum;
    return;
  }
  json::Object throughput{{"ReadCapacityUnits", billing.read_units},
                          {"WriteCapacityUnits", billing.write_units}};
  if (billing.kind == TableBilling::Kind::kAsArchived) {
    const json::Object* was = ObjectOf(described, "ProvisionedThroughput");
    for (std::string_view key : {"ReadCapacityUnits", "WriteCapacityUnits"}) {
      auto units = was != nullptr ? json::OptionalInt(*was, key) : std::optional<int64_t>();
      throughput[key] = std::max<int64_t>(1, units && *units ? **units : 1);
    }
  }
  (*request)["ProvisionedThroughput"] = std::move(throughput);
}

/// Indexes as CreateTable takes them: without what only DescribeTable says.
json::Array Indexes(const json::Array& described, bool is_global, bool on_demand,
                    const TableBilling& billing) {
  json::Array indexes;
  for (const json::Value& value : described) {
    if (!value.is_object()) continue;
    json::Object index;
    for (std::string_view key : {"IndexName", "KeySchema", "Projection"}) {
      if (const json::Value* member = json::Find(value.get_object(), key)) index[key] = *member;
    }
    if (is_global) AddThroughput(value.get_object(), on_demand, billing, &index);
    indexes.push_back(std::move(index));
  }
  return indexes;
}

/// An order-free text of an array, to compare.
std::string Sorted(const json::Array* array) {
  std::vector<std::string> texts;
  if (array != nullptr) {
    for (const json::Value& value : *array) texts.push_back(json::Write(value));
  }
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

/// "Id:HASH:N, At:RANGE:S".
std::string DescribeKey(const json::Object& owner, const json::Object& table) {
  std::map<std::string, std::string> types;
  if (const json::Array* definitions = ArrayOf(table, "AttributeDefinitions")) {
    for (const json::Value& value : *definitions) {
      if (const json::Object* definition = value.if_object())
        types[TextOf(*definition, "AttributeName")] = TextOf(*definition, "AttributeType");
    }
  }
  std::string text;
  if (const json::Array* schema = ArrayOf(owner, "KeySchema")) {
    for (const json::Value& value : *schema) {
      const json::Object* element = value.if_object();
      if (element == nullptr) continue;
      std::string name = TextOf(*element, "AttributeName");
      text += fmt::format("{}{} ({}, {})", text.empty() ? "" : ", ", name,
                          TextOf(*element, "KeyType"), types[name]);
    }
  }
  return text;
}

std::map<std::string, std::string> DescribeIndexes(const json::Object& table,
                                                   std::string_view member) {
  std::map<std::string, std::string> indexes;
  const json::Array* array = ArrayOf(table, member);
  if (array == nullptr) return indexes;
  for (const json::Value& value : *array) {
    const json::Object* index = value.if_object();
    if (index == nullptr) continue;
    const json::Object* projection = ObjectOf(*index, "Projection");
    std::string projected = projection == nullptr
                                ? ""
                                : TextOf(*projection, "ProjectionType") + " " +
                                      Sorted(ArrayOf(*projection, "NonKeyAttributes"));
    indexes[TextOf(*index, "IndexName")] =
        fmt::format("{}, projecting {}", DescribeKey(*index, table), Trim(projected));
  }
  return indexes;
}

/// By name, each in quotes, so that an empty one is not taken for none.
std::map<std::string, std::string> DescribeTags(const json::Array& tags) {
  std::map<std::string, std::string> values;
  for (const json::Value& value : tags) {
    const json::Object* tag = value.if_object();
    if (tag != nullptr && !IsTagOfAws(*tag))
      values[TextOf(*tag, "Key")] = json::Quote(TextOf(*tag, "Value"));
  }
  return values;
}

/// "NEW_IMAGE"; empty: there is no stream, which is also how servers without streams describe it.
std::string DescribeStream(const json::Object& table) {
  const json::Object* stream = ObjectOf(table, "StreamSpecification");
  if (stream == nullptr) return "";
  auto is_enabled = json::OptionalBool(*stream, "StreamEnabled");
  if (is_enabled && *is_enabled == false) return "";
  std::string view = TextOf(*stream, "StreamViewType");
  return view.empty() ? "enabled" : view;
}

/// "on demand" or "provisioned"; nullopt: it does not say. AWS tells the mode only of tables that
/// were on demand once.
std::optional<std::string> DescribeBilling(const json::Object& table) {
  if (IsOnDemand(table)) return "on demand";
  if (ObjectOf(table, "BillingModeSummary") != nullptr) return "provisioned";
  const json::Object* throughput = ObjectOf(table, "ProvisionedThroughput");
  if (throughput == nullptr) return std::nullopt;
  auto units = json::OptionalInt(*throughput, "ReadCapacityUnits");
  if (!units || units->value_or(0) < 1) return std::nullopt;
  return "provisioned";
}

std::optional<std::string> DescribeClass(const json::Object& table) {
  const json::Object* summary = ObjectOf(table, "TableClassSummary");
  if (summary == nullptr) return std::nullopt;
  return TextOf(*summary, "TableClass");
}

std::optional<std::string> DescribeProtection(const json::Object& table) {
  auto is_protected = json::OptionalBool(table, "DeletionProtectionEnabled");
  if (!is_protected || !*is_protected) return std::nullopt;
  return **is_protected ? "on" : "off";
}

/// Gathers what is another in one description than in the other.
class Differences {
 public:
  Differences(std::string_view one, std::string_view other) : one_(one), other_(other) {}

  /// Empty: it has none.
  void Compare(std::string_view what, const std::string& was, const std::string& is) {
    if (was == is) return;
    found_.push_back(fmt::format("{}: {} in {}, {} in {}", what, was.empty() ? "none" : was, one_,
                                 is.empty() ? "none" : is, other_));
  }
  /// nullopt: it does not say.
  void CompareTold(std::string_view what, const std::optional<std::string>& was,
                   const std::optional<std::string>& is) {
    if (was && is) Compare(what, *was, *is);
  }
  /// What both have by name.
  void CompareNamed(std::string_view what, const std::map<std::string, std::string>& was,
                    const std::map<std::string, std::string>& is) {
    for (const auto& [name, description] : was) {
      auto found = is.find(name);
      Compare(fmt::format("{} {}", what, name), description,
              found == is.end() ? "" : found->second);
    }
    for (const auto& [name, description] : is) {
      if (!was.contains(name)) Compare(fmt::format("{} {}", what, name), "", description);
    }
  }
  std::vector<std::string> Take() { return std::move(found_); }

 private:
  const std::string_view one_, other_;
  std::vector<std::string> found_;
};

/// The member of a CreateTable request without which the table holds the same, and that the server
/// refuses: the one that its message names, else the first there is.
std::optional<std::string_view> RefusedExtra(const json::Object& request,
                                             std::string_view message) {
  std::optional<std::string_view> first;
  for (std::string_view extra : {"StreamSpecification", "SSESpecification", "TableClass"}) {
    if (json::Find(request, extra) == nullptr) continue;
    if (message.find(extra) != std::string_view::npos) return extra;
    if (!first) first = extra;
  }
  return first;
}

Result<TableArchive> ReadArchive(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text, kArchiveDepthMax));
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  if (format != kArchiveFormat) return InvalidArgument(fmt::format("it has format {}", format));
  TableArchive archive;
  ASSIGN_OR_RETURN(const json::Object* table, json::GetObject(object, "table"));
  archive.table = *table;
  if (const json::Object* ttl = ObjectOf(object, "timeToLive")) {
    ASSIGN_OR_RETURN(std::optional<bool> is_enabled, json::OptionalBool(*ttl, "Enabled"));
    archive.ttl_attribute.emplace();
    if (is_enabled.value_or(true)) {
      ASSIGN_OR_RETURN(archive.ttl_attribute, json::GetString(*ttl, "AttributeName"));
    }
  }
  if (const json::Array* tags = ArrayOf(object, "tags")) archive.tags = *tags;
  return archive;
}

}  // namespace

Result<TableBilling> ParseTableBilling(std::string_view text) {
  if (text == "as-exported") return TableBilling{};
  if (text == "on-demand") return TableBilling{TableBilling::Kind::kOnDemand, 0, 0};
  size_t comma = text.find(',');
  auto read = ParseInt64(text.substr(0, comma));
  auto write = comma == std::string_view::npos ? std::nullopt : ParseInt64(text.substr(comma + 1));
  if (!read || !write || *read < 1 || *write < 1) {
    return InvalidArgument(
        fmt::format("the billing is \"{}\"; it must be as-exported, on-demand, or READ,WRITE in "
                    "capacity units a second",
                    text));
  }
  return TableBilling{TableBilling::Kind::kProvisioned, *read, *write};
}

Result<TableArchive> ArchiveTable(const DynamoDbClient& client, const json::Object& table,
                                  std::vector<std::string>* warnings, std::stop_token stop) {
  TableArchive archive;
  archive.table = table;
  const std::string name = TextOf(table, "TableName");
  auto ask = [&](std::string_view operation, json::Object request,
                 std::string_view what) -> Result<std::optional<json::Object>> {
    auto answer = client.Call(operation, json::Write(request), RetryPolicy::kPatient, stop);
    if (!answer) {
      const CallError& error = answer.error();
      // A server without the operation has no such thing.
      if (error.type == "UnknownOperationException" || error.http == 501) return std::nullopt;
      Error failed = error.ToError(fmt::format("asking for the {} of table {}", what, name));
      if (failed.code == ErrorCode::kUnavailable || failed.code == ErrorCode::kCanceled)
        return failed;
      warnings->push_back(failed.message + "; it is left out");
      return std::nullopt;
    }
    auto object = json::ParseObject(*answer);
    if (object) return *std::move(object);
    warnings->push_back(fmt::format("the {} of table {} cannot be read and is left out: {}", what,
                                    name, object.error().message));
    return std::nullopt;
  };
  ASSIGN_OR_RETURN(std::optional<json::Object> ttl,
                   ask("DescribeTimeToLive", {{"TableName", name}}, "time to live"));
  if (const json::Object* told = ttl ? ObjectOf(*ttl, "TimeToLiveDescription") : nullptr) {
    const std::string status = TextOf(*told, "TimeToLiveStatus");
    const bool is_on = status == "ENABLED" || status == "ENABLING";
    archive.ttl_attribute = is_on ? TextOf(*told, "AttributeName") : "";
  }
  json::Array tags;
  std::string token;
  do {
    json::Object request{{"ResourceArn", TextOf(table, "TableArn")}};
    if (!token.empty()) request["NextToken"] = token;
    ASSIGN_OR_RETURN(std::optional<json::Object> page,
                     ask("ListTagsOfResource", std::move(request), "tags"));
    if (!page) return archive;
    if (const json::Array* more = ArrayOf(*page, "Tags"))
      tags.insert(tags.end(), more->begin(), more->end());
    token = TextOf(*page, "NextToken");
  } while (!token.empty());
  archive.tags = std::move(tags);
  return archive;
}

std::string WriteTableArchive(const TableArchive& archive) {
  json::Object object{{"format", kArchiveFormat}, {"table", archive.table}};
  if (archive.ttl_attribute && archive.ttl_attribute->empty()) {
    object["timeToLive"] = json::Object{{"Enabled", false}};
  } else if (archive.ttl_attribute) {
    object["timeToLive"] =
        json::Object{{"AttributeName", *archive.ttl_attribute}, {"Enabled", true}};
  }
  if (archive.tags) object["tags"] = *archive.tags;
  return json::WritePretty(object);
}

Result<TableArchive> ParseTableArchive(std::string_view text) {
  auto archive = ReadArchive(text);
  if (!archive) return Corrupt("not the description of a table: " + archive.error().message);
  return archive;
}

Result<json::Object> CreateTableRequest(const TableArchive& archive, const std::string& name,
                                        const TableBilling& billing) {
  const json::Object& table = archive.table;
  json::Object request{{"TableName", name}};
  for (std::string_view key : {"AttributeDefinitions", "KeySchema"}) {
    const json::Value* member = json::Find(table, key);
    if (member == nullptr) return Corrupt(fmt::format("the table's description has no {}", key));
    request[key] = *member;
  }
  bool on_demand = billing.kind == TableBilling::Kind::kOnDemand ||
                   (billing.kind == TableBilling::Kind::kAsArchived && IsOnDemand(table));
  request["BillingMode"] = on_demand ? "PAY_PER_REQUEST" : "PROVISIONED";
  AddThroughput(table, on_demand, billing, &request);
  for (std::string_view key : {"LocalSecondaryIndexes", "GlobalSecondaryIndexes"}) {
    const json::Array* indexes = ArrayOf(table, key);
    if (indexes == nullptr || indexes->empty()) continue;
    request[key] = Indexes(*indexes, key[0] == 'G', on_demand, billing);
  }
  if (const json::Object* stream = ObjectOf(table, "StreamSpecification"))
    request["StreamSpecification"] = *stream;
  // A KMS key may not be there where the table is made: AWS's own keys are.
  if (const json::Object* encryption = ObjectOf(table, "SSEDescription");
      encryption != nullptr && TextOf(*encryption, "Status") == "ENABLED") {
    request["SSESpecification"] = json::Object{{"Enabled", true}};
  }
  if (std::string table_class; const json::Object* summary = ObjectOf(table, "TableClassSummary")) {
    table_class = TextOf(*summary, "TableClass");
    if (!table_class.empty()) request["TableClass"] = table_class;
  }
  json::Array tags;
  for (const json::Value& tag : archive.tags.value_or(json::Array())) {
    const json::Object* pair = tag.if_object();
    if (pair != nullptr && !IsTagOfAws(*pair)) tags.push_back(tag);
  }
  if (!tags.empty()) request["Tags"] = std::move(tags);
  return request;
}

Status MakeTable(const DynamoDbClient& client, Clock& clock, const TableArchive& archive,
                 const std::string& name, const TableBilling& billing,
                 std::vector<std::string>* warnings, std::stop_token stop) {
  const std::string attempted = "making table " + name;
  auto request = CreateTableRequest(archive, name, billing);
  if (!request) return std::move(request.error()).In(attempted);
  auto create = [&] {
    return client.Call("CreateTable", json::Write(*request), RetryPolicy::kPatient, stop);
  };
  auto made = create();
  std::vector<std::string> left_out;
  while (!made && made.error().type == "ValidationException") {
    std::optional<std::string_view> extra = RefusedExtra(*request, made.error().message);
    if (!extra) break;
    left_out.push_back(fmt::format("table {} was made without the {} that it had: {}", name, *extra,
                                   made.error().message));
    request->erase(*extra);
    made = create();
  }
  // A repeated try, or another process, may have made it.
  if (!made && made.error().type != "ResourceInUseException") {
    return made.error().ToError(attempted);
  }
  warnings->insert(warnings->end(), left_out.begin(), left_out.end());
  const std::string asked = json::Write(json::Object{{"TableName", name}});
  for (int polls = 0;; ++polls) {
    auto answer = client.Call("DescribeTable", asked, RetryPolicy::kPatient, stop);
    if (answer) {
      auto object = json::ParseObject(*answer);
      const json::Object* table = object ? ObjectOf(*object, "Table") : nullptr;
      if (table != nullptr && TextOf(*table, "TableStatus") == "ACTIVE") break;
    } else if (answer.error().type != "ResourceNotFoundException") {
      return answer.error().ToError(attempted);
    }
    if (polls == kPollsMax) return Unavailable(attempted + ": it did not become ACTIVE in time");
    if (!Patience::SleepUnlessStopped(clock, kPollInterval, stop))
      return Canceled(attempted + " was stopped");
  }
  if (archive.ttl_attribute.value_or("").empty()) return {};
  auto live = client.Call(
      "UpdateTimeToLive",
      json::Write(json::Object{
          {"TableName", name},
          {"TimeToLiveSpecification",
           json::Object{{"AttributeName", *archive.ttl_attribute}, {"Enabled", true}}}}),
      RetryPolicy::kPatient, stop);
  if (!live && live.error().type != "UnknownOperationException" &&
      live.error().message.find("already enabled") == std::string::npos) {
    return live.error().ToError("setting the time to live of table " + name);
  }
  return {};
}

std::vector<std::string> SchemaDifferences(const TableArchive& archive, const TableArchive& other,
                                           std::string_view archive_name,
                                           std::string_view other_name) {
  Differences differences(archive_name, other_name);
  differences.Compare("the key", DescribeKey(archive.table, archive.table),
                      DescribeKey(other.table, other.table));
  for (std::string_view member : {"LocalSecondaryIndexes", "GlobalSecondaryIndexes"}) {
    differences.CompareNamed("index", DescribeIndexes(archive.table, member),
                             DescribeIndexes(other.table, member));
  }
  differences.CompareTold("the time to live", archive.ttl_attribute, other.ttl_attribute);
  return differences.Take();
}

std::vector<std::string> SettingDifferences(const TableArchive& archive, const TableArchive& other,
                                            std::string_view archive_name,
                                            std::string_view other_name) {
  Differences differences(archive_name, other_name);
  differences.CompareTold("the billing", DescribeBilling(archive.table),
                          DescribeBilling(other.table));
  differences.Compare("the stream", DescribeStream(archive.table), DescribeStream(other.table));
  if (archive.tags && other.tags)
    differences.CompareNamed("tag", DescribeTags(*archive.tags), DescribeTags(*other.tags));
  differences.CompareTold("the table class", DescribeClass(archive.table),
                          DescribeClass(other.table));
  differences.CompareTold("the deletion protection", DescribeProtection(archive.table),
                          DescribeProtection(other.table));
  return differences.Take();
}

}  // namespace penstock
