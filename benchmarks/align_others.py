"""Another program's alignment of two CSV files: ``align_others.py rr22|ecdh|openmined A.csv B.csv OUT``.

Run by `benchmarks.align` in an environment of its own, without our package: prints seconds, and writes the common ids.
"""

from __future__ import annotations

import multiprocessing
import socket
import sys
import time
from pathlib import Path
from typing import Any

WAIT = 600
"""Seconds that a party may take."""


def openmined(first: str, second: str, out: str) -> float:
    """OpenMined's PSI, client and server in one process: what it takes from ids in memory to common ids."""
    import private_set_intersection.python as psi

    mine, theirs = (Path(path).read_text().split()[1:] for path in (first, second))
    began = time.perf_counter()
    client, server = psi.client.CreateWithNewKey(True), psi.server.CreateWithNewKey(True)
    setup = server.CreateSetupMessage(1e-9, len(mine), theirs, psi.DataStructure.RAW)
    common = client.GetIntersection(setup, server.ProcessRequest(client.CreateRequest(mine)))
    took = time.perf_counter() - began
    Path(out).write_text("\n".join(["id", *(mine[i] for i in common), ""]))
    return took


def party(rank: int, protocol: str, paths: list[str], ports: list[int], gate: Any, took: Any) -> None:
    """One of the two of SecretFlow's PSI, from a CSV file to another."""
    from spu import libspu, psi

    described = libspu.link.Desc()
    described.recv_timeout_ms = WAIT * 1000
    for i, port in enumerate(ports):
        described.add_party(f"party{i}", f"127.0.0.1:{port}")
    kind: dict[str, Any] = {"protocol": psi.parse_protocol(f"PROTOCOL_{protocol.upper()}")}
    if protocol == "ecdh":
        kind["ecdh_params"] = psi.EcdhParams(curve=psi.parse_curve_type("CURVE_25519"))
    csv = psi.SourceType.SOURCE_TYPE_FILE_CSV
    config = psi.PsiExecuteConfig(
        protocol_conf=psi.PsiProtocolConfig(receiver_rank=0, broadcast_result=False, **kind),
        input_params=psi.InputParams(type=csv, path=paths[rank], selected_keys=["id"], keys_unique=True),
        output_params=psi.OutputParams(type=csv, path=paths[2], disable_alignment=True),
    )
    gate.wait()
    began = time.perf_counter()
    psi.psi_execute(config, libspu.link.create_brpc(described, rank))
    took.put(time.perf_counter() - began)


def spu(protocol: str, paths: list[str]) -> float:
    """Both parties, each a process."""
    for path in paths[:2]:
        Path(f"{path}.meta").unlink(missing_ok=True)
    context, free = multiprocessing.get_context("spawn"), [socket.socket() for _ in range(2)]
    for one in free:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in free]
    for one in free:
        one.close()
    gate, took = context.Barrier(2), context.Queue()
    both = [context.Process(target=party, args=(r, protocol, paths, ports, gate, took), daemon=True) for r in range(2)]
    for process in both:
        process.start()
    slower: float = max(took.get(timeout=WAIT) for _ in both)
    for process in both:
        process.terminate()
    return slower


if __name__ == "__main__":
    which, *files = sys.argv[1:]
    print(openmined(*files) if which == "openmined" else spu(which, files))
