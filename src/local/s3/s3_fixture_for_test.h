// What the tests of the service share: a service in memory, its clock, and what is asked of
// answers.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws/xml_reader.h"
#include "base/check.h"
#include "key_value/memory_key_value.h"
#include "local/s3/memory_files_for_test.h"
#include "local/s3/s3_client_for_test.h"

namespace penstock {

/// Stands still until it is moved.
class S3TestClock final : public Clock {
 public:
  Instant Now() override { return now; }
  std::chrono::nanoseconds Monotonic() override { return {}; }
  void Sleep(Duration duration) override { now += duration; }

  Instant now = *ParseIso("2024-02-03T04:05:06.789Z");
};

class S3TestRandom final : public Random {
 public:
  uint64_t Next() override { return ++last_; }

 private:
  std::atomic<uint64_t> last_{0};
};

/// Of an error's document.
inline std::string Code(const HttpResponse& response) {
  auto root = ParseXml(response.body);
  return root ? std::string(root->ChildText("Code")) : "";
}

/// Of a child of the document's root.
inline std::string Text(const HttpResponse& response, std::string_view name) {
  auto root = ParseXml(response.body);
  return root ? std::string(root->ChildText(name)) : "";
}

/// "k1,k2|p1,p2": keys, then common prefixes.
inline std::string EntriesOf(const HttpResponse& response) {
  auto root = ParseXml(response.body);
  if (!root) return response.body;
  std::string keys, prefixes;
  for (const XmlElement& child : root->children) {
    if (child.name == "Contents" || child.name == "Version" || child.name == "Upload") {
      keys += (keys.empty() ? "" : ",") + std::string(child.ChildText("Key"));
    }
    if (child.name == "CommonPrefixes") {
      prefixes += (prefixes.empty() ? "" : ",") + std::string(child.ChildText("Prefix"));
    }
  }
  return keys + "|" + prefixes;
}

/// A service on files and an index in memory, with "bucket" of the first of two callers.
class S3ServiceTest : public testing::Test {
 protected:
  S3ServiceTest() {
    auto opened = S3Service::Open(
        {.folder = "/d", .files = &files_, .index = &index_, .clock = &clock_, .random = &random_});
    CHECK(opened.has_value());
    service_ = *std::move(opened);
    call_.emplace(service_.get());
    other_.emplace(service_.get(), "222222222222");
    EXPECT_EQ(Call("PUT", "/bucket").status, 200);
  }

  HttpResponse Call(std::string method, std::string target, std::string_view body = {},
                    Headers headers = {}) {
    return (*call_)(std::move(method), std::move(target), body, std::move(headers));
  }
  std::string Upload(const std::string& key, Headers headers = {}) {
    return Text(Call("POST", "/bucket/" + key + "?uploads", {}, std::move(headers)), "UploadId");
  }
  std::string Part(const std::string& key, const std::string& id, int number,
                   const std::string& bytes) {
    HttpResponse response =
        Call("PUT", fmt::format("/bucket/{}?partNumber={}&uploadId={}", key, number, id), bytes);
    EXPECT_EQ(response.status, 200) << response.body;
    return std::string(response.headers.Get("ETag").value_or(""));
  }
  HttpResponse Complete(const std::string& key, const std::string& id,
                        const std::vector<std::pair<int, std::string>>& parts,
                        Headers headers = {}) {
    std::string document =
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (const auto& [number, etag] : parts) {
      document +=
          fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, etag);
    }
    return Call("POST", "/bucket/" + key + "?uploadId=" + id,
                document + "</CompleteMultipartUpload>", std::move(headers));
  }
  size_t FileCount() const { return files_.Paths().size(); }

  MemoryFiles files_;
  MemoryKeyValue index_;
  S3TestClock clock_;
  S3TestRandom random_;
  std::unique_ptr<S3Service> service_;
  std::optional<S3TestClient> call_, other_;
};

}  // namespace penstock
