#include "aws/profile_file.h"

#include "base/text.h"

namespace penstock {
namespace {

std::optional<std::string> Find(const std::map<std::string, ProfileSettings>& sections,
                                const std::string& section, const std::string& key) {
  auto found = sections.find(section);
  if (found == sections.end()) return std::nullopt;
  auto setting = found->second.find(key);
  if (setting == found->second.end() || setting->second.empty()) return std::nullopt;
  return setting->second;
}

// A comment starts a line, or follows a value after a blank.
std::string_view WithoutComment(std::string_view value) {
  for (std::string_view mark : {" #", " ;", "\t#", "\t;"})
    value = value.substr(0, value.find(mark));
  return Trim(value);
}

}  // namespace

std::optional<std::string> ProfileFile::Get(const std::string& profile,
                                            const std::string& key) const {
  return Find(profiles_, profile, key);
}

std::optional<std::string> ProfileFile::GetService(const std::string& services_name,
                                                   const std::string& service,
                                                   const std::string& key) const {
  return Find(services_, services_name, service + "\n" + key);
}

void ProfileFile::Add(std::string_view text, bool is_config) {
  ProfileSettings* section = nullptr;
  std::string parent;
  for (std::string_view line : Split(text, '\n')) {
    bool indented = !line.empty() && (line[0] == ' ' || line[0] == '\t');
    std::string_view content = Trim(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if (content[0] == '[') {
      section = nullptr;
      parent.clear();
      size_t end = content.find(']');
      if (end == std::string_view::npos) continue;
      std::string_view name = Trim(content.substr(1, end - 1));
      auto second = [&](size_t prefix) { return std::string(Trim(name.substr(prefix))); };
      if (name.starts_with("profile ") || name.starts_with("profile\t")) {
        if (is_config) section = &profiles_[second(8)];
      } else if (name.starts_with("services ") || name.starts_with("services\t")) {
        if (is_config) section = &services_[second(9)];
      } else if (name == "default" || (!is_config && !name.starts_with("sso-session "))) {
        section = &profiles_[std::string(name)];
      }
      continue;
    }
    size_t equals = content.find('=');
    if (section == nullptr || equals == std::string_view::npos) continue;
    std::string key = AsciiLower(Trim(content.substr(0, equals)));
    std::string value(WithoutComment(content.substr(equals + 1)));
    if (indented && !parent.empty()) {
      section->emplace(parent + "\n" + key, std::move(value));
    } else {
      parent = value.empty() ? key : std::string();
      section->emplace(std::move(key), std::move(value));
    }
  }
}

}  // namespace penstock
