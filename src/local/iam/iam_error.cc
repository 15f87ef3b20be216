#include "local/iam/iam_error.h"

#include <fmt/core.h>

namespace penstock::iam {

ApiError NoSuchEntity(std::string_view kind, std::string_view name) {
  return {"NoSuchEntity", fmt::format("The {} with name {} cannot be found.", kind, name), 404, {}};
}

ApiError EntityAlreadyExists(std::string_view kind, std::string_view name) {
  return {
      "EntityAlreadyExists", fmt::format("{} with name {} already exists.", kind, name), 409, {}};
}

ApiError DeleteConflict(std::string_view message) {
  return {"DeleteConflict", std::string(message), 409, {}};
}

ApiError LimitExceeded(std::string_view message) {
  return {"LimitExceeded", std::string(message), 409, {}};
}

ApiError MalformedPolicyDocument(std::string_view message) {
  return {"MalformedPolicyDocument", std::string(message), 400, {}};
}

ApiError ValidationError(const std::string* value, std::string_view parameter,
                         std::string_view constraint) {
  constexpr size_t kShownMax = 256;
  return {"ValidationError",
          fmt::format("1 validation error detected: Value {} at '{}' failed to satisfy "
                      "constraint: {}",
                      value == nullptr ? "null" : fmt::format("'{}'", value->substr(0, kShownMax)),
                      parameter, constraint),
          400,
          {}};
}

ApiError InvalidAction(std::string_view action) {
  return {"InvalidAction",
          fmt::format("Could not find operation {} for version 2010-05-08", action),
          400,
          {}};
}

ApiError ServiceFailure(std::string_view message) {
  return {"ServiceFailure", std::string(message), 500, {}};
}

}  // namespace penstock::iam
