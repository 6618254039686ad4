#!/bin/sh
# Lets the conformance suite start, kill and start again the reference server:
#
#   dispatch-conformance run --spawn 'conformance/spawn/dispatchd.sh target/debug/dispatchd {config}'
#
# A wrapper for another server looks much like this one: read the configuration, found the community if there is none
# yet, and become the server (exec), so that what is killed is the server and not the wrapper.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: dispatchd.sh DISPATCHD CONFIG" >&2
  exit 2
fi
dispatchd=$1 config=$2

# The file has one member a line, so that no JSON parser is needed to read a text or a number.
text() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" "$config"; }
limits() { sed -n 's/^ *"\([a-z_]*_ms\|[a-z_]*_bytes\|wraps\)": \([0-9]*\),\{0,1\}$/--limit \1=\2/p' "$config"; }

community=$(text data_dir)/community
if [ ! -e "$community/dispatchd.toml" ]; then
  # shellcheck disable=SC2046 # the limits are many words
  "$dispatchd" init "$community" \
    --name "$(text community_name)" \
    --bind "$(text listen)" \
    --origin "$(text origin)" \
    --authority-key "$(text authority_key)" \
    --server-key "$(text server_key)" \
    --allow "$(text allowlist)" \
    $(limits)
fi

exec "$dispatchd" serve "$community"
