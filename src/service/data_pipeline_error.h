// The errors of the Data Pipeline API, one factory each, so that every text stands once. The type
// is the bare name: every client maps it, while boto2 does not strip a name space.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace penstock {

/// 400. The request is well-formed but cannot be done: limits, states, fatal definition errors.
ApiError InvalidRequestException(std::string message);
/// 400, not 404.
ApiError PipelineNotFoundException(std::string_view pipeline_id);
/// 400.
ApiError PipelineDeletedException(std::string_view pipeline_id);
/// 400. The task id is unknown, forged, or of an older lease.
ApiError TaskNotFoundException();
/// 500. Clients try again. The message must not give away anything of ours.
ApiError InternalServiceError(std::string message);
/// 400. In no model, but sent for every broken constraint; see api_model.h. REQUIRES:
/// !failures.empty().
ApiError ValidationException(const std::vector<std::string>& failures);
/// 400. A value of the wrong JSON type, or no JSON at all.
ApiError SerializationException(std::string message);
/// 400. No such operation.
ApiError UnknownOperationException(std::string_view target);
/// 400. Clients back off on this code.
ApiError ThrottlingException();

}  // namespace penstock
