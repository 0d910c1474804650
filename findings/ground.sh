#!/bin/sh
# ruff 0.14.5: `python -m ruff` starts whatever is called `ruff` in the running environment's scripts folder, without looking whether that is the binary
# of its own wheel. A wrapper there that runs `python -m ruff` (a common way to share one installation) starts itself for ever, silently, at full load.
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/base" && "$home/base/bin/pip" install -q ruff==0.14.5
python3 -m venv --without-pip "$home/thin"
site=$("$home/thin/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$home/base/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$site/base.pth"
printf '#!/bin/sh\nexec "%s" -m ruff "$@"\n' "$home/thin/bin/python" > "$home/thin/bin/ruff"
chmod +x "$home/thin/bin/ruff"
"$home/base/bin/ruff" --version
if timeout 5 "$home/thin/bin/ruff" --version; then echo "changed: the wrapper ends"; exit 1; else code=$?; fi
echo "the wrapper was stopped after 5 s with exit $code, having printed nothing"
[ "$code" -eq 124 ]
