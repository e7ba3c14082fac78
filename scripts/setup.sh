#!/bin/sh
# Installs what `npm run demo` and `npm test` need and this machine lacks: the npm packages, and Debian's when we are root.
# Usage: setup.sh PACKAGE[:PROGRAM]...   (a package is missing when its program is not found)
set -eu
cd "$(dirname "$0")/.."

if [ ! -x node_modules/.bin/node ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "setup: installing npm packages" >&2
  npm ci --no-audit --no-fund >&2
fi

PATH=$PATH:/usr/sbin:/sbin
missing=
for entry in "$@"; do
  package=${entry%%:*}
  program=${entry#*:}
  command -v "$program" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "setup: installing Debian packages:$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >.setup.log 2>&1; then
    tail -5 .setup.log >&2
    echo "setup: could not install$missing; what needs them will say so" >&2
  fi
  rm -f .setup.log
else
  echo "setup: these Debian packages are missing and only root can install them:$missing" >&2
  echo "setup: run: sudo apt-get install$missing" >&2
fi
