# generate.sh TITLE PAGES OUT: one HTML page per text file, and an index of them
set -eu
title=$1 pages=$2 out=$3
mkdir -p "$out"
page() { printf '<!doctype html><meta charset="utf-8"><title>%s</title><style>body{font:1.1em/1.6 system-ui;max-width:40em;margin:3em auto}</style><h1>%s</h1>\n' "$title" "$1"; }
page "$title" > "$out/index.html"
for file in "$pages"/*.txt; do
  name=$(basename "$file" .txt)
  { page "$name"; sed 's/&/\&amp;/g; s/</\&lt;/g; s/^$/<p>/' "$file"; echo '<p><a href="index.html">back</a>'; } > "$out/$name.html"
  printf '<li><a href="%s.html">%s</a>\n' "$name" "$name" >> "$out/index.html"
  echo "generated $name.html"
done
