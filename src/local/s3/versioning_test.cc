// Versions of objects, and a model that every sequence of changes must agree with; CORS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <future>
#include <map>

#include "aws/xml_reader.h"
#include "base/check.h"
#include "key_value/memory_key_value.h"
#include "local/s3/cors.h"
#include "local/s3/index_key.h"
#include "local/s3/memory_files_for_test.h"
#include "local/s3/s3_client_for_test.h"

namespace penstock {
namespace {

using testing::HasSubstr;

class StillClock final : public Clock {
 public:
  Instant Now() override { return *ParseIso("2024-02-03T04:05:06Z"); }
  std::chrono::nanoseconds Monotonic() override { return {}; }
  void Sleep(Duration) override {}
};

class CountedRandom final : public Random {
 public:
  uint64_t Next() override { return ++last_; }

 private:
  uint64_t last_ = 0;
};

// Calls back once, before the next read of something whose key begins with `prefix`.
class WatchedKeyValue final : public KeyValue {
 public:
  void Before(std::string prefix, std::function<void()> callback) {
    prefix_ = std::move(prefix);
    callback_ = std::move(callback);
  }
  Result<std::optional<std::string>> Get(std::string_view key) override {
    Watch(key);
    return memory_.Get(key);
  }
  Status Write(const WriteBatch& batch, Durability durability) override {
    return memory_.Write(batch, durability);
  }
  std::unique_ptr<KeyValueIterator> NewIterator(std::string lower, std::string upper) override {
    Watch(lower);
    return memory_.NewIterator(std::move(lower), std::move(upper));
  }

 private:
  void Watch(std::string_view key) {
    if (!callback_ || !key.starts_with(prefix_)) return;
    std::exchange(callback_, nullptr)();
  }

  MemoryKeyValue memory_;
  std::string prefix_;
  std::function<void()> callback_;
};

class VersionedBucket {
 public:
  VersionedBucket() {
    auto opened = S3Service::Open(
        {.folder = "/d", .files = &files_, .index = &index_, .clock = &clock_, .random = &random_});
    CHECK(opened.has_value());
    service_ = *std::move(opened);
    call_.emplace(service_.get());
    CHECK(Call("PUT", "/bucket").status == 200);
  }

  HttpResponse Call(std::string method, std::string target, std::string_view body = {},
                    Headers headers = {}) {
    return (*call_)(std::move(method), std::move(target), body, std::move(headers));
  }
  HttpResponse SetVersioning(std::string_view status) {
    return Call("PUT", "/bucket?versioning",
                "<VersioningConfiguration><Status>" + std::string(status) +
                    "</Status></VersioningConfiguration>");
  }
  std::string Put(const std::string& key, std::string_view body) {
    return std::string(
        Call("PUT", "/bucket/" + key, body).headers.Get("x-amz-version-id").value_or(""));
  }
  S3Service& service() { return *service_; }
  WatchedKeyValue& index() { return index_; }

 private:
  MemoryFiles files_;
  WatchedKeyValue index_;
  StillClock clock_;
  CountedRandom random_;
  std::unique_ptr<S3Service> service_;
  std::optional<S3TestClient> call_;
};

std::string CodeOf(const HttpResponse& response) {
  auto root = ParseXml(response.body);
  return root ? std::string(root->ChildText("Code")) : "";
}

std::string HeaderOf(const HttpResponse& response, std::string_view name) {
  return std::string(response.headers.Get(name).value_or("(none)"));
}

// "key:V*,key:D": versions and delete markers in order, the latest with a star.
std::string Listed(const HttpResponse& response) {
  auto root = ParseXml(response.body);
  std::string text;
  for (const XmlElement& child : root->children) {
    if (child.name != "Version" && child.name != "DeleteMarker") continue;
    if (!text.empty()) text += ",";
    text += std::string(child.ChildText("Key")) + ":" + child.name[0];
    if (child.ChildText("IsLatest") == "true") text += "*";
  }
  return text;
}

TEST(Versioning, KeepsWhatIsReplacedAndDeleted) {
  VersionedBucket bucket;
  EXPECT_EQ(bucket.Put("k", "zero"), "");
  EXPECT_EQ(bucket.SetVersioning("Enabled").status, 200);
  EXPECT_THAT(bucket.Call("GET", "/bucket?versioning").body, HasSubstr("<Status>Enabled</Status>"));
  std::string one = bucket.Put("k", "one"), two = bucket.Put("k", "two");
  EXPECT_NE(one, two);
  EXPECT_EQ(bucket.Call("GET", "/bucket/k").body, "two");
  EXPECT_EQ(bucket.Call("GET", "/bucket/k?versionId=" + one).body, "one");
  EXPECT_EQ(bucket.Call("GET", "/bucket/k?versionId=null").body, "zero");
  EXPECT_EQ(HeaderOf(bucket.Call("HEAD", "/bucket/k?versionId=null"), "x-amz-version-id"), "null");

  HttpResponse deleted = bucket.Call("DELETE", "/bucket/k");
  EXPECT_EQ(HeaderOf(deleted, "x-amz-delete-marker"), "true");
  std::string marker = HeaderOf(deleted, "x-amz-version-id");
  HttpResponse gone = bucket.Call("GET", "/bucket/k");
  EXPECT_EQ(CodeOf(gone), "NoSuchKey");
  EXPECT_EQ(HeaderOf(gone, "x-amz-delete-marker"), "true");
  EXPECT_EQ(HeaderOf(gone, "x-amz-version-id"), marker);
  EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket/k?versionId=" + marker)), "MethodNotAllowed");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:D*,k:V,k:V,k:V");
  EXPECT_EQ(CodeOf(bucket.Call("DELETE", "/bucket")), "BucketNotEmpty");

  // Without its marker the object is back.
  HttpResponse erased = bucket.Call("DELETE", "/bucket/k?versionId=" + marker);
  EXPECT_EQ(HeaderOf(erased, "x-amz-delete-marker"), "true");
  EXPECT_EQ(bucket.Call("GET", "/bucket/k").body, "two");
  EXPECT_EQ(bucket.Call("DELETE", "/bucket/k?versionId=" + two).status, 204);
  EXPECT_EQ(bucket.Call("GET", "/bucket/k").body, "one");
  EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket/k?versionId=" + two)), "NoSuchVersion");
  EXPECT_EQ(bucket.Call("DELETE", "/bucket/k?versionId=" + two).status, 204);
  EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket/other?versionId=" + one)), "NoSuchVersion");
}

TEST(Versioning, SuspendedKeepsOneNullVersion) {
  VersionedBucket bucket;
  bucket.SetVersioning("Enabled");
  std::string one = bucket.Put("k", "one");
  bucket.SetVersioning("Suspended");
  EXPECT_EQ(bucket.Put("k", "two"), "null");
  EXPECT_EQ(bucket.Put("k", "three"), "null");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:V*,k:V");
  HttpResponse deleted = bucket.Call("DELETE", "/bucket/k");
  EXPECT_EQ(HeaderOf(deleted, "x-amz-version-id"), "null");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:D*,k:V");
  bucket.SetVersioning("Enabled");
  bucket.Put("k", "four");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:V*,k:D,k:V");
  bucket.Call("DELETE", "/bucket/k?versionId=null");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:V*,k:V");
}

TEST(Versioning, ReachesCopiesTagsAndBatches) {
  VersionedBucket bucket;
  bucket.SetVersioning("Enabled");
  std::string one = bucket.Put("k", "one"), two = bucket.Put("k", "two");
  HttpResponse copied =
      bucket.Call("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "bucket/k?versionId=" + one}});
  EXPECT_EQ(HeaderOf(copied, "x-amz-copy-source-version-id"), one);
  EXPECT_EQ(bucket.Call("GET", "/bucket/copy").body, "one");
  const std::string tags =
      "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
  EXPECT_EQ(bucket.Call("PUT", "/bucket/k?tagging&versionId=" + one, tags).status, 200);
  EXPECT_THAT(bucket.Call("GET", "/bucket/k?tagging&versionId=" + one).body,
              HasSubstr("<Key>a</Key>"));
  EXPECT_EQ(bucket.Call("GET", "/bucket/k?tagging").body.find("<Key>a</Key>"), std::string::npos);
  HttpResponse batch =
      bucket.Call("POST", "/bucket?delete",
                  "<Delete><Object><Key>k</Key><VersionId>" + one +
                      "</VersionId></Object><Object><Key>copy</Key></Object></Delete>");
  EXPECT_THAT(batch.body, HasSubstr("<Key>k</Key><VersionId>" + one + "</VersionId></Deleted>"));
  EXPECT_THAT(batch.body, HasSubstr("<Key>copy</Key><DeleteMarker>true</DeleteMarker>"));
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "copy:D*,copy:V,k:V*");
}

TEST(Versioning, RefusesADeleteMarkerAsASource) {
  VersionedBucket bucket;
  bucket.SetVersioning("Enabled");
  bucket.Put("k", "one");
  const std::string marker = HeaderOf(bucket.Call("DELETE", "/bucket/k"), "x-amz-version-id");
  HttpResponse copied = bucket.Call("PUT", "/bucket/copy", {},
                                    {{"x-amz-copy-source", "bucket/k?versionId=" + marker}});
  EXPECT_EQ(copied.status, 400);
  EXPECT_EQ(CodeOf(copied), "InvalidRequest");
  EXPECT_THAT(copied.body, HasSubstr("The source of a copy request may not specifically refer to a "
                                     "delete marker by version id."));
  EXPECT_EQ(CodeOf(bucket.Call("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "bucket/k"}})),
            "NoSuchKey");
}

TEST(Versioning, FindsAVersionThatBecomesCurrentMeanwhile) {
  VersionedBucket bucket;
  bucket.Put("k", "zero");
  bucket.SetVersioning("Enabled");
  std::string last = "null";
  for (std::string_view body : {"zero", "one"}) {
    const std::string next = bucket.Put("k", "next");
    bucket.index().Before(body == "zero" ? index_key::NullVersion("bucket", "k")
                                         : index_key::VersionsOfKey("bucket", "k"),
                          [&] { bucket.Call("DELETE", "/bucket/k?versionId=" + next); });
    EXPECT_EQ(bucket.Call("GET", "/bucket/k?versionId=" + last).body, body);
    EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket/k?versionId=" + next)), "NoSuchVersion");
    last = bucket.Put("k", "one");
  }
}

TEST(Versioning, ListsOneMoment) {
  VersionedBucket bucket;
  bucket.SetVersioning("Enabled");
  bucket.Put("k", "one");
  std::future<std::string> put;
  bucket.index().Before(index_key::Versions("bucket"), [&] {
    put = std::async(std::launch::async, [&] { return bucket.Put("k", "two"); });
    // Time to do its worst, should nothing hold it back.
    put.wait_for(std::chrono::milliseconds(50));
  });
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:V*");
  ASSERT_TRUE(put.valid());
  EXPECT_NE(put.get(), "");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), "k:V*,k:V");
}

TEST(Versioning, ListsInPages) {
  VersionedBucket bucket;
  bucket.SetVersioning("Enabled");
  for (const char* key : {"a", "b/1", "b/2", "c"}) {
    bucket.Put(key, "1");
    bucket.Put(key, "2");
  }
  bucket.Call("DELETE", "/bucket/c");
  std::string all;
  std::string markers;
  for (int page = 0; page < 20; ++page) {
    HttpResponse response = bucket.Call("GET", "/bucket?versions&max-keys=1" + markers);
    if (!all.empty()) all += ",";
    all += Listed(response);
    auto root = ParseXml(response.body);
    if (root->ChildText("IsTruncated") == "false") break;
    markers = "&key-marker=" + std::string(root->ChildText("NextKeyMarker")) +
              "&version-id-marker=" + std::string(root->ChildText("NextVersionIdMarker"));
  }
  EXPECT_EQ(all, "a:V*,a:V,b/1:V*,b/1:V,b/2:V*,b/2:V,c:D*,c:V,c:V");
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions")), all);
  HttpResponse folded = bucket.Call("GET", "/bucket?versions&delimiter=/");
  EXPECT_EQ(Listed(folded), "a:V*,a:V,c:D*,c:V,c:V");
  EXPECT_THAT(folded.body, HasSubstr("<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"));
  EXPECT_EQ(Listed(bucket.Call("GET", "/bucket?versions&key-marker=b/1")),
            "b/2:V*,b/2:V,c:D*,c:V,c:V");
}

TEST(Versioning, RefusesOddConfigurations) {
  VersionedBucket bucket;
  EXPECT_EQ(CodeOf(bucket.SetVersioning("On")), "MalformedXML");
  EXPECT_EQ(CodeOf(bucket.SetVersioning("")), "IllegalVersioningConfigurationException");
  EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket/k?versionId=")), "InvalidArgument");
  EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket/k?versionId=x")), "InvalidArgument");
}

// Against a list of versions per key, newest first; nothing in it is shared with the service.
RC_GTEST_PROP(Versioning, AgreesWithLists, ()) {
  struct Version {
    std::string id, body;
    bool is_marker;
  };
  VersionedBucket bucket;
  std::map<std::string, std::vector<Version>> model;
  int state = 0;  // never, enabled, suspended
  int count = *rc::gen::inRange(1, 25);
  for (int i = 0; i < count; ++i) {
    std::string key = *rc::gen::element<std::string>("a", "b");
    auto& versions = model[key];
    int action = *rc::gen::inRange(0, 10);
    auto add = [&](Version version) {
      if (version.id == "null") {
        std::erase_if(versions, [](const Version& old) { return old.id == "null"; });
      }
      versions.insert(versions.begin(), std::move(version));
    };
    if (action == 0) {
      state = *rc::gen::inRange(1, 3);
      bucket.SetVersioning(state == 1 ? "Enabled" : "Suspended");
    } else if (action < 5) {
      std::string body = std::to_string(i);
      std::string id = bucket.Put(key, body);
      RC_ASSERT(id.empty() == (state == 0));
      if (state != 1) RC_ASSERT(state == 0 || id == "null");
      add({state == 1 ? id : "null", body, false});
    } else if (action < 7) {
      HttpResponse deleted = bucket.Call("DELETE", "/bucket/" + key);
      RC_ASSERT(deleted.status == 204);
      if (state == 0) {
        versions.clear();
      } else {
        add({HeaderOf(deleted, "x-amz-version-id"), "", true});
      }
    } else if (!versions.empty()) {
      size_t chosen = *rc::gen::inRange<size_t>(0, versions.size());
      bucket.Call("DELETE", "/bucket/" + key + "?versionId=" + versions[chosen].id);
      versions.erase(versions.begin() + static_cast<ptrdiff_t>(chosen));
    }
    std::string listed, objects;
    for (const auto& [name, known] : model) {
      for (size_t v = 0; v < known.size(); ++v) {
        if (!listed.empty()) listed += ",";
        listed += name + (known[v].is_marker ? ":D" : ":V") + (v == 0 ? "*" : "");
        HttpResponse read = bucket.Call("GET", "/bucket/" + name + "?versionId=" + known[v].id);
        bool right = known[v].is_marker ? read.status == 405 : read.body == known[v].body;
        RC_ASSERT(right);
      }
      HttpResponse current = bucket.Call("GET", "/bucket/" + name);
      bool there = !known.empty() && !known[0].is_marker;
      bool right = there ? current.body == known[0].body : current.status == 404;
      RC_ASSERT(right);
    }
    RC_ASSERT(Listed(bucket.Call("GET", "/bucket?versions")) == listed);
  }
}

constexpr std::string_view kRules =
    "<CORSConfiguration><CORSRule><ID>r</ID><AllowedMethod>PUT</AllowedMethod>"
    "<AllowedOrigin>https://*.example.org</AllowedOrigin><AllowedHeader>x-amz-*</AllowedHeader>"
    "<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>"
    "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>"
    "</CORSConfiguration>";

TEST(Cors, AnswersByTheBucketsRules) {
  VersionedBucket bucket;
  auto preflight = [&](std::string origin, std::string method, std::string headers) {
    return bucket.Call("OPTIONS", "/bucket/key", {},
                       {{"Origin", std::move(origin)},
                        {"Access-Control-Request-Method", std::move(method)},
                        {"Access-Control-Request-Headers", std::move(headers)}});
  };
  EXPECT_EQ(HeaderOf(preflight("https://a.b", "PUT", "x-y"), "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(bucket.Call("PUT", "/bucket?cors", kRules).status, 200);
  EXPECT_THAT(bucket.Call("GET", "/bucket?cors").body,
              HasSubstr("<AllowedOrigin>https://*.example.org</AllowedOrigin>"));
  HttpResponse allowed = preflight("https://w.example.org", "PUT", "X-Amz-Date");
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(HeaderOf(allowed, "Access-Control-Allow-Origin"), "https://w.example.org");
  EXPECT_EQ(HeaderOf(allowed, "Access-Control-Allow-Headers"), "x-amz-date");
  EXPECT_EQ(HeaderOf(allowed, "Access-Control-Max-Age"), "60");
  EXPECT_EQ(CodeOf(preflight("https://w.example.org", "PUT", "x-other")), "AccessForbidden");
  EXPECT_EQ(CodeOf(preflight("https://elsewhere.org", "PUT", "")), "AccessForbidden");
  EXPECT_EQ(HeaderOf(preflight("https://elsewhere.org", "GET", ""), "Access-Control-Allow-Origin"),
            "*");
  HttpResponse put = bucket.Call("PUT", "/bucket/key", "x", {{"Origin", "https://w.example.org"}});
  EXPECT_EQ(HeaderOf(put, "Access-Control-Expose-Headers"), "ETag");
  HttpResponse foreign = bucket.Call("PUT", "/bucket/key", "x", {{"Origin", "https://x.org"}});
  EXPECT_EQ(foreign.status, 200);
  EXPECT_EQ(HeaderOf(foreign, "Access-Control-Allow-Origin"), "(none)");
  EXPECT_EQ(bucket.Call("DELETE", "/bucket?cors").status, 204);
  EXPECT_EQ(CodeOf(bucket.Call("GET", "/bucket?cors")), "NoSuchCORSConfiguration");
}

TEST(Cors, RefusesRulesThatMeanNothing) {
  auto code = [](std::string rule) {
    auto rules =
        ReadCorsRules("<CORSConfiguration><CORSRule>" + rule + "</CORSRule></CORSConfiguration>");
    return rules ? "" : rules.error().type;
  };
  EXPECT_EQ(code("<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>"), "");
  EXPECT_EQ(code("<AllowedMethod>GET</AllowedMethod>"), "MalformedXML");
  EXPECT_EQ(code("<AllowedMethod>PATCH</AllowedMethod><AllowedOrigin>*</AllowedOrigin>"),
            "InvalidRequest");
  EXPECT_EQ(code("<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*.*</AllowedOrigin>"),
            "InvalidRequest");
  EXPECT_FALSE(ReadCorsRules("<CORSConfiguration/>").has_value());
  EXPECT_TRUE(MatchesWildcard("a*c", "abc"));
  EXPECT_FALSE(MatchesWildcard("ab*bc", "abc"));
}

}  // namespace
}  // namespace penstock
