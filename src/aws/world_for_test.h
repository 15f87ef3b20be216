// A world for the tests of this folder: time that only sleeping moves, known randomness, an HTTP
// peer with a script.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "aws/service_client.h"
#include "ports/clock.h"
#include "ports/files.h"
#include "ports/http.h"
#include "ports/process.h"
#include "ports/random.h"

namespace penstock::test {

class FakeClock : public Clock {
 public:
  Instant Now() override { return now; }
  std::chrono::nanoseconds Monotonic() override { return now.time_since_epoch(); }
  void Sleep(Duration duration) override { now += duration; }
  Instant now = *ParseAmzDate("20240501T120000Z");
};

class FakeRandom : public Random {
 public:
  uint64_t Next() override { return state_ = state_ * 6364136223846793005u + 1442695040888963407u; }

 private:
  uint64_t state_ = 1;
};

/// Answers with what was put into `answers`, in order; keeps the requests.
class ScriptedHttp : public HttpClient {
 public:
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink* sink,
                            std::stop_token) override {
    requests.push_back(request);
    if (source != nullptr) requests.back().body = *ReadAll(*source, 1 << 30);
    if (answers.empty()) return Unavailable("connection refused");
    Result<HttpResponse> answer = std::move(answers.front());
    answers.pop_front();
    if (answer && sink != nullptr && answer->status / 100 == 2) {
      if (Status written = sink->Write(answer->body); !written) return std::move(written).error();
      answer->body.clear();
    }
    return answer;
  }
  using HttpClient::Send;

  std::deque<Result<HttpResponse>> answers;
  std::vector<ClientRequest> requests;
};

class StringSink : public BodySink {
 public:
  Status Write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

/// Files in a map; only what the credential chain uses.
class MapFiles : public Files {
 public:
  Result<std::string> Read(const std::string& path) override {
    auto found = files.find(path);
    if (found == files.end()) return NotFound(path);
    return found->second;
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path, unsigned mode) override {
    class File : public WritableFile {
     public:
      Status Append(std::string_view) override { return {}; }
      Status Sync() override { return {}; }
      Status Close() override { return {}; }
    };
    files[path] = "";
    modes[path] = mode;
    return std::make_unique<File>();
  }
  Status Remove(const std::string& path) override {
    files.erase(path);
    return {};
  }
  bool Exists(const std::string& path) override { return files.contains(path); }
  Result<std::string> Absolute(const std::string& path) override { return path; }
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return NotFound(path);
  }
  Result<std::unique_ptr<WritableFile>> Append(const std::string& path, unsigned) override {
    return NotFound(path);
  }
  Status Replace(const std::string&, std::string_view, unsigned) override { return {}; }
  Status WriteNew(const std::string&, std::string_view, unsigned) override { return {}; }
  Status Rename(const std::string&, const std::string&) override { return {}; }
  Status RenameNew(const std::string&, const std::string&) override { return {}; }
  Status SyncDirectory(const std::string&) override { return {}; }
  Status RemoveTree(const std::string&) override { return {}; }
  Status MakeDirectories(const std::string&) override { return {}; }
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override {
    return NotFound(path);
  }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return NotFound(path);
  }

  std::map<std::string, std::string> files;
  std::map<std::string, unsigned> modes;
};

/// Every process writes `output` to its standard output and ends with `code`.
class OneProcess : public Processes {
 public:
  explicit OneProcess(MapFiles& files) : files_(files) {}
  Result<ProcessId> Start(const ProcessSpec& spec) override {
    started = spec;
    files_.files[spec.stdout_path] = output;
    return ProcessId{1, 1};
  }
  bool IsAlive(const ProcessId&) override { return false; }
  uint64_t StartTimeNow() override { return 1; }
  std::vector<ProcessId> FindByEnvironment(const std::string&, const std::string&) override {
    return {};
  }
  Status Signal(const ProcessId&, int) override { return {}; }
  std::optional<ExitStatus> Wait(const ProcessId&, Duration) override {
    return ExitStatus{code, {}};
  }

  std::string output;
  int code = 0;
  ProcessSpec started;

 private:
  MapFiles& files_;
};

}  // namespace penstock::test
