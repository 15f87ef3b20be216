#include "runner/aws_shim.h"

namespace penstock {
namespace {

// The service's own variable wins over the common one, and an option that the user gave over both.
// PATH is searched for the next `aws` after this folder. The CLI's options before the service may
// have values, which are no service.
constexpr std::string_view kShim = R"sh(#!/bin/bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
real=
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  [ "$folder" -ef "$here" ] && continue
  if [ -x "$folder/aws" ]; then real=$folder/aws; break; fi
done
if [ -z "$real" ]; then echo "aws: command not found" >&2; exit 127; fi
service= value=
for word in "$@"; do
  if [ -n "$value" ]; then value=; continue; fi
  case $word in
    --endpoint-url | --endpoint-url=*) exec "$real" "$@" ;;
    --output | --query | --profile | --region | --color | --ca-bundle | --cli-*-timeout | --cli-binary-format) value=1 ;;
    -*) ;;
    *) [ -n "$service" ] || service=$word ;;
  esac
done
case $service in
  s3 | s3api) name=S3 ;;
  datapipeline) name=DATA_PIPELINE ;;
  *) name=$(tr 'a-z-' 'A-Z_' <<<"$service") ;;
esac
variable=AWS_ENDPOINT_URL_$name
url=${!variable:-${AWS_ENDPOINT_URL:-}}
if [ -n "$url" ]; then exec "$real" --endpoint-url "$url" "$@"; fi
exec "$real" "$@"
)sh";

}  // namespace

Status WriteAwsShim(Files& files, const std::string& folder) {
  RETURN_IF_ERROR(files.MakeDirectories(folder));
  return files.Replace(folder + "/aws", kShim, 0755);
}

}  // namespace penstock
