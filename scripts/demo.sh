#!/bin/sh
# The main job on real input: a base image, a build, a registry, a push, a pull into a second store, a container, a page from it.
# Everything is made in .demo/ and on loopback; nothing else is left behind.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
demo=$PWD/.demo
begun=$(date +%s%N)

if [ "$(id -u)" != 0 ]; then
  echo "demo: RUN and run need root for now (mounts and namespaces). Try: sudo npm run demo" >&2
  exit 1
fi
for program in busybox runc; do
  command -v "$program" >/dev/null || { echo "demo: $program is missing; install it with: apt-get install busybox-static runc" >&2; exit 1; }
done

rm -rf "$demo"
mkdir -p "$demo/rootfs"
export LAMINA_ROOT="$demo/store" XDG_CACHE_HOME="$demo/cache"

server= container=
finish() {
  for pid in $container $server; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
lamina() {
  printf '$ lamina %s\n' "$*"
  started=$(date +%s%N)
  bin/lamina "$@"
  printf '  (%d ms)\n' $((($(date +%s%N) - started) / 1000000))
}
await() { # await FILE PATTERN: the first match in the file, for at most 10 s
  for _ in $(seq 100); do
    found=$(grep -om1 "$2" "$1" 2>/dev/null) && { echo "$found"; return; }
    sleep 0.1
  done
  echo "demo: '$2' did not appear in $1:" >&2
  cat "$1" >&2
  return 1
}
free_port() { node_modules/.bin/node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }

say '1. A base image of a root filesystem: busybox with its 300 names'
mkdir -p "$demo/rootfs/bin" "$demo/rootfs/etc" "$demo/rootfs/tmp"
chmod 1777 "$demo/rootfs/tmp"
cp "$(command -v busybox)" "$demo/rootfs/bin/busybox"
for name in $(busybox --list); do [ "$name" = busybox ] || ln -sf busybox "$demo/rootfs/bin/$name"; done
echo 'root:x:0:0:root:/:/bin/sh' > "$demo/rootfs/etc/passwd"
tar -C "$demo/rootfs" --owner=0 --group=0 -cf "$demo/busybox.tar" .
lamina import -c 'CMD ["sh"]' "$demo/busybox.tar" busybox:latest

say '2. A registry on the same store'
bin/lamina serve --listen 127.0.0.1:0 > "$demo/serve.log" 2>&1 &
server=$!
registry=$(await "$demo/serve.log" '127\.0\.0\.1:[0-9]*')
echo "  at $registry"

say '3. A build in two stages'
lamina build --progress plain -t "$registry/team/site:1.0" examples/site

say '4. The same build again: every step comes from the cache'
lamina build --progress plain -t "$registry/team/site:1.0" examples/site

say '5. Push: layers are compressed once, and only what is missing is sent'
lamina push "$registry/team/site:1.0"
lamina push "$registry/team/site:1.0"

say '6. Pull into a second, empty store'
lamina --root "$demo/other" pull "$registry/team/site:1.0"

say '7. Run it there, and fetch a page from it'
port=$(free_port)
bin/lamina --root "$demo/other" run --rm -e PORT="$port" "$registry/team/site:1.0" > "$demo/run.log" 2>&1 &
container=$!
page=
for _ in $(seq 50); do
  page=$(busybox wget -qO- "http://127.0.0.1:$port/layers.html" 2>/dev/null) && break
  sleep 0.1
done
[ -n "$page" ] || { echo 'demo: the container did not answer:' >&2; cat "$demo/run.log" >&2; exit 1; }
printf '%s\n' "$page" | sed 's/^/  | /'
kill "$container"
wait "$container" 2>/dev/null || true
container=

say '8. What is in it, and what keeps it'
lamina history "$registry/team/site:1.0"
lamina images --digests
lamina verify
lamina gc --dry-run

finish
server=
say "Done in $((($(date +%s%N) - begun) / 1000000)) ms; stores: $(du -sh "$demo/store" | cut -f1) and $(du -sh "$demo/other" | cut -f1). Everything is in .demo/"
