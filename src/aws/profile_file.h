// The AWS shared files: ~/.aws/config and ~/.aws/credentials, an INI dialect with nested sections.
// Pure. https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Settings by key, lower case; a nested one is "s3\nendpoint_url" under its parent's key.
using ProfileSettings = std::map<std::string, std::string>;

/// Profiles, and [services NAME] sections, of both files together.
class ProfileFile {
 public:
  /// Reads a file's text: in the config file profiles are "[profile NAME]" (and "[default]"), in
  /// the credentials file
  /// "[NAME]". Unreadable lines are skipped, as the SDKs do. Settings given before stay where
  /// `text` repeats them: add the credentials file first, it has precedence.
  void AddConfig(std::string_view text) { Add(text, /*is_config=*/true); }
  void AddCredentials(std::string_view text) { Add(text, /*is_config=*/false); }

  bool HasProfile(const std::string& profile) const { return profiles_.contains(profile); }
  /// nullopt if the profile or its setting is absent or empty.
  std::optional<std::string> Get(const std::string& profile, const std::string& key) const;
  /// A setting of [services NAME]: `service` as in "dynamodb", `key` as in "endpoint_url".
  std::optional<std::string> GetService(const std::string& services_name,
                                        const std::string& service, const std::string& key) const;

 private:
  void Add(std::string_view text, bool is_config);
  std::map<std::string, ProfileSettings> profiles_;
  std::map<std::string, ProfileSettings> services_;
};

}  // namespace penstock
