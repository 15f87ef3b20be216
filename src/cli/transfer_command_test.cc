// The transfer commands as a user meets them: arguments in, summary, messages and exit code out.
#include "cli/transfer_command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "cli/convert_command.h"
#include "json/json.h"
#include "system/posix_files.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;

class FakePlaces : public EndpointResolver {
 public:
  Result<ServiceEndpoint> Resolve(const ServiceFlags& flags) override {
    asked.push_back(fmt::format("{}|{}|{}|{}|{}", flags.service, flags.url, flags.region,
                                flags.own_profile, flags.profile));
    if (flags.profile == "nobody") return NotFound("there is no profile nobody");
    return ServiceEndpoint{"http://aws.test", "us-east-1",
                           StaticCredentials({"AKID", "secret", ""})};
  }
  std::vector<std::string> asked;
};

class TransferCommandTest : public ::testing::Test {
 protected:
  TransferCommandTest() {
    char name[] = "/tmp/penstock-cli-XXXXXX";
    folder_ = ::mkdtemp(name);
    aws_.tables["T"].key = {{{"Id", AttributeType::kN}}};
    aws_.tables["U"].key = {{{"Id", AttributeType::kN}}};
    for (int i = 0; i < 100; ++i)
      aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"v":{{"s":"x"}}}})", i));
  }
  ~TransferCommandTest() override { static_cast<void>(files_.RemoveTree(folder_).has_value()); }

  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    TransferWorld world{&aws_, &clock_, &random_, &files_, &places_, &out_, &err_, {}, stop_};
    Command command = ParseCommandLine(arguments, "1.2.3");
    if (auto* exit = std::get_if<EarlyExit>(&command)) {
      out_ << exit->out;
      err_ << exit->err;
      return exit->code;
    }
    if (auto* one = std::get_if<ExportCommand>(&command)) return RunExportCommand(world, *one);
    if (auto* one = std::get_if<ImportCommand>(&command)) return RunImportCommand(world, *one);
    if (auto* one = std::get_if<ConvertCommand>(&command)) return RunConvertCommand(world, *one);
    return RunVerifyCommand(world, std::get<VerifyCommand>(command));
  }

  std::string folder_;
  FakeClock clock_;
  FakeRandom random_;
  FakeAws aws_{&clock_};
  PosixFiles files_;
  FakePlaces places_;
  std::ostringstream out_, err_;
  std::stop_token stop_;
};

TEST_F(TransferCommandTest, ThereAndBack) {
  std::string out = folder_ + "/out";
  ASSERT_EQ(Run({"export", "T", out, "--json", "--read-ratio", "0.5"}), kExitDone) << err_.str();
  auto summary = json::ParseObject(out_.str());
  ASSERT_TRUE(summary) << out_.str();
  EXPECT_EQ(summary->at("items").as_int64(), 100);
  EXPECT_EQ(summary->at("rejected").as_int64(), 0);
  EXPECT_EQ(summary->at("manifest").as_string(), out + "/manifest");
  std::set<std::string> members;
  for (const auto& [name, value] : *summary) members.insert(std::string(name));
  EXPECT_EQ(members, (std::set<std::string>{"items", "bytes", "seconds", "consumedCapacityUnits",
                                            "indexCapacityUnits", "allowedCapacityUnits",
                                            "throttledRequests", "rejected", "skipped",
                                            "duplicates", "blankLines", "digest", "manifest"}));
  std::string digest(summary->at("digest").as_string());
  EXPECT_TRUE(digest.starts_with("xxh3-128-sum:") && digest.size() == 45) << digest;

  ASSERT_EQ(Run({"import", out, "U", "--write-ratio", "1", "--json"}), kExitDone) << err_.str();
  EXPECT_EQ(json::ParseObject(out_.str())->at("digest").as_string(), digest);
  EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
  ASSERT_EQ(Run({"verify", out, "--table", "U", "--rate", "500"}), kExitDone) << err_.str();
  EXPECT_NE(err_.str().find("equal: 100 items"), std::string::npos) << err_.str();
  EXPECT_EQ(out_.str(), "");

  aws_.Put("U", R"({"Id":{"n":"5"}})");
  EXPECT_EQ(Run({"verify", out, "--table", "U"}), kExitNo);
  EXPECT_NE(err_.str().find("{\"Id\":{\"N\":\"5\"}}"), std::string::npos) << err_.str();
  EXPECT_EQ(Run({"export", "T", out}), kExitUnusable);
  EXPECT_NE(err_.str().find("not empty"), std::string::npos) << err_.str();
  ASSERT_EQ(Run({"export", "T", out, "--resume", "--json"}), kExitDone) << err_.str();
  EXPECT_TRUE(json::ParseObject(out_.str())->contains("resumedFrom"));
}

TEST_F(TransferCommandTest, WhatWasNotWrittenIsSaid) {
  ASSERT_EQ(Run({"export", "T", "S3://b/out"}), kExitDone) << err_.str();
  ASSERT_EQ(Run({"import", "s3://b/out", "U", "--write-ratio", "1"}), kExitDone) << err_.str();
  aws_.tables["U"].items.erase(aws_.tables["U"].items.begin());
  ASSERT_EQ(Run({"import", "s3a://b/out", "U", "--mode", "skip-existing"}), kExitDone)
      << err_.str();
  EXPECT_NE(err_.str().find("imported: 1 item, 3.2 kB in"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find(", 99 skipped;"), std::string::npos) << err_.str();
  // As far as the progress is concerned they are done.
  EXPECT_NE(err_.str().find("importing: 100 items"), std::string::npos) << err_.str();
}

TEST_F(TransferCommandTest, RejectedLinesAreCountedAndTheirPlaceIsSaid) {
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/in"));
  ASSERT_TRUE(files_.Replace(folder_ + "/in/lines", "{\"Id\":{\"n\":\"1\"}}\n\nbad\n"));
  ASSERT_EQ(Run({"import", folder_ + "/in", "U", "--no-manifest", "--max-rejects", "2"}), kExitDone)
      << err_.str();
  const std::string told = err_.str();
  const std::string place = ", 1 rejected: " + folder_ + "/in/_penstock/rejected/";
  const size_t at = told.find(place);
  ASSERT_NE(at, std::string::npos) << told;
  const size_t name = at + std::string(", 1 rejected: ").size();
  EXPECT_TRUE(files_.Exists(told.substr(name, told.find(',', name) - name))) << told;
  EXPECT_NE(told.find(", 1 blank line;"), std::string::npos) << told;
}

TEST_F(TransferCommandTest, APlaceForThePageIsTriedBeforeTheJob) {
  EXPECT_EQ(Run({"export", "T", folder_ + "/o", "--report", folder_ + "/none/page.html"}),
            kExitUnusable);
  EXPECT_NE(err_.str().find("--report " + folder_ + "/none/page.html: the page cannot be written"),
            std::string::npos)
      << err_.str();
  EXPECT_FALSE(files_.Exists(folder_ + "/o"));
  EXPECT_EQ(Run({"export", "T", folder_ + "/o", "--report", folder_}), kExitUnusable);
  // One that is lost later does not undo the job.
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/pages"));
  aws_.s3_fault = [&](const std::string&, const std::string&) {
    static_cast<void>(files_.RemoveTree(folder_ + "/pages").has_value());
    return 0;
  };
  EXPECT_EQ(Run({"export", "T", "s3://b/o", "--report", folder_ + "/pages/page.html"}), kExitDone);
  EXPECT_NE(err_.str().find("warning: the page for --report is lost: "), std::string::npos)
      << err_.str();
}

TEST_F(TransferCommandTest, AStoppedConversionSaysWhatToDo) {
  ASSERT_EQ(Run({"export", "T", folder_ + "/o"}), kExitDone) << err_.str();
  std::stop_source stop;
  stop.request_stop();
  stop_ = stop.get_token();
  EXPECT_EQ(Run({"convert", folder_ + "/o", folder_ + "/new", "--format", "csv"}),
            kExitInterrupted);
  EXPECT_NE(err_.str().find("run the same command once more"), std::string::npos) << err_.str();
  EXPECT_EQ(err_.str().find("--resume"), std::string::npos) << err_.str();
  stop_ = {};
  EXPECT_EQ(Run({"convert", folder_ + "/o", folder_ + "/new", "--format", "csv"}), kExitDone)
      << err_.str();
}

TEST_F(TransferCommandTest, ForeseesAndRefuses) {
  std::string prices = folder_ + "/prices.json";
  ASSERT_TRUE(files_.Replace(prices, R"({"currency":"EUR","readUnitsPerMillion":1e6})"));
  ASSERT_EQ(Run({"export", "T", folder_ + "/x", "--dry-run", "--json", "--prices", prices}),
            kExitDone)
      << err_.str();
  auto estimate = json::ParseObject(out_.str());
  ASSERT_TRUE(estimate) << out_.str();
  EXPECT_EQ(estimate->at("items").as_int64(), 100);
  EXPECT_GT(estimate->at("price").as_double(), 0);
  EXPECT_EQ(Run({"export", "T", folder_ + "/x", "--deadline", "0s"}), kExitNo);
  EXPECT_NE(err_.str().find("longer than the deadline"), std::string::npos) << err_.str();
  EXPECT_FALSE(files_.Exists(folder_ + "/x"));
  ASSERT_EQ(Run({"export", "T", folder_ + "/x", "--deadline", "1h", "--report",
                 folder_ + "/report.html"}),
            kExitDone)
      << err_.str();
  auto page = files_.Read(folder_ + "/report.html");
  ASSERT_TRUE(page);
  EXPECT_NE(page->find("<svg"), std::string::npos);
  EXPECT_NE(page->find("<h1>export of T to " + folder_ + "/x, begun at 1970"), std::string::npos);
}

TEST_F(TransferCommandTest, ExplainsEachSecond) {
  aws_.tables["T"].read_units = 1;
  for (int i = 0; i < 30; ++i) {
    aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"v":{{"s":"{}"}}}})", 1000 + i,
                              std::string(4000, 'x')));
  }
  std::map<std::string, size_t> lines;
  for (const char* flag : {"--explain", "--json"}) {
    // Pages of about half a unit: a second each.
    ASSERT_EQ(Run({"export", "T", folder_ + "/" + flag, "--read-ratio", "0.5", "--memory", "16MiB",
                   flag}),
              kExitDone)
        << err_.str();
    std::string told = err_.str();
    for (size_t at = 0;
         (at = told.find("; limited by rate: 0.5 of 1 units/s", at)) != std::string::npos; ++at) {
      ++lines[flag];
    }
  }
  EXPECT_GE(lines["--json"], 1u);
  EXPECT_GE(lines["--explain"], 3 * lines["--json"]);
}

TEST_F(TransferCommandTest, EachSideHasItsOwnPlace) {
  ASSERT_EQ(Run({"export", "T", "s3://b/p", "--profile", "all", "--s3-profile", "store", "--region",
                 "eu-west-1", "--endpoint-url-dynamodb", "http://d"}),
            kExitDone)
      << err_.str();
  EXPECT_EQ(places_.asked, (std::vector<std::string>{"dynamodb|http://d|eu-west-1||all",
                                                     "s3||eu-west-1|store|all"}));
  places_.asked.clear();
  ASSERT_EQ(Run({"verify", "s3://b/p", "--table", "T", "--region", "eu-west-1", "--dynamodb-region",
                 "eu-west-2", "--dynamodb-profile", "tables"}),
            kExitDone)
      << err_.str();
  ASSERT_EQ(Run({"import", "s3://b/p", "U", "--region", "eu-west-1", "--s3-region", "eu-west-3",
                 "--endpoint-url-s3", "http://s"}),
            kExitDone)
      << err_.str();
  EXPECT_EQ(places_.asked,
            (std::vector<std::string>{"dynamodb||eu-west-2|tables|", "s3||eu-west-1||",
                                      "dynamodb||eu-west-1||", "s3|http://s|eu-west-3||"}));
  EXPECT_EQ(Run({"export", "T", "s3://b/q", "--profile", "nobody"}), kExitUnusable);
  EXPECT_NE(err_.str().find("no profile nobody"), std::string::npos);
}

TEST_F(TransferCommandTest, ATableThatIsTheSourceHasItsOwnPlace) {
  aws_.tables["U"].id = "id-2";
  aws_.tables["U"].items = aws_.tables["T"].items;
  ASSERT_EQ(Run({"verify", "dynamodb://T", "--table", "U", "--profile", "all", "--dynamodb-profile",
                 "tables", "--dynamodb-region", "eu-west-2", "--endpoint-url-dynamodb", "http://d",
                 "--source-region", "eu-west-1", "--source-profile", "before",
                 "--source-endpoint-url-dynamodb", "http://e"}),
            kExitDone)
      << err_.str();
  EXPECT_EQ(places_.asked, (std::vector<std::string>{"dynamodb|http://d|eu-west-2|tables|all",
                                                     "dynamodb|http://e|eu-west-1|before|all"}));
  // What is not said of it is as of the other; with nothing said there is one place.
  struct {
    const char *flag, *value, *expected;
  } cases[] = {
      {"--source-profile", "before", "dynamodb|http://d|eu-west-2|before|"},
      {"--source-region", "eu-west-1", "dynamodb|http://d|eu-west-1||"},
      {"--source-endpoint-url-dynamodb", "http://e", "dynamodb|http://e|eu-west-2||"},
  };
  for (const auto& one : cases) {
    places_.asked.clear();
    ASSERT_EQ(Run({"verify", "dynamodb://T", "--table", "U", "--region", "eu-west-2",
                   "--endpoint-url-dynamodb", "http://d", one.flag, one.value}),
              kExitDone)
        << err_.str();
    EXPECT_EQ(places_.asked,
              (std::vector<std::string>{"dynamodb|http://d|eu-west-2||", one.expected}));
  }
  places_.asked.clear();
  ASSERT_EQ(Run({"verify", "dynamodb://T", "--table", "U"}), kExitDone) << err_.str();
  EXPECT_EQ(places_.asked, std::vector<std::string>{"dynamodb||||"});
  // Its CloudWatch too.
  places_.asked.clear();
  EXPECT_NE(Run({"verify", "dynamodb://T", "--table", "U", "--rate-mode", "headroom",
                 "--endpoint-url-cloudwatch", "http://c", "--source-profile", "before",
                 "--source-endpoint-url-cloudwatch", "http://w"}),
            kExitDone);
  EXPECT_EQ(places_.asked,
            (std::vector<std::string>{"dynamodb||||", "cloudwatch|http://c|||",
                                      "dynamodb|||before|", "cloudwatch|http://w||before|"}));
}

TEST_F(TransferCommandTest, CloudWatchIsAskedWhereTheTableIs) {
  // The fake has no CloudWatch to answer.
  EXPECT_NE(Run({"export", "T", folder_ + "/o", "--rate-mode", "headroom", "--region", "eu-west-1",
                 "--dynamodb-region", "eu-west-2", "--dynamodb-profile", "tables",
                 "--endpoint-url-dynamodb", "http://d", "--endpoint-url-cloudwatch", "http://c"}),
            kExitDone);
  EXPECT_NE(err_.str().find("asking CloudWatch how much of table T is used"), std::string::npos)
      << err_.str();
  EXPECT_EQ(places_.asked, (std::vector<std::string>{"dynamodb|http://d|eu-west-2|tables|",
                                                     "cloudwatch|http://c|eu-west-2|tables|"}));
  places_.asked.clear();
  ASSERT_EQ(Run({"export", "T", folder_ + "/o", "--endpoint-url-cloudwatch", "http://c"}),
            kExitDone)
      << err_.str();
  EXPECT_EQ(places_.asked, std::vector<std::string>{"dynamodb||||"});
}

TEST_F(TransferCommandTest, MistakesAreNamed) {
  struct {
    std::vector<std::string> arguments;
    const char* expected;
  } cases[] = {
      {{}, "subcommand"},
      {{"exporrt", "T", "x"},
       "there is no command exporrt (did you mean export?); penstock --help"},
      {{"zzz"}, "there is no command zzz; penstock --help lists them"},
      {{"export", "T", "x", "--compres", "gzip"}, "not expected: --compres gzip;"},
      {{"export", "T"}, "DEST"},
      {{"export", "T", "x", "--read-ratio", "50"}, "--read-ratio"},
      {{"export", "T", "x", "--read-ratio", "0"}, "--read-ratio"},
      {{"import", "x", "T", "--write-ratio", "1.5"}, "--write-ratio"},
      {{"export", "T", "x", "--rate", "-5"}, "rate"},
      {{"export", "T", "x", "--null-tag", "nil"}, "--null-tag"},
      {{"export", "T", "x", "--format", "jsonl", "--null-tag", "nULL"},
       "--null-tag concerns --format datapipeline only"},
      {{"export", "T", "x", "--columns", "pk:S"}, "--columns concerns --format csv and tsv only"},
      {{"convert", "x", "y", "--format", "csv", "--columns", "pk:S,:N"},
       "--columns: column 2: the column without name must be :M"},
      {{"convert", "x", "y", "--format", "csv", "--columns", "pk:X"},
       "--columns: column 1: \"X\" is no type"},
      {{"convert", "x", "y", "--format", "csv", "--attribute-order", "java-hashmap"},
       "--attribute-order java-hashmap concerns"},
      {{"convert", "x", "y", "--format", "tsv", "--columns", "pk:S", "--attribute-order", "sorted"},
       "leave --attribute-order out"},
      {{"export", "T", "x", "--rate-mode", "max", "--rate", "5"}, "leave it out"},
      {{"export", "T", "x", "--rate-mode", "max", "--read-ratio", "0.1"}, "leave --read-ratio out"},
      {{"import", "x", "T", "--rate", "5", "--write-ratio", "0.25"},
       "in place of --write-ratio; leave one of them out"},
      {{"export", "T", "x", "--rate", "inf"}, "not inf"},
      {{"export", "T", "x", "--rate", "nan"}, "not nan"},
      {{"export", "T", "x", "--read-ratio", "nan"}, "not nan"},
      {{"export", "T", "x", "--dry-run", "--deadline", "soon"}, "no length of time"},
      {{"export", "T", "x", "--rate-mode", "absolute"}, "needs --rate"},
      {{"export", "T", "x", "--prices", "p.json"}, "--dry-run"},
      {{"export", "T", "x", "--sse-kms-key", "key"}, "local folder"},
      {{"export", "T", "x", "--manifest-base", "/backups/x"}, "no S3 location"},
      {{"export", "T", "x", "--manifest-base", "s3://"}, "names no bucket"},
      {{"export", "T", "x", "--manifest-base", "s3://a b/x"}, "cannot be a bucket's name"},
      {{"export", "T", "x", "--endpoint-url-dynamodb", "foo"},
       "--endpoint-url-dynamodb: foo is no URL"},
      {{"import", "x", "T", "--endpoint-url-s3", "file:///etc"},
       "--endpoint-url-s3: file:///etc is no URL"},
      {{"verify", "dynamodb://T", "--table", "T", "--source-endpoint-url-dynamodb", "http://"},
       "--source-endpoint-url-dynamodb: http:// is no URL"},
      {{"import", "x", "T", "--mode", "if-newer:"}, "if-newer:ATTRIBUTE"},
      {{"import", "x", "T", "--create-table", "--billing", "cheap"}, "READ,WRITE"},
      {{"import", "x", "T", "--max-rejects", "-1"}, "--max-rejects"},
      {{"export", "T", "x", "--nonsense"}, "--nonsense"},
      {{"export", "T", "x", "--memory", "much"}, "--memory much is no size"},
      {{"export", "T", "x", "--memory=-1"}, "--memory -1 is no size"},
      {{"import", "x", "T", "--memory", "64parsec"}, "--memory 64parsec is no size"},
      {{"import", "x", "T", "--memory", "64kilo"}, "--memory 64kilo is no size"},
      {{"export", "T", "x", "--memory", "0"}, "--memory 0 is below 16MiB"},
      {{"verify", "x", "--table", "T", "--memory", "1kb"}, "--memory 1kb is below 16MiB"},
      {{"export", "T", "x", "--memory", "16383KiB"}, "--memory 16383KiB is below 16MiB"},
      {{"export", "T", "x", "--memory", "99999999999999999999GiB"}, "is beyond 1024TiB"},
      {{"verify", "s3://b/p", "--table", "T", "--source-region", "eu-west-1"},
       "s3://b/p is no table"},
      {{"verify", "dynamodb://T", "--source-region", "eu-west-1"}, "against what?"},
      {{"export", "T", "x", "--source-region", "eu-west-1"}, "--source-region"},
      {{"convert", "x", "y", "--format", "csv", "--dynamodb-region", "eu-west-1"},
       "--dynamodb-region"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Run(one.arguments), kExitUnusable);
    EXPECT_NE(err_.str().find(one.expected), std::string::npos)
        << one.expected << ": " << err_.str();
  }
  EXPECT_EQ(Run({"export", "--help"}), kExitDone);
  EXPECT_NE(out_.str().find("--read-ratio"), std::string::npos);
  EXPECT_EQ(Run({"--version"}), kExitDone);
  EXPECT_EQ(out_.str(), "penstock 1.2.3\n");
}

TEST_F(TransferCommandTest, ResumingIsSpokenOfWhereItHelps) {
  // Nobody there: nothing has begun.
  aws_.faults.lost_answer_every = 1;
  aws_.refused["DescribeTable"] = "InternalServerError";
  aws_.refused_status = 500;
  EXPECT_EQ(Run({"export", "T", folder_ + "/o"}), kExitInterrupted);
  EXPECT_EQ(err_.str().find("--resume"), std::string::npos) << err_.str();
  // S3 fails once the export has begun.
  aws_.refused.clear();
  aws_.faults = {};
  aws_.s3_fault = [](const std::string& method, const std::string& target) {
    return method == "PUT" && target.find("_table.json") != std::string::npos ? 503 : 0;
  };
  EXPECT_EQ(Run({"export", "T", "s3://b/o"}), kExitInterrupted);
  EXPECT_NE(err_.str().find("the same command with --resume takes it up again"), std::string::npos)
      << err_.str();
  aws_.s3_fault = nullptr;
  ASSERT_EQ(Run({"export", "T", "s3://b/o", "--resume"}), kExitDone) << err_.str();
  EXPECT_EQ(err_.str().find("warning"), std::string::npos) << err_.str();
  // Nothing to resume is said.
  ASSERT_EQ(Run({"export", "T", "s3://b/new", "--resume"}), kExitDone) << err_.str();
  EXPECT_NE(err_.str().find("no unfinished export at s3://b/new"), std::string::npos);
  ASSERT_EQ(Run({"import", "s3://b/o", "U", "--resume"}), kExitDone) << err_.str();
  EXPECT_NE(err_.str().find("no unfinished import of s3://b/o into table U"), std::string::npos);
}

TEST_F(TransferCommandTest, MissingThingsAreUnusable) {
  EXPECT_EQ(Run({"export", "Nowhere", folder_ + "/o"}), kExitUnusable);
  EXPECT_NE(err_.str().find("Nowhere"), std::string::npos);
  EXPECT_EQ(Run({"import", folder_ + "/nothing", "U"}), kExitUnusable);
  EXPECT_EQ(Run({"verify", folder_ + "/nothing"}), kExitUnusable);
}

TEST(CommandLine, FlagsBecomeOptions) {
  auto command = ParseCommandLine(
      {"export", "T", "s3://b/p", "--memory", "1GiB", "--segments", "7", "--null-tag", "nULL",
       "--attribute-order", "java-hashmap", "--consistent-read", "--rate", "2.5"},
      "0");
  const auto& options = std::get<ExportCommand>(command).options;
  EXPECT_EQ(options.table, "T");
  EXPECT_EQ(options.destination, "s3://b/p");
  EXPECT_EQ(options.memory_bytes, 1u << 30);
  EXPECT_EQ(options.segments, 7);
  EXPECT_EQ(options.style.line, (LineStyle{NullTag::kNull, AttributeOrder::kJavaHashMap}));
  EXPECT_TRUE(options.consistent_read);
  EXPECT_EQ(options.rate.units_per_second, 2.5);
  const struct {
    const char* text;
    uint64_t bytes;
  } sizes[] = {{"16777216", 16u << 20}, {"16777216b", 16u << 20}, {"65536k", 64u << 20},
               {"64MB", 64u << 20},     {"1.5gib", 3u << 29},     {"1024TiB", uint64_t{1} << 50}};
  for (const auto& size : sizes) {
    auto sized = ParseCommandLine({"export", "T", "x", "--memory", size.text}, "0");
    ASSERT_TRUE(std::holds_alternative<ExportCommand>(sized)) << size.text;
    EXPECT_EQ(std::get<ExportCommand>(sized).options.memory_bytes, size.bytes) << size.text;
  }
  EXPECT_EQ(
      std::get<ImportCommand>(ParseCommandLine({"import", "x", "T"}, "0")).options.memory_bytes,
      kDefaultMemory);
  EXPECT_EQ(std::get<ImportCommand>(ParseCommandLine({"import", "x", "T"}, "0")).options.rate.ratio,
            0.25);
}

TEST(CommandLine, FormatsBecomeStyles) {
  auto style = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"export", "T", "x"});
    return std::get<ExportCommand>(ParseCommandLine(flags, "0")).options.style;
  };
  EXPECT_EQ(style({}), FileStyle{});
  EXPECT_EQ(style({"--format", "dynamodb-json"}).compression, Compression::kGzip);
  EXPECT_EQ(style({"--format", "jsonl", "--compress", "zstd"}),
            (FileStyle{.format = FileFormat::kJsonLines, .compression = Compression::kZstd}));
  EXPECT_EQ(style({"--format", "tsv", "--columns", "pk,\"a,b:N\",a:X:S,:M"}).columns,
            (std::vector<Column>{{"pk", AttributeType::kS},
                                 {"a,b", AttributeType::kN},
                                 {"a:X", AttributeType::kS},
                                 {"", AttributeType::kM}}));
  auto import_command =
      std::get<ImportCommand>(ParseCommandLine({"import", "x", "T", "--lenient"}, "0"));
  EXPECT_EQ(import_command.options.style, (ReadStyle{.leniency = Leniency::kGson}));
  auto convert = std::get<ConvertCommand>(
      ParseCommandLine({"convert", "x", "y", "--format", "csv", "--source-format", "jsonl"}, "0"));
  EXPECT_EQ(convert.options.style.format, FileFormat::kCsv);
  EXPECT_EQ(convert.options.read.format, FileFormat::kJsonLines);
}

TEST(ProgressLine, IsOneLineOnATerminalAndSparseElsewhere) {
  Progress progress{.phase = "exporting", .items = 1234567, .bytes = 98'700'000, .seconds = 0};
  progress.fraction = 0.5;
  progress.eta_seconds = 65;
  progress.units_per_second = 99.96;
  progress.target = 100;
  progress.limited_by = "rate: 0.25 of 400 units/s (provisioned)";
  EXPECT_EQ(ProgressLine::Describe(progress),
            "exporting: 1,234,567 items, 98.7 MB, 50 %, 100.0 of 100.0 units/s, 1:05 left; limited "
            "by rate: 0.25 of 400 "
            "units/s (provisioned)");
  std::ostringstream plain, terminal;
  {
    ProgressLine on_file(&plain, {}, false), on_terminal(&terminal, {true, true, 40}, false);
    for (int second = 0; second < 12; ++second) {
      progress.seconds = second;
      on_file.Show(progress);
      on_terminal.Show(progress);
    }
  }
  std::string lines = plain.str(), bytes = terminal.str();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  EXPECT_EQ(lines.find('\x1b'), std::string::npos);
  EXPECT_EQ(bytes.find('\n'), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\x1b[K"));
}

TEST(ProgressLine, Numbers) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(CountOf(0, "item"), "0 items");
  EXPECT_EQ(CountOf(1, "item"), "1 item");
  EXPECT_EQ(CountOf(1000, "blank line"), "1,000 blank lines");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1'000'000), "1.0 MB");
  EXPECT_EQ(FormatBytes(999'999), "1.0 MB");
  EXPECT_EQ(FormatSeconds(59.6), "1:00");
  EXPECT_EQ(FormatSeconds(3725), "1:02:05");
}

}  // namespace
}  // namespace penstock
