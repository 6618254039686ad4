#!/usr/bin/env bash
# Builds all targets once and runs each for a bounded number of inputs, the first of them from the vectors:
#
#   fuzz/run.sh              as ./test does it: less than a minute behind the build
#   fuzz/run.sh 100          a hundred times as much
#   fuzz/run.sh 1 entry key  these alone
#
# The whole is repeatable but for what RSA's random salts change (target `session`).
set -euo pipefail
cd "$(dirname "$0")/.."
times=${1:-1}
[ $# -eq 0 ] || shift

target_of() { # target_of NAME RUNS LONGEST DICTIONARY
  [ ${#chosen[@]} -eq 0 ] || [[ " ${chosen[*]} " == *" $1 "* ]] || return 0
  local log
  log=$(mktemp)
  mkdir -p fuzz/artifacts/"$1"
  # What a run finds new stays out of the corpus: the next one begins where this one did.
  local options=(-runs=$(($2 * times)) -max_len="$3" -seed=1 -timeout=20 -artifact_prefix=fuzz/artifacts/"$1"/)
  [ -z "$4" ] || options+=(-dict=fuzz/dictionaries/"$4".dict)
  if ! "$binaries/$1" "${options[@]}" "$(mktemp -d -p "$scratch")" "fuzz/corpus/$1" > "$log" 2>&1; then
    grep -v '^#' "$log" | tail -n 40
    echo "fuzz target $1 found something; fuzz/README.md says how to go on" >&2
    return 1
  fi
  printf '%-14s %s\n' "$1" "$(grep '^Done' "$log")"
  rm -f "$log"
}

# Without a sanitizer, since those need a nightly compiler; and in several pieces, which build sooner.
cargo fuzz build --sanitizer none --codegen-units 16
python3 fuzz/seeds.py > /dev/null
binaries=fuzz/target/$(rustc -vV | sed -n 's/^host: //p')/release
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chosen=("$@")

target_of client_frame 100000 4096 json
target_of server_frame 100000 4096 json
target_of entry 100000 4096 json
target_of key 100000 2048 key
target_of configuration 100000 1024 configuration
target_of http 100000 512 http
target_of handed_over 30000 4096 json
target_of session 2000 1024 ""
