#include "transfer/manifest.h"

#include <set>

#include "base/encoding.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr int64_t kVersion = 3;
constexpr int64_t kProofFormat = 1;

json::Object WriteProof(const Manifest& manifest) {
  const ExportProof& proof = *manifest.proof;
  json::Array files;
  for (const FileProof& file : proof.files) files.push_back(WriteFileProof(file));
  json::Object object{{"format", kProofFormat},   {"runId", proof.run_id},
                      {"table", proof.table},     {"items", proof.items},
                      {"bytes", proof.bytes},     {"digest", FormatDigest(proof.digest)},
                      {"files", std::move(files)}};
  if (manifest.format != FileFormat::kDataPipeline)
    object["dataFormat"] = FileFormatName(manifest.format);
  return object;
}

Result<ContentDigest> GetDigest(const json::Object& object) {
  ASSIGN_OR_RETURN(std::string text, json::GetString(object, "digest"));
  std::optional<ContentDigest> digest = ParseDigest(text);
  if (!digest)
    return InvalidArgument(
        fmt::format("digest must be xxh3-128-sum: and 32 hex digits, not \"{}\"", text));
  return *digest;
}

Result<ExportProof> ParseProof(const json::Object& object) {
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  if (format != kProofFormat) {
    return InvalidArgument(
        fmt::format("format {} is not known; a newer version of the program may read it", format));
  }
  ExportProof proof;
  ASSIGN_OR_RETURN(proof.run_id, json::GetString(object, "runId"));
  ASSIGN_OR_RETURN(proof.table, json::GetString(object, "table"));
  ASSIGN_OR_RETURN(proof.items, json::GetCount(object, "items"));
  ASSIGN_OR_RETURN(proof.bytes, json::GetCount(object, "bytes"));
  ASSIGN_OR_RETURN(proof.digest, GetDigest(object));
  ASSIGN_OR_RETURN(const json::Array* files, json::GetArray(object, "files"));
  for (const json::Value& value : *files) {
    if (!value.is_object()) return InvalidArgument("files has an element that is no object");
    ASSIGN_OR_RETURN(FileProof file, ParseFileProof(value.get_object()));
    proof.files.push_back(std::move(file));
  }
  return proof;
}

/// Totals must be the files' sums, and the files the entries: otherwise somebody edited one and not
/// the other.
Status CheckProof(const Manifest& manifest) {
  const ExportProof& proof = *manifest.proof;
  uint64_t items = 0, bytes = 0;
  ContentDigest digest;
  std::set<std::string> proven;
  for (const FileProof& file : proof.files) {
    items += file.items;
    bytes += file.bytes;
    digest.Add(file.digest);
    proven.insert(file.name);
  }
  if (items != proof.items || bytes != proof.bytes || digest != proof.digest) {
    return InvalidArgument("x-verify: its totals are not the sums of its files");
  }
  ASSIGN_OR_RETURN(std::vector<std::string> names, RebasedNames(manifest));
  if (std::set<std::string>(names.begin(), names.end()) != proven ||
      names.size() != proof.files.size()) {
    return InvalidArgument("x-verify: its files are not those of entries");
  }
  return {};
}

Result<Manifest> Parse(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  ASSIGN_OR_RETURN(int64_t version, json::GetInt(object, "version"));
  if (version != kVersion)
    return InvalidArgument(fmt::format("version is {}, must be {}", version, kVersion));
  ASSIGN_OR_RETURN(const json::Array* entries, json::GetArray(object, "entries"));
  Manifest manifest;
  for (const json::Value& entry : *entries) {
    if (!entry.is_object()) return InvalidArgument("entries has an element that is no object");
    ASSIGN_OR_RETURN(std::string url, json::GetString(entry.get_object(), "url"));
    manifest.urls.push_back(std::move(url));
  }
  if (const json::Value* proof = json::Find(object, "x-verify")) {
    if (!proof->is_object()) return InvalidArgument("x-verify must be an object");
    auto parsed = ParseProof(proof->get_object());
    if (!parsed) return std::move(parsed.error()).In("x-verify");
    manifest.proof = *std::move(parsed);
    ASSIGN_OR_RETURN(std::optional<std::string> name,
                     json::OptionalString(proof->get_object(), "dataFormat"));
    std::optional<FileFormat> format = ParseFileFormat(name.value_or("datapipeline"));
    if (!format) {
      return InvalidArgument(fmt::format(
          "x-verify: dataFormat {} is not known; a newer version of the program may read it",
          *name));
    }
    manifest.format = *format;
    RETURN_IF_ERROR(CheckProof(manifest));
  }
  return manifest;
}

}  // namespace

std::string FormatCrc64(uint64_t crc) { return Base64Encode(BigEndian(crc, sizeof crc)); }

std::optional<uint64_t> ParseCrc64(std::string_view text) {
  auto bytes = Base64Decode(text);
  if (!bytes || bytes->size() != sizeof(uint64_t)) return std::nullopt;
  return FromBigEndian(*bytes);
}

json::Object WriteFileProof(const FileProof& proof) {
  json::Object object{{"name", proof.name},
                      {"items", proof.items},
                      {"bytes", proof.bytes},
                      {"digest", FormatDigest(proof.digest)}};
  if (proof.crc64nvme) object["crc64nvme"] = FormatCrc64(*proof.crc64nvme);
  if (!proof.md5.empty()) object["md5"] = proof.md5;
  if (proof.item_bytes > 0) object["itemBytes"] = proof.item_bytes;
  return object;
}

Result<FileProof> ParseFileProof(const json::Object& object) {
  FileProof proof;
  ASSIGN_OR_RETURN(proof.name, json::GetString(object, "name"));
  ASSIGN_OR_RETURN(proof.items, json::GetCount(object, "items"));
  ASSIGN_OR_RETURN(proof.bytes, json::GetCount(object, "bytes"));
  ASSIGN_OR_RETURN(proof.digest, GetDigest(object));
  ASSIGN_OR_RETURN(std::optional<std::string> md5, json::OptionalString(object, "md5"));
  proof.md5 = md5.value_or("");
  ASSIGN_OR_RETURN(std::optional<std::string> crc, json::OptionalString(object, "crc64nvme"));
  if (crc) {
    proof.crc64nvme = ParseCrc64(*crc);
    if (!proof.crc64nvme)
      return InvalidArgument(fmt::format("crc64nvme must be 8 bytes in base64, not \"{}\"", *crc));
  }
  if (json::Find(object, "itemBytes") != nullptr) {
    ASSIGN_OR_RETURN(proof.item_bytes, json::GetCount(object, "itemBytes"));
  }
  return proof;
}

std::string WriteManifest(const Manifest& manifest) {
  std::string text = "{\"name\":\"DynamoDB-export\",\"version\":3,\n\"entries\": [\n";
  for (size_t i = 0; i < manifest.urls.size(); ++i) {
    if (i > 0) text += ",\n";
    text += fmt::format("{{\"url\":{},\"mandatory\":true}}", json::Quote(manifest.urls[i]));
  }
  text += "\n]";
  if (manifest.proof) text += ",\n\"x-verify\": " + json::Write(WriteProof(manifest));
  return text + "}";
}

Result<Manifest> ParseManifest(std::string_view text) {
  auto manifest = Parse(text);
  if (!manifest)
    return InvalidArgument("not the manifest of an export: " + manifest.error().message);
  return manifest;
}

Result<std::vector<std::string>> RebasedNames(const Manifest& manifest) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string& url : manifest.urls) {
    std::string name = url.substr(url.rfind('/') + 1);
    if (name.empty() || name == "." || name == ".." || name == kManifestName || name[0] == '_' ||
        name.find('\0') != std::string::npos) {
      return InvalidArgument(
          fmt::format("the manifest's url {} does not name a data file", json::Quote(url)));
    }
    if (!seen.insert(name).second) {
      return InvalidArgument(
          fmt::format("the manifest names two files {}; both would be read from one place", name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace penstock
