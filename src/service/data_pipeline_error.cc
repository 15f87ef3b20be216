#include "service/data_pipeline_error.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/text.h"

namespace penstock {

ApiError InvalidRequestException(std::string message) {
  return {"InvalidRequestException", std::move(message), 400, {}};
}

ApiError PipelineNotFoundException(std::string_view pipeline_id) {
  return {"PipelineNotFoundException",
          fmt::format("Pipeline with id: {} does not exist", pipeline_id),
          400,
          {}};
}

ApiError PipelineDeletedException(std::string_view pipeline_id) {
  return {"PipelineDeletedException",
          fmt::format("Pipeline with id: {} has been deleted", pipeline_id),
          400,
          {}};
}

ApiError TaskNotFoundException() {
  return {"TaskNotFoundException",
          "The specified task was not found, or is no longer assigned to the caller.",
          400,
          {}};
}

ApiError InternalServiceError(std::string message) {
  return {"InternalServiceError", std::move(message), 500, {}};
}

ApiError ValidationException(const std::vector<std::string>& failures) {
  CHECK(!failures.empty());
  return {"ValidationException",
          fmt::format("{} validation error{} detected: {}", failures.size(),
                      failures.size() == 1 ? "" : "s", Join(failures, "; ")),
          400,
          {}};
}

ApiError SerializationException(std::string message) {
  return {"SerializationException", std::move(message), 400, {}};
}

ApiError UnknownOperationException(std::string_view target) {
  return {
      "UnknownOperationException", fmt::format("The API has no operation \"{}\"", target), 400, {}};
}

ApiError ThrottlingException() { return {"ThrottlingException", "Rate exceeded", 400, {}}; }

}  // namespace penstock
