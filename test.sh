#!/usr/bin/env bash
# Sets up, builds and tests everything.
#   ./test.sh          release build, unit tests, simulation, wire and process tests
#   ./test.sh full     also address/undefined and thread sanitizers, fuzz corpora, benchmarks' smoke run, lint
# Ends with `N passed, N failed`; exit status 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export PATH="/usr/bin:/bin:/usr/local/bin:$PATH"
# Compilations are remembered by paths relative to the checkout, so that a fresh clone can use them.
export CCACHE_BASEDIR="$PWD"

mode="${1:-quick}"
case "$mode" in
  quick | full) ;;
  *) echo "usage: ./test.sh [full]" >&2; exit 2 ;;
esac

passed=0
failed=()
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

simulation() { build/release/penstock_sim --minutes "$1"; }

# Every target replays its corpus, then fuzzes for a few seconds more.
fuzz() {
  local target name worst=0
  for target in build/fuzz/*_fuzz; do
    name=$(basename "$target")
    mkdir -p "build/fuzz/corpus/$name"
    "$target" -max_total_time="$1" -timeout=10 -rss_limit_mb=4096 -verbosity=0 -print_final_stats=0 \
      -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "fuzz/corpus/$name" >"build/fuzz/$name.log" 2>&1 \
      || { tail -n 40 "build/fuzz/$name.log"; worst=1; echo "$name: FAILED"; continue; }
    echo "$name: no crash"
  done
  return $worst
}

benchmarks() {
  cmake --build --preset release --target benchmarks || return 1
  local program
  for program in build/release/*_bench; do
    "$program" --benchmark_min_time=0.01 >/dev/null || return 1
    echo "$(basename "$program"): runs"
  done
}

lint() {
  local sources
  mapfile -t sources < <(git ls-files '*.h' '*.cc')
  clang-format-16 --dry-run --Werror "${sources[@]}" &&
    shellcheck quickstart.sh test.sh .ci/run scripts/*.sh &&
    codespell --quiet-level 2 --ignore-words-list crate,te,ans,nd,keypair \
      README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs quickstart.sh test.sh scripts/*.sh
}

began=$SECONDS
if [ "$mode" = full ]; then step "packages" scripts/install.sh full; else step "packages" scripts/install.sh test; fi
step "include directions" scripts/check_includes.py
step "names" scripts/check_names.py
step "release build" build release
step "unit tests" unit release
step "simulation" simulation 1
step "wire tests" pytests tests/wire
step "process tests" pytests tests/process

if [ "$mode" = full ]; then
  step "lint" lint
  step "address and undefined behaviour sanitizers: build" build asan
  step "address and undefined behaviour sanitizers: unit tests" unit asan
  step "thread sanitizer: build" build tsan --target net_test scheduler_test transfer_test
  step "thread sanitizer: unit tests" unit tsan -R '^(net|scheduler|transfer)$'
  step "fuzz targets: build" build fuzz
  step "fuzz targets: corpora" fuzz 5
  step "benchmarks" benchmarks
fi

printf '\n%d s in all' $((SECONDS - began))
[ ${#failed[@]} -eq 0 ] || printf '; failed: %s' "$(IFS=,; echo "${failed[*]}")"
printf '\n%d passed, %d failed\n' "$passed" ${#failed[@]}
[ ${#failed[@]} -eq 0 ]
