// What the transfer tests stand on: a clock that only tests move, a deliberately strict and faulty
// DynamoDB, a small S3, and a disk that dies. For tests only.
#pragma once

#include <mutex>

#include "aws/dynamodb_client.h"
#include "aws/s3_client.h"
#include "transfer/disk_for_test.h"
#include "transfer/fake_dynamodb_for_test.h"
#include "transfer/fake_s3_for_test.h"
#include "transfer/time_for_test.h"

/// Shows the error of a Result that must not be one.
#define ASSERT_GOOD(result) ASSERT_TRUE(result) << (result).error().message

namespace penstock::testing {

/// Requests with an X-Amz-Target go to the DynamoDB, others to the S3.
class FakeAws : public HttpClient, public FakeDynamoDb, public FakeS3 {
 public:
  explicit FakeAws(Clock* clock) : FakeDynamoDb(clock), clock_(clock) {}

  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink* sink,
                            std::stop_token stop) override {
    std::string body = request.body;
    if (source != nullptr) body = *ReadAll(*source, 1u << 30);
    if (stop.stop_requested()) return Canceled("stopped");
    HttpResponse response;
    Duration latency{};
    {
      std::lock_guard lock(mutex);
      auto target = request.headers.Get("X-Amz-Target");
      if (target) latency = faults.latency;
      auto answer = target ? Dynamo(std::string(target->substr(target->rfind('.') + 1)), body)
                           : AnswerS3(request, body, sink);
      if (!answer) return answer.error();
      response = *std::move(answer);
    }
    if (latency.count() > 0) clock_->Sleep(latency);
    if (sink != nullptr && response.status / 100 == 2) {
      RETURN_IF_ERROR(sink->Write(response.body));
      response.body.clear();
    }
    return response;
  }

  std::mutex mutex;  // for the members of both while threads run

 private:
  Clock* const clock_;
};

/// The most units in any window of ten seconds.
inline double WindowMax(const std::vector<FakeAws::Spent>& spent) {
  double most = 0, sum = 0;
  size_t first = 0;
  for (const auto& one : spent) {
    sum += one.units;
    while (spent[first].at <= one.at - 10) sum -= spent[first++].units;
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace penstock::testing
