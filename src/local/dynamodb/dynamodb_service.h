// Local DynamoDB (2012-08-10) as an HttpService: JSON 1.0 over POST, `X-Amz-Target:
// DynamoDB_20120810.<Operation>`.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
#pragma once

#include <memory>

#include "base/result.h"
#include "local/dynamodb/dynamodb_options.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/key_value.h"
#include "ports/random.h"

namespace penstock {

/// Thread-safe. Requests come authenticated (HttpRequest::caller); one that has no caller is
/// answered as unsigned. Answers before Serve returns.
class DynamoDbService final : public HttpService {
 public:
  /// Reads the catalogue of tables; fails if the store cannot be read. The store holds nothing but
  /// this service's data; it and the others outlive the service.
  static Result<std::unique_ptr<DynamoDbService>> Open(KeyValue* store, Clock* clock,
                                                       Random* random,
                                                       const DynamoDbOptions& options = {});
  ~DynamoDbService() override;

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  struct State;
  explicit DynamoDbService(std::unique_ptr<State> state);
  HttpResponse Answer(const HttpRequest& request, std::string_view body);

  const std::unique_ptr<State> state_;
};

}  // namespace penstock
