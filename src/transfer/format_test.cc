// Formats through whole conversions and transfers: every tricky item through every format, foreign
// and broken files, DynamoDB's own exports.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "base/crc.h"
#include "base/text.h"
#include "transfer/compression.h"
#include "transfer/converter.h"
#include "transfer/data_file.h"
#include "transfer/decompression.h"
#include "transfer/delimited_reader.h"
#include "transfer/delimited_writer.h"
#include "transfer/gson_text.h"
#include "transfer/item_file.h"
#include "transfer/local_folder.h"
#include "transfer/native_manifest.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string GoldenPath(const std::string& name) {
  return std::string(PENSTOCK_SOURCE_DIR) + "/tests/golden/transfer/" + name;
}

std::string Packed(Compression compression, std::string_view text) {
  LineBuffer out;
  Compressor(compression).Append(text, &out);
  return std::string(out.view());
}

class FormatTest : public testing::TransferFixture {
 protected:
  FormatTest() {
    aws_.tables["T"].key = KeySchema{{{"pk", AttributeType::kS}}};
    aws_.tables["U"].key = KeySchema{{{"pk", AttributeType::kS}}};
  }

  /// All files below, but for those of the run itself.
  std::vector<std::string> Names(const std::string& folder) {
    auto list = LocalFolder(&files_, folder_ + "/" + folder).List(SIZE_MAX);
    std::vector<std::string> names;
    for (const FolderEntry& entry : *list) names.push_back(folder + "/" + entry.name);
    return names;
  }
  std::string DataFileIn(const std::string& folder) {
    for (const std::string& name : Names(folder)) {
      size_t stem = name.rfind('/') + 1;
      if (name.size() > stem + 23 && name[stem + 8] == '-' && name[stem + 23] == '-') return name;
    }
    return "";
  }

  Result<TransferReport> Convert(const std::string& from, const std::string& to,
                                 const FileStyle& style, const ReadStyle& read = {},
                                 bool no_manifest = false, uint64_t rejects_max = 0) {
    return RunConvert(Context(), {.source = folder_ + "/" + from,
                                  .destination = folder_ + "/" + to,
                                  .read = read,
                                  .no_manifest = no_manifest,
                                  .style = style,
                                  .rejects_max = rejects_max});
  }
  Result<TransferReport> Verify(const std::string& source, const std::string& table = "") {
    VerifyOptions options;
    options.source = folder_ + "/" + source;
    options.table = table;
    options.rate.ratio = 1;
    return RunVerify(Context(), options);
  }
  Result<TransferReport> Import(const std::string& source, const std::string& table,
                                const ReadStyle& style = {}, bool no_manifest = false) {
    ImportOptions options;
    options.source = folder_ + "/" + source;
    options.table = table;
    options.rate.ratio = 1;
    options.style = style;
    options.no_manifest = no_manifest;
    return RunImport(Context(), options);
  }
};
const std::vector<FileStyle> kStyles = {
    {.format = FileFormat::kDataPipeline, .compression = Compression::kGzip},
    {.format = FileFormat::kDataPipeline, .compression = Compression::kZstd},
    {.format = FileFormat::kDynamoDbJson, .compression = Compression::kGzip},
    {.format = FileFormat::kJsonLines},
    {.format = FileFormat::kCsv},
    {.format = FileFormat::kTsv, .compression = Compression::kZstd},
    {.format = FileFormat::kCsv, .line = {.order = AttributeOrder::kSorted}},
};

TEST_F(FormatTest, EveryTrickyItemThroughEveryFormat) {
  Write("in/items.jsonl", FileText(GoldenPath("tricky-items.jsonl")));
  FileStyle golden;
  golden.line.order = AttributeOrder::kJavaHashMap;
  auto first = Convert("in", "v4", golden, {}, /*no_manifest=*/true);
  ASSERT_GOOD(first);
  EXPECT_EQ(first->items, 74u);
  EXPECT_TRUE(Read(DataFileIn("v4")) == FileText(GoldenPath("tricky-legacy-v4.jsonl")));
  std::string from = "v4";
  for (size_t i = 0; i < kStyles.size(); ++i) {
    std::string to = fmt::format("out{}", i);
    auto converted = Convert(from, to, kStyles[i]);
    ASSERT_GOOD(converted);
    EXPECT_EQ(converted->items, 74u) << i;
    EXPECT_EQ(converted->digest, first->digest) << i;
    EXPECT_TRUE(DataFileIn(to).ends_with(FileSuffix(kStyles[i]))) << DataFileIn(to);
    auto verified = Verify(to);
    ASSERT_GOOD(verified);
    EXPECT_FALSE(verified->refusal.has_value()) << i;
    EXPECT_EQ(verified->digest, first->digest) << i;
    from = to;
  }
}

TEST_F(FormatTest, TablesGoThroughEveryFormat) {
  for (int i = 0; i < 300; ++i) {
    std::string odd = i % 2 == 0 ? R"({"nULL":true})" : R"({"s":",\"\n\\N"})";
    aws_.Put("T",
             fmt::format(R"({{"pk":{{"s":"k{0}"}},"n":{{"n":"{0}"}},"x{1}":{2}}})", i, i % 7, odd));
  }
  for (size_t i = 0; i < kStyles.size(); ++i) {
    ExportOptions options;
    options.table = "T";
    options.destination = fmt::format("{}/e{}", folder_, i);
    options.rate.ratio = 1;
    options.run_id = fmt::format("run-{}", i);
    options.style = kStyles[i];
    auto exported = RunExport(Context(), options);
    ASSERT_GOOD(exported);
    EXPECT_EQ(exported->items, 300u);
    auto verified = Verify(fmt::format("e{}", i), "T");
    ASSERT_GOOD(verified);
    EXPECT_FALSE(verified->refusal.has_value()) << i << verified->refusal->message;
    aws_.tables["U"].items.clear();
    auto imported = Import(fmt::format("e{}", i), "U");
    ASSERT_GOOD(imported);
    EXPECT_EQ(imported->digest, exported->digest) << i;
    // A finished run with the same id finds itself done.
    auto again = RunExport(Context(), options);
    ASSERT_GOOD(again);
    EXPECT_EQ(again->digest, exported->digest);
  }
}

TEST_F(FormatTest, EmptyNamesInMapsGoThroughEveryFormat) {
  aws_.Put("T", R"({"pk":{"s":"a"},"m":{"m":{"":{"s":"x"},"b":{"m":{"":{"nULL":true}}}}}})");
  aws_.Put("T", R"({"pk":{"s":"b"},"m":{"s":"none"},"other":{"l":[{"m":{"":{"n":"1"}}}]}})");
  for (size_t i = 0; i < kStyles.size(); ++i) {
    ExportOptions options;
    options.table = "T";
    options.destination = fmt::format("{}/e{}", folder_, i);
    options.style = kStyles[i];
    // A map among the attributes without a column.
    if (IsDelimited(kStyles[i].format))
      options.style.columns = {{"pk", AttributeType::kS}, {"", AttributeType::kM}};
    ASSERT_GOOD(RunExport(Context(), options));
    aws_.tables["U"].items.clear();
    ASSERT_GOOD(Import(fmt::format("e{}", i), "U"));
    EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items) << i;
  }
}

TEST_F(FormatTest, BadLinesAreNamed) {
  std::string file, lenient_lines;
  uint64_t offset = 0;
  const std::string entries = FileText(GoldenPath("tricky-invalid.jsonl"));
  for (std::string_view entry : Split(entries, '\n')) {
    if (entry.empty()) continue;
    auto parsed = json::ParseObject(entry);
    std::string line = *json::GetString(*parsed, "line"), why = *json::GetString(*parsed, "why");
    if (line.starts_with("\xEF\xBB\xBF")) {
      file.insert(0, line + "\n");
      offset = line.size() + 1;
    } else {
      file += line + "\n";
    }
    if (why.find("lenient") != std::string::npos) lenient_lines += line + "\n";
  }
  // Enough that fits the table, else the import is taken for a mistake as a whole.
  for (int i = 0; i < 10; ++i)
    file += fmt::format("{{\"Item\":{{\"pk\":{{\"S\":\"g{}\"}}}}}}\n", i);
  Write("bad/lines", file);
  auto imported = Import("bad", "T", {}, /*no_manifest=*/true);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 11u);
  EXPECT_EQ(imported->rejected, 44u);
  EXPECT_EQ(imported->blank_lines, 2u);
  ASSERT_TRUE(imported->refusal.has_value());
  ASSERT_EQ(imported->rejects.size(), 44u);
  for (const Reject& reject : imported->rejects) {
    EXPECT_TRUE(reject.file.ends_with("/bad/lines"));
    EXPECT_FALSE(reject.reason.empty());
    // The offset lies in the line.
    auto before = static_cast<uint64_t>(
        std::count(file.begin(), file.begin() + static_cast<ptrdiff_t>(reject.offset), '\n'));
    EXPECT_EQ(before + 1, reject.line) << reject.Describe();
  }
  // All of them are kept, with their text.
  ASSERT_TRUE(imported->rejects_file.has_value());
  const std::string kept = FileText(*imported->rejects_file);
  const std::vector<std::string_view> lines = Split(file, '\n');
  std::set<int64_t> numbers;
  for (std::string_view entry : Split(kept, '\n')) {
    if (entry.empty()) continue;
    auto reject = json::ParseObject(entry);
    ASSERT_GOOD(reject);
    auto number = json::GetInt(*reject, "line");
    ASSERT_GOOD(number);
    numbers.insert(*number);
    EXPECT_EQ(*json::GetString(*reject, "text"), lines[static_cast<size_t>(*number - 1)]);
    for (const char* member : {"file", "offset", "reason"}) EXPECT_TRUE(reject->contains(member));
  }
  EXPECT_EQ(numbers.size(), 44u);
  bool warned = false;
  for (const std::string& warning : imported->warnings)
    warned = warned || warning.find("byte order mark") != std::string::npos;
  EXPECT_TRUE(warned);
  EXPECT_GT(offset, 0u);

  ASSERT_FALSE(lenient_lines.empty());
  Write("gson/lines", lenient_lines);
  auto lenient = Import("gson", "U", {.leniency = Leniency::kGson}, /*no_manifest=*/true);
  ASSERT_GOOD(lenient);
  EXPECT_EQ(lenient->rejected, 0u);
  EXPECT_EQ(lenient->items + lenient->duplicates, 2u);
  EXPECT_EQ(Import("gson", "U", {}, true)->rejected, 2u);
}

TEST(Leniency, TakesWhatGsonTakes) {
  struct {
    const char* line;
    const char* strict;  // nullptr: refused
  } cases[] = {
      {"{'pk':{'s':'x'}}", R"({"pk":{"s":"x"}})"},
      {"{pk:{s:x}}", R"({"pk":{"s":"x"}})"},
      {"{pk={n=>5};b:{b:AQ}}", R"({"pk":{"n":"5"},"b":{"b":"AQ=="}})"},
      {R"({"n":{"n":1e400}})", nullptr},
      {R"({"n":{"n":-5.50},"o":{"bOOL":"true"}} // why)",
       R"({"n":{"n":"-5.5"},"o":{"bOOL":true}})"},
      {R"({"a":{"Bool":false},"b":{"Ss":['it\'s']}})",
       R"({"a":{"bOOL":false},"b":{"sS":["it's"]}})"},
      {"{\"a\":{\"s\":\"x\ty\"}}", R"({"a":{"s":"x\ty"}})"},
      {R"({"a":{"b":"-_8="}})", R"({"a":{"b":"+/8="}})"},
      {R"({"a":{"b":"!!"}})", nullptr},
      {"{pk:{s:x}", nullptr},
      {"{pk:{s:x}} {pk:{s:y}}", nullptr},
      {"{pk:{s:x},pk:{s:y}}", nullptr},
      {"[1]", nullptr},
  };
  LineReader strict(LineShape::kBare), lenient(LineShape::kBare, Leniency::kGson);
  ItemHasher hasher;
  Item item, expected;
  for (const auto& one : cases) {
    LineKind kind = lenient.Read(one.line, &item);
    if (one.strict == nullptr) {
      EXPECT_EQ(kind, LineKind::kBad) << one.line;
      continue;
    }
    ASSERT_EQ(kind, LineKind::kItem) << one.line << lenient.reason();
    ASSERT_EQ(strict.Read(one.strict, &expected), LineKind::kItem) << strict.reason();
    EXPECT_EQ(hasher.Hash(item), hasher.Hash(expected)) << one.line;
  }
}

struct CsvCase {
  const char* record;
  const char* item;    // as a line; nullptr: bad
  const char* reason;  // a part of it
};

TEST(Delimited, CellsByTheirColumns) {
  constexpr const char* kHeader = "pk:S,n:N,b:B,t:BOOL,l:L,ss:SS,plain,:M";
  const CsvCase cases[] = {
      {"a,1,AQ==,TRUE,\"[{\"\"S\"\":\"\"x\"\"}]\",\"[\"\"y\"\"]\",p,",
       R"({"pk":{"S":"a"},"n":{"N":"1"},"b":{"B":"AQ=="},"t":{"BOOL":true},"l":{"L":[{"S":"x"}]},"ss":{"SS":["y"]},"plain":{"S":"p"}})",
       ""},
      {"\"a\"\"b,\r\nc\",,,,,,\"\",", R"({"pk":{"S":"a\"b,\r\nc"},"plain":{"S":""}})", ""},
      {"a,\\N,,\\N,,,\"\\N\",",
       R"({"pk":{"S":"a"},"n":{"NULL":true},"t":{"NULL":true},"plain":{"S":"\\N"}})", ""},
      {"a,,,,,,,\"{\"\"n\"\":{\"\"S\"\":\"\"text\"\"}}\"", R"({"pk":{"S":"a"},"n":{"S":"text"}})",
       ""},
      {"a,,,,,,,{}", R"({"pk":{"S":"a"}})", ""},
      {"a,x,,,,,,", nullptr, "not a number"},
      {"a,,!,,,,,", nullptr, "not base64"},
      {"a,,,maybe,,,,", nullptr, "column t:BOOL: must be true or false"},
      {"a,,,,[,,,", nullptr, "column l:L: not JSON"},
      {"a,,,,\"[]},\"\"z\"\":{\"\"S\"\":\"\"i\"\"\",,,", nullptr, "text after the value"},
      {"a,,,,,,", nullptr, "the record has 7 cells, the header has 8"},
      {"a,,,,,,,,", nullptr, "the record has 9 cells"},
      {"a\"b,,,,,,,", nullptr, "a quote inside a cell"},
      {"\"a\"b,,,,,,,", nullptr, "text after the closing quote"},
      {"\"a,,,,,,,", nullptr, "has no end"},
      {"a,1,,,,,,\"{\"\"n\"\":{\"\"N\"\":\"\"2\"\"}}\"", nullptr, "occurs twice"},
      {",,,,,,,", nullptr, "without attributes"},
  };
  for (const CsvCase& one : cases) {
    DelimitedReader reader(',');
    Item item, expected;
    ASSERT_EQ(reader.Read(kHeader, &item), LineKind::kHeader) << reader.reason();
    LineKind kind = reader.Read(one.record, &item);
    if (one.item == nullptr) {
      EXPECT_EQ(kind, LineKind::kBad) << one.record;
      EXPECT_NE(reader.reason().find(one.reason), std::string::npos) << reader.reason();
      EXPECT_LE(reader.column(), std::string_view(one.record).size());
      continue;
    }
    ASSERT_EQ(kind, LineKind::kItem) << one.record << reader.reason();
    LineReader line(LineShape::kBare);
    ASSERT_EQ(line.Read(one.item, &expected), LineKind::kItem) << line.reason();
    ItemHasher hasher;
    EXPECT_EQ(hasher.Hash(item), hasher.Hash(expected)) << one.record;
  }
}

TEST(Delimited, Headers) {
  EXPECT_EQ(*ParseColumns("pk,a:b,\"x,y:N\",:M", ','),
            (std::vector<Column>{{"pk", AttributeType::kS},
                                 {"a:b", AttributeType::kS},
                                 {"x,y", AttributeType::kN},
                                 {"", AttributeType::kM}}));
  for (const char* header : {"", "a,", "a:N,a:N", ":S", "\"a", "a\"b"})
    EXPECT_FALSE(ParseColumns(header, ',')) << header;
}

TEST(Delimited, GivenColumnsRefuseWhatTheyCannotHold) {
  FileStyle style{.format = FileFormat::kCsv, .columns = *ParseColumns("pk,n:N", ',')};
  DelimitedWriter writer(style);
  LineReader reader(LineShape::kBare);
  Item item;
  LineBuffer out;
  ASSERT_EQ(reader.Read(R"({"pk":{"S":"a"},"n":{"N":"1"}})", &item), LineKind::kItem);
  EXPECT_TRUE(writer.Append(item, &out));
  ASSERT_EQ(reader.Read(R"({"pk":{"S":"a"},"n":{"S":"1"}})", &item), LineKind::kItem);
  Status refused = writer.Append(item, &out);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("add n:S"), std::string::npos) << refused.error().message;
  EXPECT_EQ(out.view(), "pk:S,n:N\na,1\n");
}

TEST(LineSource, RecordsHoldLineEndsInQuotes) {
  std::string file = "a,b\r\n\"x\ny\",\"q\"\"\r\n\"\nlast,\"\"\n";
  for (size_t step = 1; step < 9; ++step) {
    class Stepped : public BodySource {
     public:
      Stepped(std::string_view text, size_t size) : left_(text), step_(size) {}
      Result<size_t> Read(std::span<char> buffer) override {
        size_t count = std::min({step_, buffer.size(), left_.size()});
        std::memcpy(buffer.data(), left_.data(), count);
        left_.remove_prefix(count);
        return count;
      }

     private:
      std::string_view left_;
      size_t step_;
    };
    Stepped bytes(file, step);
    LineSource lines(&bytes, ',');
    std::vector<std::pair<uint64_t, std::string>> records;
    while (true) {
      auto line = lines.Next();
      ASSERT_TRUE(line);
      if (!*line) break;
      records.emplace_back((*line)->number, std::string((*line)->text));
    }
    EXPECT_EQ(records, (std::vector<std::pair<uint64_t, std::string>>{
                           {1, "a,b"}, {2, "\"x\ny\",\"q\"\"\r\n\""}, {5, "last,\"\""}}));
  }
}

TEST(Compression, BlocksStandAlone) {
  std::string text(3'000'000, 'a');
  for (size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>('b' + i % 11);
  for (Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    std::string packed = Packed(compression, text.substr(0, 1'000'000)) +
                         Packed(compression, text.substr(1'000'000)) + Packed(compression, "");
    auto unpack = [](std::string_view bytes) -> Result<std::string> {
      ASSIGN_OR_RETURN(auto source, Decompressed(std::make_unique<StringSource>(bytes), "x"));
      return ReadAll(*source, 1u << 30);
    };
    auto whole = unpack(packed);
    ASSERT_GOOD(whole);
    EXPECT_TRUE(*whole == text);
    if (compression == Compression::kNone) continue;
    // Truncated anywhere inside a member, it says so.
    for (size_t cut : {size_t{3}, size_t{30}, packed.size() / 2, packed.size() - 1}) {
      auto torn = unpack(std::string_view(packed).substr(0, cut));
      if (cut < 4 && compression == Compression::kZstd) continue;  // three bytes are no frame yet
      ASSERT_FALSE(torn) << cut;
      EXPECT_EQ(torn.error().code, ErrorCode::kCorrupt);
    }
    std::string broken = packed;
    broken[broken.size() / 2] ^= 0x55;
    EXPECT_FALSE(unpack(broken));
  }
}

TEST(Compression, NamesMustNotLie) {
  auto open = [](std::string_view bytes, std::string_view name) {
    return Decompressed(std::make_unique<StringSource>(bytes), name);
  };
  EXPECT_FALSE(open("{}", "a.gz"));
  EXPECT_FALSE(open(Packed(Compression::kGzip, "x"), "a.zst"));
  EXPECT_FALSE(open("x", "a.bz2"));
  EXPECT_FALSE(open("BZh91AY", "a"));
  EXPECT_FALSE(open("x", "a.snappy"));
  EXPECT_TRUE(open(Packed(Compression::kGzip, "x"), "a"));
  EXPECT_TRUE(open("", "a.gz"));
}

TEST_F(FormatTest, AFileIsNoFolder) {
  ASSERT_TRUE(files_.Replace(folder_ + "/one.jsonl", "{\"pk\":{\"S\":\"a\"}}\n"));
  for (bool no_manifest : {false, true}) {
    auto imported = Import("one.jsonl", "T", {}, no_manifest);
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(imported.error().message.find("one.jsonl is a file; give the folder"),
              std::string::npos);
  }
}

// A version before that kept none in its marks.
TEST_F(FormatTest, AFileBegunWithoutAChecksumGetsNone) {
  LocalFolder folder(&files_, folder_ + "/out");
  Item item;
  ASSERT_EQ(LineReader(LineShape::kBare).Read(R"({"pk":{"S":"k"}})", &item), LineKind::kItem);
  auto file = DataFile::Create(folder, "f", {}, {});
  ASSERT_GOOD(file);
  ASSERT_TRUE((*file)->Append(item));
  auto mark = (*file)->Save();
  ASSERT_GOOD(mark);
  ASSERT_TRUE(mark->proof.crc64nvme);
  mark->proof.crc64nvme.reset();
  file = DataFile::Reopen(folder, {}, *mark, {});
  ASSERT_GOOD(file);
  ASSERT_TRUE((*file)->Append(item));
  auto proof = (*file)->Commit();
  ASSERT_GOOD(proof);
  EXPECT_FALSE(proof->crc64nvme);
}

TEST_F(FormatTest, SavedFilesGoOn) {
  LineReader reader(LineShape::kBare);
  for (const FileStyle& style : kStyles) {
    LocalFolder whole(&files_, folder_ + "/whole"), pieces(&files_, folder_ + "/pieces");
    auto file = DataFile::Create(whole, "f", style, {});
    auto piece = DataFile::Create(pieces, "f", style, {});
    ASSERT_TRUE(file && piece);
    Item item;
    for (int i = 0; i < 50; ++i) {
      std::string line = fmt::format(R"({{"pk":{{"S":"k{}"}},"a{}":{{"N":"1"}}}})", i, i % 3);
      ASSERT_EQ(reader.Read(line, &item), LineKind::kItem);
      ASSERT_TRUE((*file)->Append(item));
      ASSERT_TRUE((*piece)->Append(item));
      if (i % 20 != 7) continue;
      auto mark = (*piece)->Save();
      ASSERT_GOOD(mark);
      auto parsed = ParseDataFileMark(WriteDataFileMark(*mark));
      ASSERT_GOOD(parsed);
      EXPECT_EQ(*parsed, *mark);
      // What comes after the mark is lost with the process.
      ASSERT_TRUE((*piece)->Append(item));
      piece = DataFile::Reopen(pieces, style, *parsed, {});
      ASSERT_GOOD(piece);
    }
    auto proof = (*file)->Commit(), again = (*piece)->Commit();
    ASSERT_TRUE(proof && again);
    EXPECT_EQ(proof->items, again->items);
    EXPECT_EQ(proof->digest, again->digest);
    if (style.format == FileFormat::kDynamoDbJson) {
      EXPECT_EQ(again->md5, Base64Encode(Md5(FileText(folder_ + "/pieces/f"))));
    } else {
      EXPECT_EQ(again->crc64nvme, Crc64Nvme(FileText(folder_ + "/pieces/f")));
    }
    ExportFile read{.name = "f", .shape = ShapeOf(style.format, Leniency::kStrict)};
    auto opened = ItemFile::Open(pieces, read, {});
    ASSERT_GOOD(opened);
    uint64_t items = 0;
    while (true) {
      auto kind = (*opened)->Next(&item);
      ASSERT_GOOD(kind);
      if (!*kind) break;
      ASSERT_EQ(**kind, LineKind::kItem) << (*opened)->reason();
      ++items;
    }
    EXPECT_EQ(items, 50u);
    ASSERT_TRUE(whole.Remove("f") && pieces.Remove("f"));
  }
}

TEST_F(FormatTest, ReadsAnExportThatAwsMade) {
  // As in the guide: keys from the root of another bucket, an empty file, no x-verify.
  std::string one = Packed(Compression::kGzip, R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})"
                                               "\n");
  std::string none = Packed(Compression::kGzip, "");
  std::string files;
  for (auto [name, content, items] :
       {std::tuple("asdl123", &one, 1), std::tuple("qwer456", &none, 0)}) {
    Write(fmt::format("aws/AWSDynamoDB/01693685827463-2d8752fd/data/{}.json.gz", name), *content);
    files += fmt::format(
        R"({{"itemCount":{},"md5Checksum":"{}","etag":"x-1","dataFileS3Key":"p/AWSDynamoDB/01693685827463-2d8752fd/data/{}.json.gz"}})"
        "\n",
        items, Base64Encode(Md5(*content)), name);
  }
  std::string summary =
      R"({"version":"2020-06-30","exportArn":"arn:aws:dynamodb:us-east-1:123456789012:table/T/export/01693685827463-2d8752fd","startTime":"2023-09-02T20:17:07.463Z","endTime":"2023-09-02T20:20:10.000Z","tableArn":"arn:aws:dynamodb:us-east-1:123456789012:table/T","tableId":"x","exportTime":"2023-09-02T20:17:07.463Z","s3Bucket":"b","s3Prefix":"p","s3SseAlgorithm":"AES256","s3SseKmsKeyId":null,"manifestFilesS3Key":"AWSDynamoDB/01693685827463-2d8752fd/manifest-files.json","billedSizeBytes":0,"itemCount":1,"outputFormat":"DYNAMODB_JSON"})";
  const std::string at = "aws/AWSDynamoDB/01693685827463-2d8752fd/";
  Write(at + "_started", "");
  Write(at + "manifest-summary.json", summary);
  Write(at + "manifest-summary.md5", Base64Encode(Md5(summary)));
  Write(at + "manifest-files.json", files);
  Write(at + "manifest-files.checksum", Base64Encode(Md5(files)));
  for (const char* source : {"aws", "aws/AWSDynamoDB/01693685827463-2d8752fd",
                             "aws/AWSDynamoDB/01693685827463-2d8752fd/manifest-summary.json"}) {
    auto imported = Import(source, "U");
    ASSERT_GOOD(imported);
    EXPECT_EQ(imported->items, 1u);
  }
  auto wrong = Import("aws", "U", {.format = FileFormat::kCsv});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("dynamodb-json"), std::string::npos);

  // A data file of another MD5, and a manifest.
  Write(at + "data/asdl123.json.gz",
        Packed(Compression::kGzip, "{\"Item\":{\"pk\":{\"S\":\"b\"}}}\n"));
  auto changed = Import("aws", "U");
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().message.find("its MD5 is"), std::string::npos);
  Write(at + "manifest-files.json", files + " ");
  changed = Import("aws", "U");
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().message.find("manifest-files.checksum says"), std::string::npos)
      << changed.error().message;
}

TEST_F(FormatTest, AppliesAnIncrementalExport) {
  aws_.Put("U", R"({"pk":{"s":"gone"},"v":{"n":"1"}})");
  aws_.Put("U", R"({"pk":{"s":"old"},"v":{"n":"1"}})");
  std::string changes =
      R"({"Metadata":{"WriteTimestampMicros":{"N":"1680109764000000"}},"Keys":{"pk":{"S":"old"}},"OldImage":{"pk":{"S":"old"},"v":{"N":"1"}},"NewImage":{"pk":{"S":"old"},"v":{"N":"2"}}})"
      "\n"
      R"({"Metadata":{"WriteTimestampMicros":"1"},"Keys":{"pk":{"S":"gone"}},"OldImage":{"pk":{"S":"gone"},"v":{"N":"1"}}})"
      "\n"
      R"({"Keys":{"pk":{"S":"new"}},"NewImage":{"pk":{"S":"new"}}})"
      "\n";
  std::string packed = Packed(Compression::kGzip, changes);
  Write("inc/AWSDynamoDB/data/x.json.gz", packed);
  NativeSummary summary{.table_arn = "arn:aws:dynamodb:us-east-1:1:table/T",
                        .manifest_files_key = "AWSDynamoDB/01-a/manifest-files.json",
                        .items = 3,
                        .is_incremental = true};
  Write("inc/AWSDynamoDB/01-a/manifest-summary.json", WriteNativeSummary(summary));
  Write("inc/AWSDynamoDB/01-a/manifest-files.json",
        WriteNativeFiles(
            {{.items = 3, .md5 = Base64Encode(Md5(packed)), .key = "AWSDynamoDB/data/x.json.gz"}}));
  auto checked = Verify("inc");
  ASSERT_GOOD(checked);
  EXPECT_FALSE(checked->refusal.has_value());
  EXPECT_FALSE(Verify("inc", "U"));
  EXPECT_FALSE(Convert("inc", "x", {}));
  auto applied = Import("inc/AWSDynamoDB/01-a", "U");
  ASSERT_GOOD(applied);
  EXPECT_FALSE(applied->refusal.has_value());
  EXPECT_EQ(aws_.tables["U"].items.size(), 2u);
}

TEST_F(FormatTest, BrokenFilesAreRefused) {
  Write("in/items", "{\"pk\":{\"S\":\"a\"}}\n{\"pk\":{\"S\":\"b\"}}\n");
  FileStyle gzip{.compression = Compression::kGzip};
  ASSERT_GOOD(Convert("in", "good", gzip, {}, true));
  const std::string name = DataFileIn("good");
  const std::string bytes = Read(name);
  // Truncated.
  Write(name, bytes.substr(0, bytes.size() - 5));
  auto verified = Verify("good");
  ASSERT_GOOD(verified);
  EXPECT_TRUE(verified->refusal);
  // Other content of the same size; its CRC is right, its digest is not.
  Write(name, Packed(Compression::kGzip, "{\"pk\":{\"S\":\"a\"}}\n{\"pk\":{\"S\":\"c\"}}\n"));
  verified = Verify("good");
  ASSERT_GOOD(verified);
  EXPECT_TRUE(verified->refusal);

  // A line torn at the end of its file; an item over 400 KB; keys that occur twice.
  Write("torn/f", "{\"pk\":{\"S\":\"a\"}}\n{\"pk\":{\"S\":\"b");
  auto torn = Convert("torn", "t1", {}, {}, true);
  ASSERT_GOOD(torn);
  ASSERT_TRUE(torn->refusal.has_value());
  EXPECT_NE(torn->refusal->message.find("torn/f, line 2"), std::string::npos)
      << torn->refusal->message;
  EXPECT_TRUE(Names("t1").empty());
  auto allowed = Convert("torn", "t2", {}, {}, true, /*rejects_max=*/1);
  ASSERT_GOOD(allowed);
  EXPECT_EQ(allowed->items, 1u);
  ASSERT_TRUE(allowed->rejects_file);
  auto kept = json::ParseObject(Read(allowed->rejects_file->substr(folder_.size() + 1)));
  ASSERT_GOOD(kept);
  EXPECT_EQ(*json::GetString(*kept, "text"), "{\"pk\":{\"S\":\"b");
  EXPECT_EQ(*json::GetInt(*kept, "line"), 2);
  Write("large/f", "{\"pk\":{\"S\":\"a\"},\"b\":{\"S\":\"" + std::string(409'600, 'x') + "\"}}\n");
  auto large = Convert("large", "l1", {}, {}, true);
  ASSERT_GOOD(large);
  ASSERT_TRUE(large->refusal.has_value());
  EXPECT_NE(large->refusal->message.find("DynamoDB takes 409600"), std::string::npos);
  Write("twice/f",
        "{\"pk\":{\"S\":\"a\"},\"v\":{\"N\":\"1\"}}\n{\"pk\":{\"S\":\"b\"}}\n"
        "{\"pk\":{\"S\":\"a\"},\"v\":{\"N\":\"2\"}}\n");
  auto twice = Import("twice", "U", {}, true);
  ASSERT_GOOD(twice);
  EXPECT_EQ(twice->items, 2u);
  EXPECT_EQ(twice->duplicates, 1u);
}

TEST_F(FormatTest, ForeignCsvIsTaken) {
  Write("csv/people.csv", "pk,age:N,note\r\nann,41,\"hi, there\"\r\nbob,,\r\n");
  auto refused = Import("csv", "U");
  EXPECT_FALSE(refused);
  auto imported = Import("csv", "U", {.format = FileFormat::kCsv});
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 2u);
  EXPECT_FALSE(imported->refusal.has_value());
  Write("badcsv/x.csv", "pk,pk\n1,2\n");
  auto bad = Import("badcsv", "U", {.format = FileFormat::kCsv});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("the header: column pk:S occurs twice"), std::string::npos)
      << bad.error().message;
}

TEST_F(FormatTest, ConversionsNeedAnEmptyPlace) {
  Write("in/items", "{\"pk\":{\"S\":\"a\"}}\n");
  Write("full/x", "");
  auto refused = Convert("in", "full", {}, {}, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
}

TEST(NativeManifest, ComesBack) {
  NativeSummary summary{
      .export_arn = "e",
      .table_arn = "t",
      .table_id = "i",
      .s3_bucket = "b",
      .manifest_files_key = "k",
      .billed_bytes = 5,
      .items = 2,
      .proof = ExportProof{.run_id = "r", .table = "T", .items = 2, .bytes = 9, .digest = {1, 2}}};
  auto read = ParseNativeSummary(WriteNativeSummary(summary));
  ASSERT_GOOD(read);
  EXPECT_EQ(*read, summary);
  for (const char* text : {"", "{}", "[]", R"({"version":"1999"})"})
    EXPECT_FALSE(ParseNativeSummary(text)) << text;
  EXPECT_FALSE(ParseNativeFiles("{\"itemCount\":-1,\"dataFileS3Key\":\"x\"}"));
  EXPECT_FALSE(ParseNativeFiles("x"));
  std::string ion = WriteNativeSummary(summary);
  ion.replace(ion.find("DYNAMODB_JSON"), 13, "ION");
  auto refused = ParseNativeSummary(ion);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("ION"), std::string::npos) << refused.error().message;
  EXPECT_EQ(NativeExportId("r", Instant(Duration(1'234'567'890'123))).substr(0, 15),
            "01234567890123-");
}

}  // namespace
}  // namespace penstock
