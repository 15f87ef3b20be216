// A small AWS for tests of activities and workers: a few services behind one HttpClient, an S3 of
// objects in a map, time that only sleeping moves, and a temporary folder. Thread-safe.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "activities/activity.h"
#include "base/encoding.h"
#include "base/text.h"
#include "json/json.h"
#include "system/posix_files.h"
#include "system/posix_processes.h"

namespace penstock {

class InstantClock : public Clock {
 public:
  Instant Now() override { return Instant(Duration(now_ms_.load())); }
  std::chrono::nanoseconds Monotonic() override { return Duration(now_ms_.load()); }
  void Sleep(Duration duration) override { now_ms_ += duration.count(); }

 private:
  std::atomic<int64_t> now_ms_ = 1'767'225'600'000;  // 2026-01-01
};

class CountingRandom : public Random {
 public:
  uint64_t Next() override { return (next_ += 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u; }

 private:
  std::atomic<uint64_t> next_ = 0;
};

inline HttpResponse JsonAnswer(const json::Object& body) {
  return {.status = 200, .headers = {}, .body = json::Write(body)};
}
inline HttpResponse ErrorAnswer(const std::string& type, int status = 400) {
  return {.status = status,
          .headers = {},
          .body = json::Write(json::Object{{"__type", type}, {"message", "because"}})};
}

class FakeAws : public HttpClient, public ServiceDirectory {
 public:
  struct Call {
    std::string service, operation;
    json::Object body;
  };
  using Answer = Result<HttpResponse>;
  /// What a JSON service answers to one operation.
  using Handler = std::function<Answer(const Call&)>;

  /// `name`: "DataPipeline.PollForTask".
  void On(const std::string& name, Handler handler) {
    std::lock_guard lock(mutex_);
    handlers_[name] = std::move(handler);
  }
  std::vector<Call> Calls(const std::string& operation) {
    std::lock_guard lock(mutex_);
    std::vector<Call> found;
    for (const Call& call : calls_) {
      if (call.operation == operation) found.push_back(call);
    }
    return found;
  }

  void Put(const std::string& key, const std::string& body) {
    std::lock_guard lock(mutex_);
    objects_[key] = body;
  }
  void Clear() {
    std::lock_guard lock(mutex_);
    objects_.clear();
  }
  /// "bucket/key" and bodies.
  std::map<std::string, std::string> objects() {
    std::lock_guard lock(mutex_);
    return objects_;
  }
  void set_s3_status(int status) { s3_status_ = status; }  // not 200: S3's answer to everything

  Result<ServiceEndpoint> Find(const std::string& service, const std::string& region) override {
    return ServiceEndpoint{
        "http://" + service + ".test", region.empty() ? "us-east-1" : region,
        StaticCredentials(
            {.access_key_id = "AKIDTEST", .secret_access_key = "secret", .session_token = ""})};
  }

  Answer Send(const ClientRequest& request, BodySource* source, BodySink* sink,
              std::stop_token stop) override {
    if (stop.stop_requested()) return Canceled("told to stop");
    std::string body = source == nullptr ? request.body : *ReadAll(*source, 1 << 30);
    std::string_view rest = std::string_view(request.url).substr(7);
    std::string service(rest.substr(0, rest.find(".test")));
    if (service == "s3")
      return ServeS3(request, std::string(rest.substr(rest.find('/'))), body, sink);
    std::string target(request.headers.Get("X-Amz-Target").value_or(""));
    Call call{service, target.substr(target.find('.') + 1), {}};
    if (body.starts_with('{')) call.body = *json::ParseObject(body);
    Handler handler;
    {
      std::lock_guard lock(mutex_);
      calls_.push_back(call);
      if (auto at = handlers_.find(target); at != handlers_.end()) handler = at->second;
    }
    return handler ? handler(call) : Answer(ErrorAnswer("UnknownOperationException"));
  }
  using HttpClient::Send;

 private:
  Answer ServeS3(const ClientRequest& request, const std::string& target, const std::string& body,
                 BodySink* sink) {
    std::lock_guard lock(mutex_);
    if (s3_status_ != 200) return HttpResponse{.status = s3_status_, .headers = {}, .body = ""};
    size_t question = target.find('?');
    std::string path = PercentDecode(target.substr(1, question - 1));
    std::string bucket = path.substr(0, path.find('/'));
    if (bucket == "nobucket") return HttpResponse{.status = 404, .headers = {}, .body = ""};
    if (question != std::string::npos)
      return Listing(bucket, ParseQuery(std::string_view(target).substr(question + 1)));
    if (path == bucket) return HttpResponse{};
    if (request.method == "PUT") {
      objects_[path] = body;
      return HttpResponse{.status = 200, .headers = {{"ETag", "\"e\""}}, .body = ""};
    }
    auto at = objects_.find(path);
    if (at == objects_.end()) return HttpResponse{.status = 404, .headers = {}, .body = ""};
    Headers headers = {{"ETag", "\"e\""}, {"Content-Length", std::to_string(at->second.size())}};
    if (request.method == "HEAD")
      return HttpResponse{.status = 200, .headers = headers, .body = ""};
    if (sink == nullptr) return HttpResponse{.status = 206, .headers = headers, .body = at->second};
    if (Status written = sink->Write(at->second); !written) return std::move(written).error();
    return HttpResponse{.status = 206, .headers = headers, .body = ""};
  }

  // REQUIRES: keys of tests need no escapes in XML.
  Answer Listing(const std::string& bucket,
                 const std::vector<std::pair<std::string, std::string>>& query) {
    std::string prefix;
    for (const auto& [name, value] : query) {
      if (name == "prefix") prefix = value;
    }
    std::string xml = "<ListBucketResult>";
    for (const auto& [path, content] : objects_) {
      if (!path.starts_with(bucket + "/" + prefix)) continue;
      xml += fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>",
                         path.substr(bucket.size() + 1), content.size());
    }
    return HttpResponse{.status = 200, .headers = {}, .body = xml + "</ListBucketResult>"};
  }

  std::mutex mutex_;
  std::map<std::string, Handler> handlers_;
  std::vector<Call> calls_;
  std::map<std::string, std::string> objects_;
  std::atomic<int> s3_status_ = 200;
};

/// Everything an activity may use.
class WorldTest : public ::testing::Test {
 protected:
  WorldTest() {
    char name[] = "/tmp/penstock-world-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~WorldTest() override { EXPECT_TRUE(files_.RemoveTree(folder_)); }

  ClientContext clients() { return {&aws_, &clock_, &random_}; }

  static PipelineObject Object(const std::string& id, std::vector<Field> fields) {
    return {id, id, std::move(fields)};
  }
  static Field Ref(const std::string& key, const std::string& id) { return {key, id, true}; }

  /// The taskObject member of a PollForTask answer; the first object is the attempt.
  static json::Object TaskObject(const std::vector<PipelineObject>& objects,
                                 const std::string& task_id = "task") {
    json::Object all;
    for (const PipelineObject& object : objects) {
      json::Array fields;
      for (const Field& field : object.fields) {
        fields.push_back(json::Object{{"key", field.key},
                                      {field.is_ref ? "refValue" : "stringValue", field.value}});
      }
      all[object.id] = json::Object{{"name", object.name}, {"fields", std::move(fields)}};
    }
    return {{"taskId", task_id},
            {"pipelineId", "df-TEST"},
            {"attemptId", objects.front().id},
            {"objects", std::move(all)}};
  }

  std::string folder_;
  InstantClock clock_;
  CountingRandom random_;
  PosixFiles files_;
  PosixProcesses processes_;
  FakeAws aws_;
};

}  // namespace penstock
