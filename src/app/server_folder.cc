#include "app/server_folder.h"

#include <fmt/core.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr unsigned kPrivate = 0600;
constexpr size_t kSecretKeyBytes = 32;

std::string Draw(Random& random, size_t length, std::string_view alphabet) {
  std::string text;
  for (size_t i = 0; i < length; ++i) text += alphabet[random.Below(alphabet.size())];
  return text;
}

Credentials NewKey(Random& random) {
  // The form of AWS's own long-lived keys: 20 and 40 characters.
  return {.access_key_id = "AKIA" + Draw(random, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
          .secret_access_key =
              Draw(random, 40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
          .session_token = ""};
}

std::string FormatKey(const Credentials& key) {
  return fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                     key.access_key_id, key.secret_access_key);
}

Result<Credentials> ParseKey(const std::string& text, const std::string& path) {
  Credentials key;
  bool in_default = false;
  for (std::string_view line : Split(text, '\n')) {
    line = Trim(line);
    if (line.starts_with('[')) in_default = line == "[default]";
    size_t equals = line.find('=');
    if (!in_default || equals == std::string_view::npos) continue;
    std::string_view name = Trim(line.substr(0, equals)), value = Trim(line.substr(equals + 1));
    if (name == "aws_access_key_id") key.access_key_id = value;
    if (name == "aws_secret_access_key") key.secret_access_key = value;
  }
  if (key.access_key_id.empty() || key.secret_access_key.empty()) {
    return Corrupt(path +
                   ": no aws_access_key_id and aws_secret_access_key under [default]; restore the "
                   "file or remove "
                   "it to get a new key at the next start");
  }
  return key;
}

// Reads `path`, or writes and returns what `make` gives.
template <class Make>
Result<std::string> ReadOrCreate(Files& files, const std::string& path, Make make) {
  Result<std::string> content = files.Read(path);
  if (content || content.error().code != ErrorCode::kNotFound) return content;
  std::string made = make();
  RETURN_IF_ERROR(files.Replace(path, made, kPrivate));
  return made;
}

// 12 digits, the first not 0, from a one-way function of the secret key.
std::string AccountOf(std::string_view secret_key) {
  const std::string digest = HmacSha256(secret_key, "account");
  const uint64_t value = FromBigEndian(std::string_view(digest).substr(0, sizeof value));
  return std::to_string(100'000'000'000 + value % 900'000'000'000);
}

}  // namespace

Result<ServerFolder> ServerFolder::Open(const std::string& path, Files& files, Random& random) {
  ServerFolder folder(path, files);
  RETURN_IF_ERROR(files.MakeDirectories(path));
  ASSIGN_OR_RETURN(folder.lock_, files.Lock(folder.Sub("lock")));
  ASSIGN_OR_RETURN(std::string key_text, ReadOrCreate(files, folder.Sub("credentials"),
                                                      [&] { return FormatKey(NewKey(random)); }));
  ASSIGN_OR_RETURN(folder.root_key_, ParseKey(key_text, folder.Sub("credentials")));
  ASSIGN_OR_RETURN(std::string secret_text, ReadOrCreate(files, folder.Sub("secret.key"), [&] {
                     std::string bytes(kSecretKeyBytes, '\0');
                     random.Fill(bytes);
                     return HexEncode(bytes) + "\n";
                   }));
  std::optional<std::string> secret = HexDecode(Trim(secret_text));
  if (!secret || secret->size() != kSecretKeyBytes) {
    return Corrupt(folder.Sub("secret.key") +
                   ": must hold 64 hex digits; restore it from a copy of the folder");
  }
  folder.secret_key_ = *std::move(secret);
  folder.account_ = AccountOf(folder.secret_key_);
  if (Result<std::string> last = files.Read(folder.Sub("last-address")))
    folder.last_address_ = Trim(*last);
  folder.RemoveAddress();  // of one that was killed
  return folder;
}

Status ServerFolder::WriteAddress(const std::string& address, const std::string& url,
                                  const std::string& region) {
  RETURN_IF_ERROR(files_->Replace(Sub("region"), region + "\n"));
  RETURN_IF_ERROR(files_->Replace(Sub("last-address"), address + "\n"));
  RETURN_IF_ERROR(files_->Replace(Sub("url"), url + "\n"));
  return files_->Replace(Sub("address"), address + "\n");
}

void ServerFolder::RemoveAddress() {
  for (const char* name : {"address", "url"}) (void)files_->Remove(Sub(name));
}

Result<ServerAccess> ReadServerAccess(const std::string& path, Files& files) {
  Result<std::string> url = files.Read(path + "/url");
  if (!url && url.error().code != ErrorCode::kNotFound) return std::move(url).error();
  if (!url) {
    return NotFound(fmt::format(
        "no server runs on {} (there is no file {}/url); start one with: penstock serve --data {}",
        path, path, path));
  }
  ASSIGN_OR_RETURN(std::string key_text, files.Read(path + "/credentials"));
  ASSIGN_OR_RETURN(Credentials key, ParseKey(key_text, path + "/credentials"));
  // A server that ran before there was this file had the default.
  std::string region = files.Read(path + "/region").value_or("us-east-1");
  return ServerAccess{std::string(Trim(*url)), std::string(Trim(region)), key};
}

}  // namespace penstock
