#include "cli/templates_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "definition/definition_file.h"
#include "definition/parameters.h"
#include "expr/nearest_word.h"
#include "json/json.h"

namespace penstock {
namespace {

// Made by the build from templates/*.json, sorted by name.
constexpr Template kTemplates[] = {
#include "templates.inc"
};

DefinitionFile Read(const Template& entry) {
  Result<DefinitionFile> file = ParseDefinitionFile(entry.text);
  CHECK(file.has_value(), "a built-in template is no definition");
  return *std::move(file);
}

json::Array ParametersJson(const Definition& definition) {
  json::Array list;
  for (const ParameterObject& parameter : definition.parameters) {
    json::Object entry{{"id", parameter.id}};
    for (const ParameterAttribute& attribute : parameter.attributes) {
      if (attribute.key == "type" || attribute.key == "description" || attribute.key == "default" ||
          attribute.key == "optional")
        entry[attribute.key] = attribute.value;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

std::span<const Template> AllTemplates() { return kTemplates; }

const Template* FindTemplate(std::string_view name) {
  auto found = std::ranges::find(kTemplates, name, &Template::name);
  return found == std::end(kTemplates) ? nullptr : found;
}

int RunTemplates(const TemplatesCommand& command, std::ostream& out, std::ostream& errors) {
  if (!command.show.empty()) {
    if (const Template* found = FindTemplate(command.show)) {
      out << found->text;
      return 0;
    }
    NearestWord nearest(command.show);
    for (const Template& known : kTemplates) nearest.Offer(known.name);
    errors << fmt::format(
        "penstock templates: there is no template '{}'{}; penstock templates "
        "lists them\n",
        command.show,
        nearest.word().empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest.word()));
    return 2;
  }
  size_t width = 0;
  for (const Template& known : kTemplates) width = std::max(width, known.name.size());
  json::Array list;
  for (const Template& known : kTemplates) {
    DefinitionFile file = Read(known);
    if (command.as_json) {
      list.push_back(json::Object{{"name", known.name},
                                  {"title", file.template_name},
                                  {"description", file.template_description},
                                  {"parameters", ParametersJson(file.definition)}});
    } else {
      out << fmt::format("{:{}}  {}\n", known.name, width, file.template_name);
    }
  }
  if (command.as_json) out << json::WritePretty(json::Object{{"templates", std::move(list)}});
  return 0;
}

}  // namespace penstock
