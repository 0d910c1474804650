#!/usr/bin/env bash
# concurrent.futures.ProcessPoolExecutor: after shutdown(wait=False), shutdown(wait=True) returns at once, with calls still
# running and workers alive. The documentation says that with wait=True the method "will not return until all the pending
# futures are done executing and the resources associated with the executor have been freed"; but the first call forgets
# the thread that the second would join. ThreadPoolExecutor waits at every call. Seen with CPython 3.11 to 3.13.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
cat > pools.py <<'PY'
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def waits(kind):
    pool = kind(1)
    call = pool.submit(time.sleep, 2)
    pool.shutdown(wait=False)
    pool.shutdown(wait=True)
    return call.done()


if __name__ == "__main__":
    threads, processes = waits(ThreadPoolExecutor), waits(ProcessPoolExecutor)
    print(f"Python {sys.version.split()[0]}: the second shutdown waits for threads: {threads}, for processes: {processes}")
    sys.exit(threads is not True or processes is not False)
PY
python3 pools.py
