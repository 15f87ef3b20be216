// Whole files between S3 and a local folder: scripts, staged data, logs. Not for bulk tables
// (transfer/).
#pragma once

#include <stop_token>
#include <string>

#include "aws/s3_client.h"
#include "ports/files.h"

namespace penstock {

/// One object into one file; nothing is left at `path` on failure.
Status DownloadFile(const S3Client& s3, const S3Location& source, Files& files,
                    const std::string& path, std::stop_token stop);
/// Every object under the prefix into `folder`, keeping the structure below it; their number. Keys
/// that would leave the folder ("..") are an error.
Result<int> DownloadFolder(const S3Client& s3, const S3Location& source, Files& files,
                           const std::string& folder, std::stop_token stop);
/// One file into one object; large ones in parts, so that it appears whole or not at all.
Status UploadFile(const S3Client& s3, Files& files, const std::string& path,
                  const S3Location& target, std::stop_token stop);
/// Every file below `folder` under the prefix; their number.
Result<int> UploadFolder(const S3Client& s3, Files& files, const std::string& folder,
                         const S3Location& target, std::stop_token stop);

}  // namespace penstock
