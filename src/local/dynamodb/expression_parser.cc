// Placeholders, and the language of projections.
#include "local/dynamodb/expression_parser.h"

#include <array>

#include "local/dynamodb/expression_reader.h"

namespace penstock::dynamodb {

namespace {

constexpr std::array kProjectionOrder = {Mistake::kReservedWord, Mistake::kPlaceholder,
                                         Mistake::kPathOverlap, Mistake::kPathConflict};
class ProjectionParser : private ExpressionReader {
 public:
  ProjectionParser(std::string_view text, Placeholders& placeholders)
      : ExpressionReader(text, placeholders) {}

  Parsed<std::vector<DocumentPath>> Parse() {
    RETURN_IF_ERROR(CheckSize());
    std::vector<DocumentPath> paths;
    do {
      ASSIGN_OR_RETURN(DocumentPath path, Path());
      NoteClash(paths, path);
      paths.push_back(std::move(path));
    } while (TakeSymbol(","));
    if (!AtEnd()) return Unexpected();
    RETURN_IF_ERROR(Report(kProjectionOrder));
    return paths;
  }
};

}  // namespace

const std::string* Placeholders::FindName(std::string_view placeholder) {
  for (const auto& [key, name] : names) {
    if (key != placeholder) continue;
    used.emplace(placeholder);
    return &name;
  }
  return nullptr;
}

const AttributeValue* Placeholders::FindValue(std::string_view placeholder) {
  const AttributeValue* value = Find(values, placeholder);
  if (value != nullptr) used.emplace(placeholder);
  return value;
}

Result<std::vector<DocumentPath>, std::string> ParseProjection(std::string_view text,
                                                               Placeholders& placeholders) {
  return ProjectionParser(text, placeholders).Parse();
}

}  // namespace penstock::dynamodb
