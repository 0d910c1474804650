"""A frame: canonical header ‖ payload ‖ signature. What is signed, hashed, journaled and kept in the embedded log.

The header holds the payload's hash and the signature covers the header, so that a payload can be erased and a
bystander may keep headers alone. Decode then encode gives the same bytes; nothing is left over. The header's attribute
`suite` says which hash it is: SHA-256, or SM3.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from accord_schemas.errors import FrameError
from accord_schemas.header import MAX_HEADER, Header

MAGIC = b"ACC1"
MAX_PAYLOAD = 2 << 20
"""A frame's payload never exceeds this; larger contents travel in chunks (the default chunk is 512 KiB)."""
MAX_SIGNATURE = 4096
"""A signature of the profile `pq` has 3,373 bytes."""
_FIXED = len(MAGIC) + 4 + 4 + 2
Signer = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Frame:
    """One signed event, or one chunk of it.

    Args:
        header: The envelope.
        payload: What travels: clear or encrypted. Empty when only the header was kept.
        signature: Over the header.
        head: The header's encoding, kept to avoid encoding twice.
        omitted: Bytes of the payload where it is not in memory.
        recipe: How its sender makes that payload again; never travels.
    """

    header: Header
    payload: bytes
    signature: bytes
    head: bytes
    omitted: int = field(default=0, compare=False)
    recipe: bytes = field(default=b"", repr=False, compare=False)

    @property
    def size(self) -> int:
        """Bytes of the payload, in memory or not."""
        return self.omitted or len(self.payload)

    @staticmethod
    def make(header: Header, payload: bytes, sign: Signer) -> Frame:
        """Sign a header and its payload."""
        unsigned = Frame(header, payload, b"", header.encode())
        return replace(unsigned, signature=sign(unsigned.to_sign))

    def encode(self) -> bytes:
        """The frame as bytes."""
        sizes = ((self.head, 4), (self.payload, 4), (self.signature, 2))
        lengths = b"".join(len(part).to_bytes(size, "big") for part, size in sizes)
        return b"".join([MAGIC, lengths, self.head, self.payload, self.signature])

    @staticmethod
    def decode(data: bytes) -> Frame:
        """The frame in `data`, with the payload that its header names; its signature is not checked here.

        Raises:
            FrameError: Too long, cut short, not canonical, or a payload that is not the one signed.
        """
        frame = Frame.parse(data)
        frame.check()
        return frame

    @staticmethod
    def parse(data: bytes) -> Frame:
        """The same without a look at the payload: a bystander needs the header alone, which names the payload's hash.

        Raises:
            FrameError: Too long, cut short, or not canonical.
        """
        if len(data) < _FIXED or data[:4] != MAGIC:
            raise FrameError("not an Accord frame")
        head_size, payload_size = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
        signature_size = int.from_bytes(data[12:14], "big")
        if head_size > MAX_HEADER or payload_size > MAX_PAYLOAD or not 0 < signature_size <= MAX_SIGNATURE:
            raise FrameError("a part of the frame exceeds its bound")
        if len(data) != _FIXED + head_size + payload_size + signature_size:
            raise FrameError("the frame is cut short or has bytes left over")
        head = data[_FIXED : _FIXED + head_size]
        payload = data[_FIXED + head_size : _FIXED + head_size + payload_size]
        return Frame(Header.decode(head), payload, data[-signature_size:], head)

    def check(self) -> None:
        """Check that the payload is the one that the header names.

        Raises:
            FrameError: It is not.
        """
        if not hmac.compare_digest(self.header.algorithms.hash(self.payload).hex(), self.header.payloadhash):
            raise FrameError("the payload is not the one that was signed")

    @property
    def to_sign(self) -> bytes:
        """The 32 bytes that a signature covers."""
        return self.header.algorithms.digest(b"accord frame", self.head)

    @property
    def digest(self) -> bytes:
        """The hash over header and signature: names the frame in chains; payloads enter by their hash."""
        return self.header.algorithms.digest(b"accord chain", self.head, self.signature)

    def bare(self) -> bytes:
        """The frame without its payload: what bystanders keep, and what a journal row refers to."""
        return Frame(self.header, b"", self.signature, self.head).encode()

    @staticmethod
    def restore(bare: bytes, payload: bytes | None, recipe: bytes = b"") -> Frame:
        """A frame from what `bare` gave and the payload, where it was kept, or how it is made again."""
        head_size = int.from_bytes(bare[4:8], "big")
        head = bare[_FIXED : _FIXED + head_size]
        return Frame(Header.decode(head), payload or b"", bare[_FIXED + head_size :], head, recipe=recipe)
