#include "definition/evaluate.h"

#include <gtest/gtest.h>

#include <map>

#include "definition/definition_for_test.h"
#include "definition/secret.h"

namespace penstock {
namespace {

constexpr std::string_view kBackup = R"({"objects":[
  {"id":"Default","role":"DataPipelineDefaultRole","pipelineLogUri":"#{myLogs}"},
  {"id":"Act","name":"Backup","type":"EmrActivity","input":{"ref":"Table"},"output":{"ref":"Folder"},
   "runsOn":{"ref":"Cluster"},
   "step":["#{myJar},#{output.directoryPath},#{input.tableName},#{input.readThroughputPercent}","#{mySteps}"],
   "myAttempt":"#{@actualStartTime}","myMessage":"#{errorMessage}","mySecretUse":"pw=#{*mySecret}","precondition":{"ref":"Ready"}},
  {"id":"Table","type":"DynamoDBDataNode","tableName":"#{myTable}","readThroughputPercent":"#{myRatio}"},
  {"id":"Folder","type":"S3DataNode","directoryPath":"#{myOut}/#{format(@scheduledStartTime,'YYYY-MM-dd')}"},
  {"id":"Cluster","type":"EmrCluster","taskInstanceType":"#{myTaskType}","coreInstanceCount":"2",
   "myDouble":"#{coreInstanceCount * 2}"},
  {"id":"Db","type":"RdsDatabase","*password":"hunter2","username":"u#{*password}"},
  {"id":"Ready","type":"S3PrefixNotEmpty","s3Prefix":"#{node.output.directoryPath}","myNode":"#{node} #{node.name} #{node.@scheduledStartTime}"},
  {"id":"Loop","type":"CSV","myA":"#{myB}","myB":"#{myA}"}],
  "parameters":[{"id":"myTable","type":"String"},{"id":"myRatio","type":"Double","default":"0.250"},
    {"id":"mySteps","isArray":"true","type":"String"},{"id":"myTaskType","optional":"true","type":"String"},
    {"id":"myLogs","optional":"true","type":"AWS::S3::ObjectKey"},{"id":"*mySecret","type":"String"},
    {"id":"myOut","type":"AWS::S3::ObjectKey"}],
  "values":{"myTable":"Cities","myOut":"s3://b/out","myJar":"jar","mySteps":["s1,a","s2,b"],"*mySecret":"hunter2"}})";

const Instant kStart = *ParseDateTime("2014-05-01T00:00:00");

/// Instances that all have the same interval.
class RunScope : public RuntimeScope {
 public:
  using World = std::map<std::string, RunScope, std::less<>>;
  RunScope(World& world, std::string component, const RunScope* node = nullptr)
      : world_(world), component_(std::move(component)), node_(node) {}

  std::string_view ComponentId() const override { return component_; }
  std::string Id() const override { return "@" + component_ + "_" + FormatDateTime(kStart); }
  std::optional<expr::Value> RuntimeField(std::string_view name) const override {
    if (name == "@scheduledStartTime") return expr::Value(kStart);
    if (name == "@actualStartTime" && started) return expr::Value(kStart + std::chrono::minutes(1));
    return std::nullopt;
  }
  const RuntimeScope* Target(std::string_view, std::string_view component_id) const override {
    auto found = world_.find(component_id);
    return found == world_.end() ? nullptr : &found->second;
  }
  const RuntimeScope* Node() const override { return node_; }

  bool started = false;

 private:
  World& world_;
  std::string component_;
  const RunScope* node_;
};

class Evaluate : public testing::Test {
 protected:
  Evaluate() {
    for (const char* id : {"Act", "Table", "Folder", "Cluster"})
      world_.emplace(id, RunScope(world_, id));
    world_.emplace("Ready", RunScope(world_, "Ready", &world_.at("Act")));
  }

  std::string Fields(const RuntimeScope& object, const EvaluateOptions& options = {}) {
    auto fields = EvaluateFields(definition_, parameters_, object, options);
    if (!fields) return fields.error().message;
    std::string text;
    for (const EvaluatedField& field : *fields) {
      text += field.key + (field.is_ref ? "->" : "=") + field.value +
              (field.secret ? " secret" : "") + (field.evaluated ? "" : " kept") + "\n";
    }
    return text;
  }
  std::string Text(const RuntimeScope& object, std::string_view text) {
    auto result = EvaluateText(definition_, parameters_, object, text);
    return result ? result->text + (result->secret ? " secret" : "") : result.error().message;
  }

  RunScope::World world_;
  Definition source_ = FromFile(kBackup);
  ResolvedDefinition definition_ = Resolve(source_);
  Parameters parameters_ = Parameters::Of(source_);
};

TEST_F(Evaluate, AtCreationKeepsWhatIsNotKnownAndWhatIsSecret) {
  EXPECT_EQ(Fields(world_.at("Act"), {.missing = Missing::kKeepText, .keep_secret_text = true}),
            "input->@Table_2014-05-01T00:00:00\n"
            "myAttempt=#{@actualStartTime} kept\n"
            "myMessage=#{errorMessage} kept\n"
            "mySecretUse=pw=#{*mySecret} secret kept\n"
            "output->@Folder_2014-05-01T00:00:00\n"
            "precondition->@Ready_2014-05-01T00:00:00\n"
            "runsOn->@Cluster_2014-05-01T00:00:00\n"
            "step=jar,s3://b/out/2014-05-01,Cities,0.250\n"
            "step=s1,a\n"
            "step=s2,b\n"
            "type=EmrActivity\n");
}

TEST_F(Evaluate, AtHandOutEverythingIsKnown) {
  world_.at("Act").started = true;
  std::string fields = Fields(world_.at("Act"));
  EXPECT_NE(fields.find("myAttempt=2014-05-01T00:01:00\n"), std::string::npos) << fields;
  EXPECT_NE(fields.find("myMessage=\n"), std::string::npos) << fields;
  EXPECT_NE(fields.find("mySecretUse=pw=hunter2 secret\n"), std::string::npos) << fields;
}

TEST_F(Evaluate, OptionalParametersDropTheirField) {
  EXPECT_EQ(Fields(world_.at("Cluster")),
            "coreInstanceCount=2\nmyDouble=4\ntype=EmrCluster\nrole=DataPipelineDefaultRole\n");
}

TEST_F(Evaluate, SecretsTaintWhatIsMadeOfThem) {
  ComponentScope db("Db");
  EXPECT_EQ(Fields(db), "*password=hunter2 secret\ntype=RdsDatabase\nusername=uhunter2 secret\n");
  EXPECT_EQ(
      Fields(db, {.keep_secret_text = true}),
      "*password=******** secret kept\ntype=RdsDatabase\nusername=u#{*password} secret kept\n");
}

TEST_F(Evaluate, NodeIsWhoRefers) {
  EXPECT_EQ(Fields(world_.at("Ready")),
            "myNode=@Act_2014-05-01T00:00:00 Backup 2014-05-01T00:00:00\n"
            "s3Prefix=s3://b/out/2014-05-01\n"
            "type=S3PrefixNotEmpty\n"
            "role=DataPipelineDefaultRole\n");
}

TEST_F(Evaluate, AnyText) {
  const RunScope& act = world_.at("Act");
  const std::pair<const char*, const char*> cases[] = {
      {"#{@id}", "@Act_2014-05-01T00:00:00"},
      {"#{parent.@id}", "Act"},
      {"#{name}", "Backup"},
      {"#{input}", "@Table_2014-05-01T00:00:00"},
      {"#{runsOn.coreInstanceCount + 1}", "3"},
      {"#{runsOn.coreInstanceType}", ""},
      {"#{mySteps}", "s1,a, s2,b"},
      {"#{*mySecret}", "hunter2 secret"},
      {"#{step}", "jar,s3://b/out/2014-05-01,Cities,0.250, s1,a, s2,b"},
      {"#{input.@scheduledStartTime.plusDays(1)}", "2014-05-02T00:00:00"},
      {"#{nothing}",
       "'@Act_2014-05-01T00:00:00', at character 3: 'Act' has no field and the pipeline no "
       "parameter 'nothing'"},
      {"#{myTabel}",
       "'@Act_2014-05-01T00:00:00', at character 3: 'Act' has no field and the pipeline no "
       "parameter 'myTabel'; did you "
       "mean 'myTable'?"},
      {"#{input.tabelName}",
       "'@Act_2014-05-01T00:00:00', at character 9: 'Table' has no field 'tabelName'; did you mean "
       "'tableName'?"},
      {"#{@statuss}",
       "'@Act_2014-05-01T00:00:00', at character 3: there is no runtime field '@statuss'; did you "
       "mean '@status'?"},
      {"#{", "'@Act_2014-05-01T00:00:00', at character 1: '#{' has no closing '}'"},
  };
  for (const auto& [text, result] : cases) EXPECT_EQ(Text(act, text), result) << text;
}

TEST_F(Evaluate, FieldsThatNeedThemselvesFail) {
  std::string message = Text(ComponentScope("Loop"), "#{myA}");
  EXPECT_NE(message.find("needs its own value"), std::string::npos) << message;
  EXPECT_EQ(Text(ComponentScope("Gone"), "x"),
            "'Gone', at character 1: the definition has no object 'Gone'");
}

TEST_F(Evaluate, GrowthIsBounded) {
  std::string objects = R"({"id":"A","type":"CSV","my0":"xxxxxxxxxxxxxxxx")";
  for (int i = 1; i < 20; ++i) {
    std::string below = std::to_string(i - 1);
    std::string use = "#{my" + below + "}";
    objects += ",\"my" + std::to_string(i) + "\":\"" + use + use + use + use + "\"";
  }
  ResolvedDefinition definition = Resolve(FromObjects(objects + "}"));
  auto result = EvaluateText(definition, {}, ComponentScope("A"), "#{my19}");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("too many fields are read"), std::string::npos)
      << result.error().message;
}

TEST(Secret, MasksAndRestores) {
  Definition stored =
      FromFile(R"({"objects":[{"id":"Db","*password":"pw","*other":"#{*myP}","username":"u"}],
    "parameters":[{"id":"*myP","default":"d","type":"String"}],"values":{"*myP":["v1","v2"],"myQ":"q"}})");
  Definition masked = MaskSecrets(stored);
  EXPECT_EQ(masked.objects[0].Find("*password")->value, kSecretMask);
  EXPECT_EQ(masked.objects[0].Find("*other")->value, "#{*myP}");
  EXPECT_EQ(masked.objects[0].Find("username")->value, "u");
  EXPECT_EQ(masked.parameters[0].attributes[0].value, kSecretMask);
  EXPECT_EQ(masked.values[1].value, kSecretMask);
  EXPECT_EQ(masked.values[2].value, "q");
  EXPECT_EQ(RestoreSecrets(masked, stored), stored);
  masked.objects[0].fields[1].value = "new";
  EXPECT_EQ(RestoreSecrets(masked, stored).objects[0].fields[1].value, "new");
}

}  // namespace
}  // namespace penstock
