#!/usr/bin/env bash
# cryptography 47.0.0 has the modules `mldsa`, `mlkem` and `hpke` (with KEM.MLKEM768_X25519) and its wheel bundles
# OpenSSL 4.0.0, which has both algorithms; still the wheel says of ML-DSA-65, of ML-KEM-768 and so of the hybrid KEM that
# the backend does not support them. That the modules can be imported and that OpenSSL is new enough says nothing: the
# wheel of 48.0.0, with the same OpenSSL 4.0.0, has them all.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
cat > look.py <<'PY'
import cryptography
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl.backend import backend
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
from cryptography.hazmat.primitives.hpke import KEM

said = []
for name, make in (("ML-DSA-65", mldsa.MLDSA65PrivateKey.generate), ("ML-KEM-768", mlkem.MLKEM768PrivateKey.generate)):
    try:
        make()
        said.append(f"{name} yes")
    except UnsupportedAlgorithm as error:
        said.append(f"{name} no ({error})")
print(f"cryptography {cryptography.__version__}, {backend.openssl_version_text()}, {KEM.MLKEM768_X25519}: {', '.join(said)}")
PY
for version in 47.0.0 48.0.0; do
  python3 -m venv "$version"
  "$version/bin/pip" install -q --disable-pip-version-check --only-binary :all: "cryptography==$version"
  "$version/bin/python" look.py | tee -a seen.txt
done
[ "$(grep -o 'ML-[A-Z]*-[0-9]* \(yes\|no\)' seen.txt | tr '\n' ' ')" = "ML-DSA-65 no ML-KEM-768 no ML-DSA-65 yes ML-KEM-768 yes " ]
