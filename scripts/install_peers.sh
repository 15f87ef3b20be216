#!/usr/bin/env bash
# Puts other people's clients and servers under build/peers, for the tests in tests/peers:
#   python          the newest AWS CLI v1, boto3, boto 2 and moto, in a virtual environment   (PyPI)
#   dynalite        a DynamoDB in JavaScript                                                  (npm)
#   dynamodb-local  Amazon's DynamoDB Local                                                   (Maven Central)
#   java            the AWS SDK for Java v1, and the program in tests/peers/java              (Maven Central)
# usage: install_peers.sh [PART…]; all parts if none is named. What was fetched within the last week is kept.
# A part that cannot be had is skipped, not failed: build/peers/PART.unavailable then says why, and so do the tests.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export PATH="/usr/bin:/bin:/usr/local/bin:$PATH"
peers=$PWD/build/peers
mkdir -p "$peers"

python() {
  [ -x "$peers/python/bin/pip" ] || /usr/bin/python3 -m venv "$peers/python" || return 1
  timeout 600 "$peers/python/bin/pip" install --quiet --timeout 30 --retries 2 --upgrade \
    awscli boto3 boto 'moto[server]' pytest aiosmtpd
}

# Version 4 needs Node 20; 3 runs everywhere and is the same server.
dynalite() {
  mkdir -p "$peers/dynalite"
  timeout 300 npm install --fetch-timeout 30000 --fetch-retries 1 --fetch-retry-mintimeout 1000 --loglevel error --no-fund \
    --no-audit --omit=optional --prefix "$peers/dynalite" dynalite@3
}

maven() {
  timeout 600 mvn --quiet --batch-mode -Dmaven.repo.local="$peers/maven" -Dpeers="$peers" "$@"
}
dynamodb-local() { maven -f tests/peers/dynamodb-local/pom.xml dependency:copy-dependencies; }
java() { maven -f tests/peers/java/pom.xml package; }

# why LOG: the line that says why an installation failed.
why() { grep -m 1 -E '^(ERROR|\[ERROR\]|npm (error|ERR!))' "$1" || tail -n 1 "$1"; }

# get PART: installs it unless that was done lately from the same instructions.
get() {
  local part=$1 stamp log
  stamp=$peers/$part.installed
  log=$peers/$part.log
  if [ -n "$(find "$stamp" -mtime -7 -newer scripts/install_peers.sh 2>/dev/null)" ] &&
     [ -z "$(find "tests/peers/$part" -type f -newer "$stamp" 2>/dev/null)" ]; then
    return
  fi
  if "$part" >"$log" 2>&1; then
    rm -f "$peers/$part.unavailable"
    touch "$stamp"
    echo "$part: installed"
  elif grep -q 'COMPILATION ERROR' "$log"; then
    cat "$log" >&2  # a mistake of ours
    exit 1
  elif [ -f "$stamp" ]; then
    echo "$part: not brought up to date, the one that is there is used: $(why "$log")"
  else
    why "$log" >"$peers/$part.unavailable"
    echo "$part: SKIPPED, it could not be had: $(cat "$peers/$part.unavailable")"
  fi
}

[ $# -gt 0 ] || set -- python dynalite dynamodb-local java
for part in "$@"; do
  case "$part" in
    python | dynalite | dynamodb-local | java) get "$part" ;;
    *) echo "usage: install_peers.sh [python|dynalite|dynamodb-local|java]…" >&2; exit 2 ;;
  esac
done
