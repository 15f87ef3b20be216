// ApiError: a failure as an AWS client sees it. Local services return it as a value; it becomes
// bytes in one place (aws/error_response.h). Each service has factories for its own errors in its
// own folder (local/s3/s3_error.h …), so that every text stands once.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace penstock {

struct ApiError {
  std::string type;     // as on the wire: "NoSuchKey",
                        // "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
  std::string message;  // AWS's own words where they are known
  int http = 400;
  /// More members of the error document: S3's <Key>, <BucketName>…; JSON services' extra members.
  /// The value is text for XML and query, a JSON text for JSON services.
  std::vector<std::pair<std::string, std::string>> details;

  bool operator==(const ApiError&) const = default;
};

template <class T>
using ApiResult = Result<T, ApiError>;

}  // namespace penstock
