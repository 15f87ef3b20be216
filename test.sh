#!/usr/bin/env bash
# Sets up, builds and tests everything.
#   ./test.sh          release build, unit tests, simulation, wire and process tests
#   ./test.sh full     also address/undefined and thread sanitizers, fuzz corpora, benchmarks' smoke run, lint
#   ./test.sh peers    instead: Penstock with other people's clients and servers (DynamoDB Local, dynalite, moto, the newest
#                      AWS CLI v1 and boto3, boto 2, the AWS SDK for Java v1), fetched from PyPI, npm and Maven Central;
#                      what cannot be had is skipped and named at the end
# Ends with `N passed, N failed`; exit status 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export PATH="/usr/bin:/bin:/usr/local/bin:$PATH"
# Compilations are remembered by paths relative to the checkout, so that a fresh clone can use them.
export CCACHE_BASEDIR="$PWD"

mode="${1:-quick}"
case "$mode" in
  quick | full | peers) ;;
  *) echo "usage: ./test.sh [full|peers]" >&2; exit 2 ;;
esac

passed=0
failed=()
skipped=()
# step NAME COMMAND…: runs it, says how long it took, goes on after a failure.
step() {
  local name="$1" began=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1))
    printf '== %s: passed (%d s)\n' "$name" $((SECONDS - began))
  else
    failed+=("$name")
    printf '== %s: FAILED (%d s)\n' "$name" $((SECONDS - began))
  fi
}

build() { cmake --preset "$1" >"build-$1.log" 2>&1 || { cat "build-$1.log"; return 1; }
          rm -f "build-$1.log"; cmake --build --preset "$1" "${@:2}"; }
unit() { ctest --preset "$1" -j "$(nproc)" --no-tests=error "${@:2}"; }
pytests() { PENSTOCK_BINARY="$PWD/build/release/penstock" /usr/bin/python3 -m pytest -q -p no:cacheprovider "$@"; }

# Transfers to and from npm's DynamoDB; skipped, and said so, where npm does not answer.
dynalite() {
  scripts/install_peers.sh dynalite
  pytests -rs tests/peers/test_transfer_between.py -k "dynalite and penstock and not moto and not killed"
}

# The wire tests again, with the newest boto3 and AWS CLI v1 in place of the distribution's.
newest_wire() {
  PENSTOCK_BINARY="$PWD/build/release/penstock" PENSTOCK_TEST_AWS="$PWD/build/peers/python/bin/aws" \
    build/peers/python/bin/python -m pytest -q -p no:cacheprovider tests/wire
}

simulation() { build/release/penstock_sim --minutes "$1" --jobs "$(nproc)"; }

# Every target replays its corpus, then fuzzes for a few seconds more.
fuzz() {
  local target name dictionary worst=0
  for target in build/asan/*_fuzz; do
    name=$(basename "$target")
    mkdir -p "build/asan/corpus/$name"
    dictionary=""
    if [ -f "fuzz/dictionaries/$name" ]; then dictionary="fuzz/dictionaries/$name"; fi
    "$target" -max_total_time="$1" -timeout=10 -rss_limit_mb=4096 -verbosity=0 -print_final_stats=0 \
      ${dictionary:+"-dict=$dictionary"} \
      -artifact_prefix="build/asan/$name-" "build/asan/corpus/$name" "fuzz/corpus/$name" >"build/asan/$name.log" 2>&1 \
      || { tail -n 40 "build/asan/$name.log"; worst=1; echo "$name: FAILED"; continue; }
    echo "$name: no crash"
  done
  return $worst
}

benchmarks() {
  cmake --build --preset release --target benchmarks || return 1
  local program
  for program in build/release/*_bench; do
    # The large ones take minutes and are run by hand.
    "$program" --benchmark_min_time=0.01 --benchmark_filter='-/1000000|/100000|DueToOffered' >/dev/null || return 1
    echo "$(basename "$program"): runs"
  done
  bench/transfer/run.py replay import local --rounds 1 --pages 4 --items 5000 || return 1
}

lint() {
  local sources
  mapfile -t sources < <(git ls-files '*.h' '*.cc')
  clang-format-16 --dry-run --Werror "${sources[@]}" &&
    shellcheck quickstart.sh test.sh .ci/run scripts/*.sh sim/mutations/*.sh &&
    codespell --quiet-level 2 --ignore-words-list crate,te,ans,nd,keypair \
      README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs quickstart.sh test.sh scripts/*.sh
}

began=$SECONDS
if [ "$mode" = peers ]; then
  step "packages" scripts/install.sh peers
  step "other people's programs" scripts/install_peers.sh
  for reason in build/peers/*.unavailable; do
    [ -f "$reason" ] && skipped+=("$(basename "$reason" .unavailable)")
  done
  step "release build" build release --target penstock
  step "transfers with DynamoDB Local, dynalite and moto" pytests -rs tests/peers/test_transfer_between.py
  step "clients: AWS CLI v1, boto 2, Java" pytests -rs tests/peers/test_clients.py
  step "the service's speed beside moto's" pytests -s -rs tests/peers/test_service_load.py
  [ -f build/peers/python.unavailable ] || step "wire tests with the newest boto3 and AWS CLI v1" newest_wire
  [ ${#skipped[@]} -lt 4 ] || failed+=("nothing could be fetched")
else
  packages=test minutes=1
  if [ "$mode" = full ]; then packages=full minutes=2; fi
  step "packages" scripts/install.sh "$packages"
  step "include directions" scripts/check_includes.py
  step "names" scripts/check_names.py
  step "release build" build release
  step "unit tests" unit release
  step "simulation" simulation "$minutes"
  step "wire tests" pytests tests/wire
  step "process tests" pytests tests/process
fi

if [ "$mode" = full ]; then
  step "transfers with dynalite" dynalite
  step "lint" lint
  step "address and undefined behaviour sanitizers: build, with the fuzz targets" build asan
  step "address and undefined behaviour sanitizers: unit tests" unit asan
  step "thread sanitizer: build" build tsan --target net_test scheduler_test transfer_test local_dynamodb_test
  step "thread sanitizer: unit tests" unit tsan -R '^(net|scheduler|transfer|local_dynamodb)[.]'
  step "fuzz targets: corpora" fuzz 5
  step "benchmarks" benchmarks
  step "simulation: faults on purpose" build/release/penstock_sim --mutations
fi

printf '\n%d s in all' $((SECONDS - began))
[ ${#failed[@]} -eq 0 ] || printf '; failed: %s' "$(IFS=,; echo "${failed[*]}")"
[ ${#skipped[@]} -eq 0 ] || printf '; SKIPPED, as it could not be fetched: %s' "$(IFS=,; echo "${skipped[*]}")"
printf '\n%d passed, %d failed' "$passed" ${#failed[@]}
[ ${#skipped[@]} -eq 0 ] || printf ', %d skipped' ${#skipped[@]}
printf '\n'
[ ${#failed[@]} -eq 0 ]
