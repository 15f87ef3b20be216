// `penstock templates`: the pipeline templates that are built in. They are the files of templates/,
// compiled in byte for byte.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace penstock {

struct Template {
  std::string_view name;  // "export-dynamodb-to-s3": the file's, without .json
  std::string_view text;  // a definition file with parameters
};

/// All of them, by name.
std::span<const Template> AllTemplates();
/// nullptr if there is none of that name.
const Template* FindTemplate(std::string_view name);

struct TemplatesCommand {
  std::string show;      // the template to print; empty: list them
  bool as_json = false;  // --json
};

/// Lists names and titles, one template a line, or as {"templates":[{"name","title","description",
/// "parameters":[{"id","type","description","default","optional"}]}]}; with `show` prints that
/// template's file. Exit code 2 if there is no such template (said on `errors`, with the nearest
/// name).
int RunTemplates(const TemplatesCommand& command, std::ostream& out, std::ostream& errors);

}  // namespace penstock
