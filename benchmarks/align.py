"""Alignments of whole agents beside other programs: ids from CSV files, the common ones out, in one table.

``python -m benchmarks.align [--ids 100000] [--protocols ot,ecdh,rsa] [--parties 2] [--kill 0.5] [--beside DIR]``

Ours: agents over the embedded log on this machine, everything signed and journaled. `--beside` names a virtual
environment, which is made where there is none (Python 3.11, some minutes), with SecretFlow's `spu` and OpenMined's
`openmined-psi`: they align the same files, two parties, and sign and journal nothing. Without spu's low-communication
mode, which loses common ids, and without what it keeps of earlier runs, which it trusts by a file's size. Recall is the
share of the common ids that was found. `--kill` plays each once more and ends the second party's agent by SIGKILL
after that share of the alignment: what it had done is not done again (`again`: buckets that were read twice).
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from tests.integration.command import progress, wait_for

from benchmarks.played import NAMES

OTHERS = {"spu RR22": "rr22", "spu ECDH": "ecdh", "OpenMined ECDH": "openmined"}
PACKAGES = ("spu==0.9.5", "openmined-psi==2.0.6")
SHIFT = 10
"""Each party's ids begin a tenth of them behind those of the one before; of two parties half."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Args:
        name: Of program and protocol.
        seconds: Of the alignment; of others without the start of their processes.
        recall: Share of the common ids that was found.
        whole: Seconds of the whole command, with reading, keys and proof.
        id_bytes: Sent by all parties, for each id of one; None where nobody counts.
        peak_mib: Of the largest agent with its workers.
        again: Of the buckets of `ot`, how many the second party read more than once.
    """

    name: str
    seconds: float
    recall: float
    whole: float | None = None
    id_bytes: float | None = None
    peak_mib: float | None = None
    again: int | None = None


def sets(ids: int, parties: int) -> list[range]:
    """The numbers of each party's ids."""
    shift = ids // (2 if parties == 2 else SHIFT)
    return [range(p * shift, p * shift + ids) for p in range(parties)]


def write(folder: Path, numbers: Sequence[range]) -> list[Path]:
    """A file for each party."""
    paths = [folder / f"{name}.csv" for name, _ in zip(NAMES, numbers, strict=False)]
    for path, some in zip(paths, numbers, strict=True):
        with path.open("w", newline="") as file:
            file.write("id\n")
            file.writelines(f"user-{i:010d}\n" for i in some)
    return paths


def found(path: Path, common: range) -> float:
    """The share of the common ids in a file of results.

    Raises:
        SystemExit: It names others.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        named = {row["id"] for row in csv.DictReader(file)}
    if not named <= {f"user-{i:010d}" for i in common}:
        raise SystemExit(f"{path} names ids that are not common")
    return len(named) / len(common)


def ours(
    folder: Path, paths: Sequence[Path], protocol: str, bits: int, common: range, after: float | None = None
) -> Row:
    """One `accord psi`; ``after`` so many seconds of alignment an agent is killed."""
    parties = {
        path.stem: {"role": "feature_holder" if p else "label_holder", "data": {"csv": str(path), "id": "id"}}
        for p, path in enumerate(paths)
    }
    align = {"protocol": protocol, "max_overlap": None}
    scenario = {"name": "benchmark", "parties": parties, "align": align, "keys": {"bits": bits}}
    (folder / "scenario.yaml").write_text(json.dumps(scenario))
    name = f"accord {protocol}" + (", killed" if after is not None else "")
    accord, out = Path(sys.executable).with_name("accord"), folder / name
    process = subprocess.Popen([accord, "psi", folder / "scenario.yaml", "--out", out, "--quiet"])
    if after is not None:
        wait_for(lambda: "AGREED" in progress(out / paths[0].stem), 600, "it is never AGREED")
        time.sleep(after)
        psutil.Process(int((out / paths[1].stem / "agent.pid").read_text())).kill()
    if process.wait():
        raise SystemExit(process.returncode)
    result = json.loads((out / "result.json").read_bytes())
    return Row(
        name,
        result["seconds"]["align"],
        found(out / paths[0].stem / "intersection.csv", common),
        result["seconds"]["total"],
        sum(result["bytes"].values()) / (paths[0].stat().st_size // len("user-0000000000\n")),
        max(result["peak_rss_mib"].values()),
        again(out / paths[1].stem / "agent.log") if protocol == "ot" else None,
    )


def again(log: Path) -> int:
    """How many buckets more than there are a server has read, by what its agents said."""
    said = [json.loads(line) for line in log.read_text().splitlines()]
    read = [line for line in said if line.get("task") == "ot.read" and line["event"] in ("working", "job done")]
    return len(read) - max((line.get("of", 1) for line in read), default=1)


def other(python: Path, folder: Path, paths: Sequence[Path], name: str, common: range) -> Row:
    """Another program on the same files, in an environment of its own."""
    program, out = Path(__file__).with_name("align_others.py"), folder / f"{OTHERS[name]}.out"
    said = subprocess.run([python, program, OTHERS[name], *paths, out], check=True, capture_output=True, text=True)
    return Row(name, float(said.stdout.split()[-1]), found(out, common))


def environment(folder: Path) -> Path:
    """The interpreter of the environment of the others, which is made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.align", description=__doc__)
    parser.add_argument("--ids", type=int, default=100_000, help="of each party")
    parser.add_argument("--protocols", default="ot,ecdh,rsa", help="of ours: rsa, ecdh, sm2, ot")
    parser.add_argument("--parties", type=int, default=2, choices=range(2, len(NAMES) + 1))
    parser.add_argument("--bits", type=int, default=2048, help="of keys")
    parser.add_argument("--kill", type=float, metavar="SHARE", help="play each once more, with an agent killed then")
    parser.add_argument("--beside", type=Path, help="the environment of the others, for two parties")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.beside and options.parties != 2:
        parser.error("the others align two parties")
    numbers = sets(options.ids, options.parties)
    common = range(numbers[-1].start, numbers[0].stop)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write(folder, numbers)
        rows = []
        for protocol in options.protocols.split(","):
            rows.append(ours(folder, paths, protocol, options.bits, common))
            if options.kill is not None:
                rows.append(ours(folder, paths, protocol, options.bits, common, options.kill * rows[-1].seconds))
        if options.beside:
            python = environment(options.beside)
            rows += [other(python, folder, paths, name, common) for name in OTHERS]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{options.parties} parties of {options.ids:,} ids, {len(common):,} in common, keys of {options.bits} bits")
    print(f"{'':18}{'seconds':>10}{'recall':>9}{'whole':>10}{'bytes/id':>10}{'peak MiB':>10}{'again':>7}")
    for row in rows:
        rest = "".join(
            f"{value:>10.0f}" if value is not None else f"{'':>10}" for value in (row.id_bytes, row.peak_mib)
        ) + (f"{row.again:>7}" if row.again is not None else "")
        whole = f"{row.whole:>10.1f}" if row.whole is not None else f"{'':>10}"
        print(f"{row.name:18}{row.seconds:>10.2f}{row.recall:>9.4f}{whole}{rest}")


if __name__ == "__main__":
    main()
