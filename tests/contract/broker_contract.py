"""What every broker must do. An adapter's tests inherit `BrokerContract` and say how to make and damage its log,
or `LiveContract` where nothing can be read again."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import defaultdict
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.harness import CHUNK, PATIENCE, ROOM, Server, Site, last, opened, peer, play, records, rest, take
from tests.contract.peer import number, numbered
from tests.unit.schemas.strategies import frame

from accord_broker.factory import connect
from accord_broker.port import FAMILIES, QUARANTINE, Delivery, Position, Record
from accord_schemas.events import Accept
from accord_schemas.frame import MAX_SIGNATURE

GOOD = f"00-{'4b' * 16}-{'0f' * 8}-01"
TRACES = (GOOD, "", GOOD.upper(), f"00-{'0' * 32}-{'0f' * 8}-01")


class LiveContract:
    """What every broker does. Inherit and provide the fixture `site`."""

    def test_records_come_as_they_were_in_order(self, site: Server) -> None:
        async def test() -> None:
            sent = [Record(family, f"job-{n % 3}", bytes([n])) for n in range(20) for family in FAMILIES[:-1]]
            async with opened(site.url) as writer, opened(site.url) as reader:
                await reader.subscribe({})
                await writer.publish(sent[:50])
                await writer.publish(sent[50:])
                got = await take(reader, len(sent))
            lanes: dict[tuple[str, str], list[Record]] = defaultdict(list)
            for record in records(got):
                lanes[record.family, record.key].append(record)
            for lane, found in lanes.items():
                assert found == [r for r in sent if (r.family, r.key) == lane]
            assert sorted(map(repr, records(got))) == sorted(map(repr, sent))
            offsets: dict[str, list[int]] = defaultdict(list)
            for delivery in got:
                offsets[delivery.position.source].append(delivery.position.offset)
                assert delivery.position.digest == delivery.record.digest()
            assert all(found == sorted(set(found)) for found in offsets.values())

        play(test())

    def test_the_default_chunk_is_one_that_it_takes(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                most = await broker.largest_chunk()
            assert most is None or most >= 512 << 10

        play(test())

    def test_own_records_are_read_back(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                await broker.publish([Record("control", "job", b"mine")])
                assert records(await take(broker, 1)) == [Record("control", "job", b"mine")]

        play(test())

    def test_an_empty_log_has_no_end_and_gives_nothing(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.publish([])
                assert await broker.subscribe({}) == frozenset()
                assert dict(await broker.end()) == {}
                assert await broker.receive(10, ROOM, 0.0) == []
                assert await broker.receive(10, ROOM, 0.05) == []

        play(test())

    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(frames=st.lists(st.binary(max_size=300), min_size=1, max_size=8))
    def test_frames_are_exact(self, site: Server, frames: list[bytes]) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                await rest(broker)
                await broker.publish([Record("keys", "job é", frame) for frame in frames])
                assert [r.frame for r in records(await take(broker, len(frames)))] == frames

        play(test())

    def test_big_records(self, site: Server) -> None:
        async def test() -> None:
            sent = [Record("gradients", "job", bytes([n]) * CHUNK) for n in range(20)]
            async with opened(site.url) as writer, opened(site.url) as reader:
                await reader.subscribe({})
                await writer.publish(sent)
                assert records(await take(reader, len(sent))) == sent

        play(test())

    def test_the_longest_signature_travels(self, site: Server) -> None:
        """Kafka and MQTT carry it as a header: there must be room for one of the profile `pq`."""

        async def test() -> None:
            signed = dataclasses.replace(frame(Accept(commitment="0" * 64), suite="pq"), signature=bytes(MAX_SIGNATURE))
            sent = [Record("control", signed.header.subject, signed.encode())]
            async with opened(site.url) as broker:
                await broker.subscribe({})
                await rest(broker)
                await broker.publish(sent)
                assert records(await take(broker, 1)) == sent

        play(test())

    def test_batches_are_bounded(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                await broker.publish([Record("psi", "job", bytes([n]) * 1000) for n in range(10)])
                sizes = []
                got: list[Delivery] = []
                while len(got) < 10:
                    batch = await broker.receive(4, 2500, 1.0)
                    sizes.append(len(batch))
                    got += batch
                assert max(sizes) <= 2
                await broker.publish([Record("psi", "job", b"x" * 9000), Record("psi", "job", b"y")] * 2)
                large = await broker.receive(4, 2500, PATIENCE)
                assert [len(d.record.frame) for d in large] == [9000]
                assert len(await take(broker, 3)) == 3

        play(test())

    def test_what_is_published_twice_comes_twice(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                record = Record("results", "job", b"again")
                await broker.publish([record, record])
                await broker.publish([record])
                assert records(await take(broker, 3)) == [record] * 3

        play(test())

    def test_quarantine_is_written_and_never_read(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                bad = Record(QUARANTINE, "job", b"digest and reason")
                await broker.publish([bad, bad, Record("control", "job", b"good"), *[bad] * 5])
                assert records(await take(broker, 1)) == [Record("control", "job", b"good")]
                assert await broker.receive(10, ROOM, 0.05) == []

        play(test())

    def test_an_unknown_family_publishes_nothing(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                with pytest.raises(ValueError, match="gossip"):
                    await broker.publish([Record("control", "job", b""), Record("gossip", "job", b"")])
                assert await broker.receive(10, ROOM, 0.05) == []

        play(test())

    def test_a_trace_survives_beside_the_frame(self, site: Server) -> None:
        async def test() -> None:
            event = frame(Accept(commitment="0" * 64)).encode()
            sent = [Record("control", "job", body, trace) for body in (event, b"other") for trace in TRACES]
            async with opened(site.url) as broker:
                await broker.subscribe({})
                await broker.publish(sent)
                got = records(await take(broker, len(sent)))
            assert [r.frame for r in got] == [r.frame for r in sent]
            assert [r.trace for r in got] == [GOOD, "", "", ""] * 2
            assert len({r.digest() for r in got}) == 2, "a trace is no part of a record"

        play(test())

    def test_a_cancelled_receive_takes_nothing(self, site: Server) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.subscribe({})
                for n in range(30):
                    waiting = asyncio.create_task(broker.receive(1, ROOM, 5.0))
                    await asyncio.sleep(0)
                    publishing = asyncio.create_task(broker.publish([numbered("job", n, 8)]))
                    await asyncio.sleep(n * 1e-4)
                    waiting.cancel()
                    await publishing
                    done = (await asyncio.gather(waiting, return_exceptions=True))[0]
                    got = done if isinstance(done, list) else await take(broker, 1)
                    assert [number(d.record) for d in got] == [n]

        play(test())

    def test_processes_share_the_log(self, site: Server) -> None:
        async def test() -> None:
            with ExitStack() as stack:
                readers = [stack.enter_context(peer(site.url, "collect", "own", 30, 0)) for _ in range(2)]
                for reader in readers:
                    assert reader.stdout is not None
                    assert await asyncio.to_thread(reader.stdout.readline) == "ready\n"
                for name in ("a", "b"):
                    stack.enter_context(peer(site.url, "publish", name, 20, 2000))
                async with opened(site.url) as broker:
                    await broker.subscribe({})
                    for n in range(30):
                        await broker.publish([numbered("own", n, 100)])
                    got = await take(broker, 70)
                for name, count in (("a", 20), ("b", 20), ("own", 30)):
                    assert [number(d.record) for d in got if d.record.key == name] == list(range(count))
                for reader in readers:
                    assert (await asyncio.to_thread(reader.communicate))[0].split() == [str(n) for n in range(30)]

        play(test())


class BrokerContract(LiveContract):
    """And what brokers with history do besides. Inherit and provide the fixture `site`."""

    def test_a_reader_resumes_after_its_position(self, site: Site) -> None:
        async def test() -> None:
            sent = [numbered(f"job-{n % 2}", n, 8) for n in range(30)]
            async with opened(site.url) as broker:
                await broker.publish(sent)
                await broker.subscribe({})
                first = await take(broker, 11)
            async with opened(site.url) as broker:
                assert await broker.subscribe(last(first)) == frozenset()
                await broker.publish([numbered("job-0", 30, 8)])
                second = await rest(broker)
            assert sorted(number(d.record) for d in first + second) == list(range(31))

        play(test())

    def test_records_survive_a_restart(self, site: Site) -> None:
        async def test() -> None:
            broker = connect(site.url)
            await broker.close()
            for n in range(3):
                await broker.open()
                await broker.publish([numbered("job", n, 100)])
                await broker.close()
                await broker.close()
            async with opened(site.url) as reader:
                await reader.subscribe({})
                assert [number(d.record) for d in await rest(reader)] == [0, 1, 2]

        play(test())

    def test_the_end_is_that_of_now(self, site: Site) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.publish([numbered(f"job-{n}", n, 8) for n in range(12)])
                await broker.subscribe({})
                first = await rest(broker)
                assert {s: p.offset for s, p in last(first).items()} == dict(await broker.end())
                assert sorted(number(d.record) for d in first) == list(range(12))
                await broker.publish([numbered("job-0", 12, 8)])
                assert max((await broker.end()).values()) >= max(p.offset for p in last(first).values())
                assert [number(d.record) for d in await take(broker, 1)] == [12]

        play(test())

    def test_a_killed_publisher_loses_nothing_acknowledged(self, site: Site) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                acknowledged = -1
                with peer(site.url, "publish", "victim", 100000, 30000) as victim:
                    assert victim.stdout is not None
                    while acknowledged < 40:
                        acknowledged = int(await asyncio.to_thread(victim.stdout.readline))
                    victim.kill()
                    for line in await asyncio.to_thread(victim.stdout.readlines):
                        acknowledged = int(line) if line.endswith("\n") else acknowledged
                await broker.publish([numbered("own", 7, 8)])
                await broker.subscribe({})
                got = records(await rest(broker))
                found = [number(r) for r in got if r.key == "victim"]
                assert found == list(range(len(found)))
                assert acknowledged < len(found) <= acknowledged + 3
                assert got[-1] == numbered("own", 7, 8) or {r.key for r in got} == {"victim", "own"}

        play(test())

    def test_a_replaced_log_is_read_from_its_start(self, site: Site) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.publish([numbered("job", n, 8) for n in range(5)])
                await broker.subscribe({})
                stored = last(await rest(broker))
            site.replace()
            async with opened(site.url) as broker:
                assert await broker.subscribe(stored) == frozenset(stored)
                await broker.publish([numbered("job", n, 8) for n in range(5)])
                assert [number(d.record) for d in await rest(broker)] == list(range(5))

        play(test())

    @pytest.mark.parametrize("regrown", [0, 3, 9])
    def test_a_restored_log_is_read_from_its_start(self, site: Site, regrown: int) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.publish([numbered("job", n, 8) for n in range(4)])
            site.keep()
            async with opened(site.url) as broker:
                await broker.publish([numbered("job", n, 8) for n in range(4, 7)])
                await broker.subscribe({})
                stored = last(await rest(broker))
            site.restore()
            async with opened(site.url) as broker:
                await broker.publish([numbered("job", 100 + n, 8) for n in range(regrown)])
                assert await broker.subscribe(stored) == frozenset(stored)
                expected = [*range(4), *range(100, 100 + regrown)]
                assert [number(d.record) for d in await rest(broker)] == expected

        play(test())

    def test_positions_of_another_broker_are_reported(self, site: Site) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                await broker.publish([numbered("job", 0, 8)])
                foreign = {"elsewhere/3": Position("elsewhere/3", "x", 12, bytes(32))}
                assert await broker.subscribe(foreign) == frozenset(foreign)
                assert len(await rest(broker)) == 1

        play(test())

    def test_quarantine_is_no_part_of_what_is_read_again(self, site: Site) -> None:
        async def test() -> None:
            async with opened(site.url) as broker:
                bad, good = Record(QUARANTINE, "job", b"digest and reason"), Record("control", "job", b"good")
                await broker.publish([bad, good, bad])
                await broker.subscribe({})
                assert records(await rest(broker)) == [good]

        play(test())
