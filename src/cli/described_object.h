// Objects of a pipeline as the Data Pipeline API describes them, for commands that show them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aws/data_pipeline_client.h"
#include "base/result.h"
#include "json/json.h"

namespace penstock {

/// One object of DescribeObjects, or one pipeline's fields.
struct DescribedObject {
  std::string id;
  std::map<std::string, std::vector<std::string>> fields;  // texts and references alike

  /// The field's values, joined with ", "; empty without any.
  std::string operator[](const std::string& key) const;
  /// The field's values, one by one.
  const std::vector<std::string>& All(const std::string& key) const;
};

/// `pipeline`'s name (field "name") and its own fields. kNotFound when there is none such, or none
/// any more; what the client says otherwise.
Result<DescribedObject> DescribePipeline(const DataPipelineClient& client,
                                         const std::string& pipeline);
/// Ids of all objects of a sphere: "COMPONENT", "INSTANCE" or "ATTEMPT".
Result<std::vector<std::string>> ListObjects(const DataPipelineClient& client,
                                             const std::string& pipeline, std::string_view sphere);
/// The objects of those ids, in pages as the API wants them. Ids that are none are left out.
Result<std::vector<DescribedObject>> DescribeObjects(const DataPipelineClient& client,
                                                     const std::string& pipeline,
                                                     const std::vector<std::string>& ids);

/// "errorId: errorMessage", as far as there is any.
std::string ErrorOf(const DescribedObject& object);
/// The text on one line, and without what a terminal would obey.
std::string OneLine(std::string_view text);

}  // namespace penstock
