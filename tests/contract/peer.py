"""Another process at the same broker: `python -m tests.contract.peer URL publish|collect KEY COUNT SIZE`.

`publish` prints each record's number once it is acknowledged, `collect` the number in each record as it comes.
"""

import asyncio
import sys

from accord_broker.factory import connect
from accord_broker.port import Broker, Record


def numbered(key: str, number: int, size: int) -> Record:
    """A record that tells its number; `size` bytes."""
    return Record("psi", key, number.to_bytes(8, "big").ljust(size, b"."))


def number(record: Record) -> int:
    """The number in a record made by `numbered`."""
    return int.from_bytes(record.frame[:8], "big")


async def publish(broker: Broker, key: str, count: int, size: int) -> None:
    for n in range(count):
        await broker.publish([numbered(key, n, size)])
        print(n, flush=True)


async def collect(broker: Broker, key: str, count: int, _: int) -> None:
    await broker.subscribe({})
    print("ready", flush=True)
    while count:
        deliveries = await broker.receive(16, 1 << 22, 1.0)
        await broker.committed(deliveries)
        for delivery in deliveries:
            if delivery.record.key == key:
                print(number(delivery.record), flush=True)
                count -= 1


async def main(url: str, what: str, key: str, count: int, size: int) -> None:
    broker = connect(url)
    await broker.open()
    try:
        await {"publish": publish, "collect": collect}[what](broker, key, count, size)
    finally:
        await broker.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
