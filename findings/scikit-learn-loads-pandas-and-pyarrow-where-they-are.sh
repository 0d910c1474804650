#!/usr/bin/env bash
# scikit-learn needs neither pandas nor pyarrow; where they are installed, `import sklearn.impute` loads both, and a process
# that fits one imputer on a numpy array carries some 70 MiB more. So the memory of a worker follows from what else lies in
# the environment. Seen with scikit-learn 1.7.2, pandas 2.3.3, pyarrow 22.0.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
cat > loads.py <<'PY'
import resource
import sys

import sklearn.impute  # noqa: F401

loaded = [name for name in ("pandas", "pyarrow") if name in sys.modules]
print(f"{sklearn.__version__} {','.join(loaded) or 'neither'} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}")
PY
python3 -m venv env && env/bin/pip install -q --disable-pip-version-check "scikit-learn==1.7.2"
before=$(env/bin/python loads.py)
env/bin/pip install -q --disable-pip-version-check "pandas==2.3.3" "pyarrow==22.0.0"
after=$(env/bin/python loads.py)
echo "scikit-learn, loaded with it, MiB: before $before; after installing the two $after"
[[ $before == *neither* && $after == *pandas,pyarrow* ]]
