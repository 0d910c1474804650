#!/usr/bin/env bash
# rbcl 1.1.2 carries libsodium as text and unpacks it at every import into a new file of the temporary folder, 2.8 MB on
# Linux, which it never removes, also when the process ends in good order. Whoever imports it in workers fills the disk
# (and cannot import it where the folder is read-only). Once it is loaded the file may be unlinked.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv py && py/bin/pip install -q --disable-pip-version-check rbcl==1.1.2
mkdir tmp && export TMPDIR=$work/tmp
for _ in 1 2 3; do py/bin/python -c 'import rbcl'; done
left=$(find tmp -name 'tmp*.so' -size +1M | wc -l)
py/bin/python - <<'PY'
import os, rbcl
os.unlink(rbcl._sodium._name)
point = rbcl.crypto_scalarmult_ristretto255_base(bytes([2]) + bytes(31))
assert rbcl.crypto_core_ristretto255_is_valid_point(point)
PY
after=$(find tmp -name 'tmp*.so' | wc -l)
echo "rbcl 1.1.2: three processes that imported it and ended left $left libraries, $(du -sm tmp | cut -f1) MB; unlinked once loaded, it goes on: $after"
[ "$left" = 3 ] && [ "$after" = 3 ]
