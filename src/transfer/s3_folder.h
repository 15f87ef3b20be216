// S3Folder: an export under a prefix of a bucket. A file up to one part long is put at once, a
// longer one part by part; either way it appears whole, and only if the key was free
// (If-None-Match). Saved, it is an open upload and, for what is too little for a part, the object
// _penstock/tail/<name>.<bytes of the file so far>: each save has its own, as the checkpoint that
// tells of it may come later or never.
//
// SlowDown, server faults, broken connections and bodies cut short are waited out (s3_patience.h).
#pragma once

#include "aws/s3_client.h"
#include "transfer/data_folder.h"
#include "transfer/s3_patience.h"

namespace penstock {

struct S3FolderOptions {
  std::string server_side_encryption;  // "AES256", "aws:kms" or empty
  std::string kms_key_id;
  size_t part_size = 8u << 20;  // S3 wants 5 MiB at least; tests take less on servers that do not
  std::stop_token stop = {};    // the job's, for calls that have none of their own (s3_patience.h)
};

class S3Folder : public DataFolder {
 public:
  /// `location.key`: the prefix, with or without a final slash. The pointees outlive it.
  S3Folder(const S3Client* client, Clock* clock, Random* random, const S3Location& location,
           S3FolderOptions options = {});

  const std::string& address() const override { return address_; }
  Result<std::vector<FolderEntry>> List(size_t entries_max) override;
  Result<std::string> Read(std::string_view name, uint64_t size_max) override;
  Result<std::unique_ptr<BodySource>> Open(std::string_view name, std::stop_token stop) override;
  Result<std::unique_ptr<NewFile>> Create(std::string_view name, std::stop_token stop) override;
  Result<std::unique_ptr<NewFile>> Reopen(std::string_view name, const FileMark& mark,
                                          std::stop_token stop) override;
  Status RemoveUnfinished(const std::map<std::string, FileMark>& keep,
                          const std::function<bool(std::string_view name)>& ours) override;
  std::chrono::nanoseconds save_interval() const override { return std::chrono::seconds(5); }
  Status Write(std::string_view name, std::string_view content) override;
  Status WriteNew(std::string_view name, std::string_view content) override;
  Status Remove(std::string_view name) override;

 private:
  S3Location At(std::string_view name) const;
  /// What the keys of a file's tails begin with.
  S3Location TailsOf(std::string_view name) const;

  const S3Client* const client_;
  const std::shared_ptr<S3Patience> patience_;  // shared with its files
  const std::string bucket_, prefix_;           // prefix_ is empty or ends in '/'
  const std::string address_;
  const S3FolderOptions options_;
};

}  // namespace penstock
