// Definitions from text, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "definition/definition_file.h"
#include "definition/validate.h"

namespace penstock {

inline Definition FromFile(std::string_view text) {
  auto file = ParseDefinitionFile(text);
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  return file ? std::move(file->definition) : Definition();
}

/// {"objects": [<objects>]}
inline Definition FromObjects(std::string_view objects) {
  return FromFile(R"({"objects":[)" + std::string(objects) + "]}");
}

inline std::string SeverityName(Severity severity) {
  return severity == Severity::kFatal   ? "fatal"
         : severity == Severity::kError ? "error"
                                        : "warning";
}

/// One line a problem: "error Id.field: message".
inline std::string Shown(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    text += SeverityName(problem.severity) + " " + problem.object_id +
            (problem.field.empty() ? "" : ".") + problem.field + ": " + problem.message + "\n";
  }
  return text;
}

}  // namespace penstock
