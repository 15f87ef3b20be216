#!/usr/bin/env bash
# Applies each patch of this folder, one at a time, to a copy of the sources, builds the simulator there and sees that it
# notices. A patch is a unified diff with one line before it that says what is wrong.
#   sim/mutations/run.sh [NAME…]       only those patches; SEEDS=N worlds each at most (default 1000)
# Prints for each the seed and the rule that broke. Exit status 1 if one goes unnoticed, no longer applies or does not
# compile, or if the simulator complains of the sources as they are.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seeds=${SEEDS:-1000}
copy=build/mutations
log=$copy/log
rm -rf "$copy/tree"
mkdir -p "$copy/tree" || exit 1

# What did not change keeps its time, so that little is built anew; what a patch changed last time has to be.
for part in *; do
  [ "$part" = build ] || cp -a "$part" "$copy/tree/" || exit 1
done
files() { sed -n 's|^+++ b/||p' "$@"; }
files sim/mutations/*.patch | while read -r file; do
  [ ! -e "$copy/tree/$file" ] || touch "$copy/tree/$file"
done

build() { cmake --build "$copy/build" --target penstock_sim >"$log" 2>&1; }
hunt() { timeout 1800 "$copy/build/penstock_sim" --seeds "$seeds" 2>&1; }

# Not in a few large units: a patch changes one file, and only that is compiled again, without much ado.
configure() { (cd "$copy/tree" && cmake --preset release -B ../build -DCMAKE_UNITY_BUILD=OFF \
                 -DCMAKE_CXX_FLAGS_RELEASE=-O1) >"$log" 2>&1; }
if ! { configure && build; }; then
  tail -n 40 "$log"
  echo "the sources do not build"
  exit 1
fi
if ! said=$(hunt); then
  printf 'the simulator complains of the sources as they are:\n%s\n' "$said"
  exit 1
fi

if [ $# -eq 0 ]; then patches=(sim/mutations/*.patch); else patches=("${@/#/sim/mutations/}"); patches=("${patches[@]/%/.patch}"); fi
noticed=0
failed=()
for patch in "${patches[@]}"; do
  name=$(basename "$patch" .patch)
  printf '%s: %s\n' "$name" "$(head -n 1 "$patch")"
  if ! patch --directory="$copy/tree" --strip=1 --fuzz=2 --no-backup-if-mismatch --reject-file=- <"$patch" >"$log" 2>&1; then
    failed+=("$name")
    echo "  DOES NOT APPLY any more: write it anew for the sources as they are"
    cat "$log"
  elif ! build; then
    failed+=("$name")
    echo "  DOES NOT COMPILE any more"
    grep -m 5 'error' "$log"
  elif said=$(hunt); then
    failed+=("$name")
    echo "  NOT NOTICED in $seeds seeds"
  else
    noticed=$((noticed + 1))
    # The line with the seed and the rule, or what a failed CHECK said.
    printf '  noticed: %s\n' "$(head -n 1 <<<"$said" | cut -c 1-300)"
  fi
  files "$patch" | while read -r file; do
    cp "$file" "$copy/tree/$file" || exit 1
  done
done

printf '%d of %d patches noticed' "$noticed" ${#patches[@]}
[ ${#failed[@]} -eq 0 ] || printf '; failed: %s' "${failed[*]}"
printf '\n'
[ ${#failed[@]} -eq 0 ]
