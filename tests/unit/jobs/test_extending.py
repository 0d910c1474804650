"""docs/extending.md, followed to the letter: its code is taken from the page and run, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.completeness import missing

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
CALL = """
import sys
print(*draw_lots(Path(sys.argv[1])))
"""


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_page_gives_a_job_that_runs(tmp_path: Path) -> None:
    program = tmp_path / "lots.py"
    program.write_text("\n".join([*blocks(), CALL]), encoding="utf-8")
    (tmp_path / "run").mkdir()
    command = [sys.executable, str(program), str(tmp_path / "run")]
    paths = [str(ROOT), *(str(ROOT / floor) for floor in ("schemas", "protocols", "broker", "agents", "scenarios"))]
    env = {"PYTHONPATH": ":".join(paths), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (first,) = done.stdout.split()
    assert first in {"bank", "shop", "telco"}, "all three agree on who goes first"


def test_the_page_names_what_exists() -> None:
    """Files and folders that it sends its readers to."""
    for path in re.findall(r"`((?:schemas|protocols|broker|agents|scenarios|tests)/[\w/.]+)`", PAGE):
        assert path.endswith("jobs/lots.py") or (ROOT / path).exists(), path
    assert "test_completeness" in PAGE and missing.__module__ == "tests.support.completeness"
