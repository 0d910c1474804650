"""Jobs on a cluster: the result of a local worker, ciphertext on the way, and what is lost done again."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cryptography.exceptions import InvalidTag
from tests.support.clusters import LostError, MemoryCluster
from tests.support.snapshots import written

from accord_agents.execution.blobs import BlobFile, BlobStore
from accord_agents.execution.cluster import connection
from accord_agents.execution.cluster import crew as crew_module
from accord_agents.execution.cluster import executor as clusters
from accord_agents.execution.cluster.crew import Crew
from accord_agents.execution.cluster.desk import Desk
from accord_agents.execution.cluster.desk import which as which_folder
from accord_agents.execution.cluster.executor import ClusterExecutor
from accord_agents.execution.cluster.orders import Message, Shipment
from accord_agents.execution.cluster.sealing import PIECE, Contents, WorkerKey, order_to, parcel, result_of
from accord_agents.execution.cluster.values import decode, encode
from accord_agents.execution.executor import ATTEMPTS, QUEUED, done_here
from accord_agents.execution.parts import Parts
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.intake.table import Report, Table
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.psi.tags import packed
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import TASKS
from accord_schemas.blob import LARGE, Blob, loaded
from accord_schemas.blocks import NAMES
from accord_schemas.errors import AccordError, TamperError

KEY = generate(512, Xof(bytes(32)))
IDS = tuple(f"user-{k:05d}" for k in range(3000))
ROWS = Table(IDS, ("x",), np.arange(3000.0)[:, None], None, Report(3000, 0, 0))


def ran(cluster: MemoryCluster, compute: Compute, supplies: TaskResources) -> TaskResult:
    async def once() -> TaskResult:
        return await ClusterExecutor(cluster, None).run(compute, supplies)

    return asyncio.run(once())


def blob(store: BlobStore, value: np.ndarray[Any, Any]) -> Blob:
    with store.writer() as writer:
        writer.write(value.tobytes())
        return Blob(writer.finish(), NAMES[value.dtype], value.shape, store)


def jobs(folder: Path) -> list[tuple[Compute, TaskResources]]:
    """One that is split and needs a secret; one that reads rows; one that reads a blob some rows at a time."""
    store = BlobStore(folder / "blobs", bytes(32))
    masks = Xof(bytes(32), "masks").words(TASKS["pads.encrypt"].chunk + 17, 1, 1)
    snapshot = written(ROWS, folder)
    data = str(snapshot.path), snapshot.digest
    tags = np.random.default_rng(1).integers(0, 256, (40_000, 32), dtype=np.uint8)
    return [
        (
            Compute("c", "pads.encrypt", {"masks": masks, "slot_bits": 120}, key=b"k" * 32, secrets=("paillier",)),
            TaskResources(b"k" * 32, {"paillier": KEY.encode()}, None, 0, store),
        ),
        (
            Compute("c", "ot.hashed", {"sid": bytes(32), "leader": len(IDS), "code": "f4"}, key=b"h" * 32, data=True),
            TaskResources(b"h" * 32, {}, data, len(IDS), store),
        ),
        (
            Compute("c", "ot.marked", {"tags.0": blob(store, tags), "size": 32, "order": packed(np.arange(len(tags)))}),
            TaskResources(b"", {}, None, 0, store),
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_cluster_gives_what_a_local_worker_gives(which: int, near: bool, tmp_path: Path) -> None:
    compute, supplies = jobs(tmp_path)[which]
    cluster, here = MemoryCluster(near=near), done_here(compute, supplies)
    there = ran(cluster, compute, supplies)
    assert not here.trigger and not there.trigger, here.detail or there.detail
    assert here.fields.keys() == there.fields.keys() and here.secrets == there.secrets
    for name, value in here.fields.items():
        assert isinstance(value, Blob) == isinstance(there.fields[name], Blob)
        assert np.array_equal(loaded(value), loaded(there.fields[name]))
    assert not list(tmp_path.rglob("*.part"))


def test_a_worker_beside_the_agent_reads_and_writes_its_files(tmp_path: Path) -> None:
    compute, supplies = jobs(tmp_path)[2]
    assert supplies.blobs is not None
    cluster = MemoryCluster(near=True)
    found = ran(cluster, compute, supplies).fields
    large = [value for value in found.values() if isinstance(value, Blob)]
    assert large and not cluster.pieces, "nothing is handed to the cluster"
    for value in large:
        file = supplies.blobs.file(value.digest)
        assert file.path.stat().st_mode & 0o777 == 0o600 and repr(file.key) not in repr(file)
        assert bytes(file.read(value.digest, 0, value.nbytes)) == loaded(value).tobytes()
        with pytest.raises(TamperError, match="was changed"):
            BlobFile(file.path, bytes(32)).read(value.digest, 0, 1)


def test_what_a_lost_worker_wrote_beside_the_agent_goes_with_it(tmp_path: Path) -> None:
    """It writes its result whole, and dies before it says so."""
    compute, supplies = jobs(tmp_path)[2]

    class Late(MemoryCluster):
        async def hire(self, said: Any) -> Any:
            worker = await super().hire(said)
            work, first = worker.work, self.hired == 1

            async def late(message: Message) -> Any:
                reply = await work(message)
                if first:
                    assert list(tmp_path.rglob("*.part"))
                    raise LostError
                return reply

            worker.work = late  # type: ignore[method-assign]
            return worker

    cluster, here = Late(near=True), done_here(compute, supplies)
    there = ran(cluster, compute, supplies)
    assert cluster.hired > 1 and not list(tmp_path.rglob("*.part"))
    for name, value in here.fields.items():
        assert np.array_equal(loaded(value), loaded(there.fields[name]))


def test_which_folder_a_worker_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path.stat()
    assert which_folder(tmp_path) == (seen.st_dev, seen.st_ino)
    assert which_folder(tmp_path / "none") is None
    monkeypatch.setattr("os.access", lambda *_: False)
    assert which_folder(tmp_path) is None


@pytest.mark.parametrize("near", [False, True])
def test_what_the_cluster_carries_tells_nothing(near: bool, tmp_path: Path) -> None:
    for compute, supplies in jobs(tmp_path):
        cluster = MemoryCluster(near=near)
        ran(cluster, compute, supplies)
        carried = b"".join([*(m.wrap + m.body for m in cluster.orders), *cluster.pieces.values()])
        plain = [KEY.encode(), supplies.key, b"user-00", compute.task.encode(), b'"mapping"']
        plain += [
            value.tobytes()[:64] for value in loaded(dict(compute.inputs)).values() if isinstance(value, np.ndarray)
        ]
        assert carried and not any(secret in carried for secret in plain if secret)


def test_what_several_jobs_read_is_handed_over_once(tmp_path: Path) -> None:
    cluster, (compute, supplies) = MemoryCluster(), jobs(tmp_path)[2]

    async def scene() -> list[int]:
        executor, counts = ClusterExecutor(cluster, None), [0]
        for _ in range(3):
            await executor.run(compute, supplies)
            counts.append(len(cluster.pieces))
        return counts

    first, second, third = np.diff(asyncio.run(scene()))
    assert first == second + 1 == third + 1  # the tags, which are one piece; results are new each time


def test_of_what_is_handed_over_the_last_is_kept(tmp_path: Path) -> None:
    sent = list[bytes]()
    shipment = Shipment(lambda piece: sent.append(bytes(piece)), most=2)
    store = BlobStore(tmp_path / "blobs", bytes(32))
    blobs = [blob(store, np.full(9, name, np.uint8)) for name in range(3)]

    def ship(name: int) -> int:
        before = len(sent)
        shipment.blob(blobs[name])
        return len(sent) - before

    assert [ship(name) for name in (0, 1, 0, 2, 0, 1)] == [1, 1, 0, 1, 0, 1]


def test_a_lost_worker_costs_another_one_a_try(tmp_path: Path) -> None:
    compute, supplies = jobs(tmp_path)[0]
    cluster, here = MemoryCluster(deaths=ATTEMPTS - 1), done_here(compute, supplies)
    assert np.array_equal(ran(cluster, compute, supplies).fields["numbers"], here.fields["numbers"])
    assert cluster.dismissed == ATTEMPTS - 1
    lost = ran(MemoryCluster(deaths=99), compute, supplies)
    assert lost.trigger == "failed" and f"{ATTEMPTS} times" in lost.detail


class Slow(MemoryCluster):
    """A cluster whose workers wait until they are told to work; the first order kills its worker each time."""

    def __init__(self) -> None:
        super().__init__(processors=1)
        self.go, self.under_way, self.most, self.first = asyncio.Event(), 0, 0, b""

    async def hire(self, said: Any) -> Any:
        worker = await super().hire(said)
        work, gone = worker.work, asyncio.Event()

        async def slowly(message: Any) -> Any:
            self.first = self.first or message.body
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await self.go.wait()
            await asyncio.sleep(0)
            self.under_way -= 1
            if message.body == self.first or gone.is_set():
                gone.set()
                raise LostError
            return await work(message)

        worker.work = slowly  # type: ignore[method-assign]
        return worker


def test_the_next_order_is_with_a_worker_while_it_does_one(tmp_path: Path) -> None:
    compute, supplies = jobs(tmp_path)[0]
    cluster, here = Slow(), done_here(compute, supplies)

    async def once() -> TaskResult:
        job = asyncio.ensure_future(ClusterExecutor(cluster, None).run(compute, supplies))
        while cluster.under_way < QUEUED:
            await asyncio.sleep(0.001)
        cluster.go.set()
        return await job

    there = asyncio.run(once())
    assert np.array_equal(there.fields["numbers"], here.fields["numbers"])
    assert cluster.most == QUEUED and cluster.hired == 1 + cluster.dismissed == 2  # lost with one, and so was the other


def test_who_was_lost_is_done_again_with_a_worker_of_its_own() -> None:
    async def scene() -> None:
        crew = Crew(MemoryCluster(), lambda _: None)
        first, second = await crew.taken(), await crew.taken()
        assert first is second and len(crew.workers) == 1
        alone = asyncio.ensure_future(crew.taken(QUEUED))
        crew.done(first)
        await asyncio.sleep(0)
        assert not alone.done()
        crew.dismiss(second)
        crew.dismiss(second)
        third = await alone
        assert crew.workers == [third] and third is not first
        waiting = asyncio.ensure_future(crew.taken())
        await asyncio.sleep(0)
        assert not waiting.done()
        crew.done(third, QUEUED)
        assert await waiting is third
        crew.width = 2
        assert await crew.taken() is not third
        crew.done(third)
        crew.dismiss_idle()
        assert len(crew.workers) == 1 and crew.workers[0] is not third

    asyncio.run(scene())


class Full(MemoryCluster):
    """A cluster that has no processor left after the first, or another version."""

    def __init__(self, trouble: Exception | None = None) -> None:
        super().__init__()
        self.trouble, self.free = trouble, asyncio.Event()

    async def hire(self, said: Any) -> Any:
        if self.hired:
            if self.trouble:
                raise self.trouble
            await self.free.wait()
        return await super().hire(said)


def test_who_waits_for_a_processor_that_never_comes_takes_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a node was lost for good: an order that is done again is for a worker that has no other."""

    monkeypatch.setattr(crew_module, "PAUSES", (0.0, 0.001))

    async def scene() -> None:
        cluster = Full()
        crew = Crew(cluster, lambda _: None)
        crew.width = 2
        first = await crew.taken()
        waiting = asyncio.ensure_future(crew.taken(QUEUED))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        crew.done(first)
        assert await waiting is first
        cluster.free.set()
        while len(crew.workers) < 2:
            await asyncio.sleep(0)
        assert cluster.dismissed == 0, "it stays for the next job"
        crew.dismiss_idle()
        assert crew.workers == [first] and cluster.dismissed == 1
        monkeypatch.setattr(crew_module, "IDLE", 0.0)
        cluster.free.clear()
        late = asyncio.ensure_future(crew.taken())
        await asyncio.sleep(0)
        crew.done(first, QUEUED)
        assert await late is first
        cluster.free.set()
        while cluster.dismissed < 2:  # by itself, where no job comes
            await asyncio.sleep(0)
        assert crew.workers == [first]
        crew = Crew(Full(LostError()), lambda _: None)
        crew.width = 2
        first = await crew.taken()
        assert await crew.taken() is first, "there is still that one"
        last = asyncio.ensure_future(crew.taken())
        await asyncio.sleep(0.01)
        crew.dismiss(first)
        with pytest.raises(LostError):
            await last
        crew = Crew(Full(), lambda _: None)
        await crew.taken(QUEUED)
        crew.width = 2
        waiting = asyncio.ensure_future(crew.taken())
        await asyncio.sleep(0.01)
        crew.close()
        while len(asyncio.all_tasks()) > 2:
            await asyncio.sleep(0)
        assert waiting in asyncio.all_tasks(), "and nobody is asked for any more"
        waiting.cancel()

    asyncio.run(scene())


def test_parts_that_were_much_work_are_kept_for_the_next_life(tmp_path: Path) -> None:
    compute, supplies = jobs(tmp_path)[0]
    assert supplies.blobs is not None
    supplies = replace(supplies, parts=Parts(supplies.blobs, ("c", "c"), worth=0.0))  # type: ignore[arg-type]
    whole, found = ran(MemoryCluster(), compute, supplies), list[int]()
    cluster = MemoryCluster()
    again = ran(cluster, compute, replace(supplies, found=found.append))
    assert found == [2] and not cluster.orders
    assert np.array_equal(whole.fields["numbers"], again.fields["numbers"])


def test_rows_are_sent_once_and_workers_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "IDLE", 0.0)
    compute, supplies = jobs(tmp_path)[1]
    cluster = MemoryCluster()

    async def twice() -> None:
        executor = ClusterExecutor(cluster, 1)
        await executor.run(compute, supplies)
        sent = len(cluster.pieces)
        await executor.run(compute, supplies)
        assert len(cluster.pieces) == sent
        await asyncio.sleep(0.01)
        assert cluster.dismissed == cluster.hired == 1 and not executor.processes()

    asyncio.run(twice())


def test_a_changed_order_or_piece_is_noticed() -> None:
    key, kept = WorkerKey(), list[bytes]()
    wrap, body, _ = order_to(key.public, b"order")
    assert key.opened(wrap, body)[0] == b"order"
    with pytest.raises(InvalidTag):
        key.opened(wrap, body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(ValueError, match="MAC"):
        WorkerKey().opened(wrap, body)
    with pytest.raises(InvalidTag):
        result_of(bytes(32), body)

    def put(piece: memoryview) -> int:
        kept.append(bytes(piece))
        return len(kept) - 1

    size, data = 2 * PIECE + 7, np.random.default_rng(1).bytes(2 * PIECE + 7)
    sent = parcel([data[:PIECE], data[PIECE : 2 * PIECE], data[2 * PIECE :]], put)
    whole = [(0, size), (5, size), (0, PIECE), (3, 2 * PIECE), (size - 2, size), (9, 9)]
    contents = Contents(sent, kept.__getitem__)
    for start, stop in [(PIECE - 3, PIECE + 5), *whole]:
        for one in (contents, Contents(sent, kept.__getitem__)):
            assert one.read(b"", start, stop) == data[start:stop]
    kept.reverse()
    with pytest.raises(TamperError):
        Contents(sent, kept.__getitem__).read(b"", 0, 5)


def test_values_come_back_as_they_were() -> None:
    large = np.arange(LARGE // 8 + 1, dtype=np.float64)
    value = {
        "a": [1, 2.5, None, True, "ü", -(10**40), float("inf")],
        "b": {"x": (b"\0\1", np.arange(6, dtype="<u2").reshape(2, 3)), 7: np.float64(0.1)},
        "c": np.zeros((0, 3), bool),
        "d": large,
    }
    held: list[Any] = []

    def refer(one: Any) -> int:
        held.append(one)
        return len(held) - 1

    again = decode(encode(value, refer), held.__getitem__)
    assert again["a"] == value["a"] and again["d"] is large and again["c"].shape == (0, 3)
    assert isinstance(again["b"]["x"], tuple) and again["b"]["x"][1].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert again["b"][7] == 0.1 and again["b"]["x"][0] == b"\0\1"
    with pytest.raises(TypeError, match="a object does not travel"):
        encode({"x": object()}, lambda _: None)
    with pytest.raises(ValueError, match="left over"):
        decode(encode(1, lambda _: None) + b"x", lambda _: None)


def test_a_worker_does_no_order_of_another_version_of_the_rows(tmp_path: Path) -> None:
    compute, supplies = jobs(tmp_path)[1]
    assert supplies.snapshot is not None
    changed = replace(supplies, snapshot=(supplies.snapshot[0], "0" * 64))
    with pytest.raises(TamperError, match="was changed"):
        ran(MemoryCluster(), compute, changed)
    assert Desk(lambda piece: piece, lambda name: name).hello()[0]


class FakeRay:
    """As much of Ray as `RayCluster` needs that has left it."""

    exceptions = SimpleNamespace(RayError=LostError)

    def __init__(self) -> None:
        self.up, self.killed = True, list[Any]()

    def is_initialized(self) -> bool:
        return self.up

    def kill(self, actor: Any, *, no_restart: bool) -> None:
        self.killed.append(actor)
        self.up = True  # as Ray does: see findings/ray-begins-a-cluster-after-its-end.sh
        raise LostError


def test_nothing_is_asked_of_a_cluster_that_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay()
    monkeypatch.setattr(connection, "library", lambda: ray)
    cluster = connection.RayCluster("auto")
    cluster.dismiss(connection.RayWorker("one", b"", 1, True))
    ray.up = False
    cluster.dismiss(connection.RayWorker("two", b"", 1, True))
    assert ray.killed == ["one"] and not ray.up


def test_an_address_at_which_nothing_listens_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay()
    ray.up = False
    monkeypatch.setattr(connection, "library", lambda: ray)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        host, port = nobody.getsockname()
    with pytest.raises(AccordError, match=rf"the Ray cluster {host}:{port} cannot be joined"):
        connection.RayCluster(f"{host}:{port}").connect()
