"""What ids become vectors of: the symbols of F4, or bits.

Over F4 a transfer of a secret factor is one of four, made of two; over bits it is one of two, as in the first papers
(Kolesnikov, Kumaresan, Rosulek, Trieu, CCS 2016): no tree, no field, and more to send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """The random code of an exchange.

    Args:
        name: As ``align.code`` says it.
        words: 64-bit words of a vector.
        planes: Bits of a symbol.
        blocks: Cipher blocks from which an id's vector and its rows of the table are drawn.
        marked: Bits of an input block that number it.
    """

    name: str
    words: int
    planes: int
    blocks: int
    marked: int

    @property
    def transfers(self) -> int:
        """Base transfers: one for each bit of the server's secret factors."""
        return 64 * self.words

    @property
    def corrections(self) -> int:
        """Keys that the leader sends with its half of these: none where a transfer is one of two."""
        return self.transfers if self.planes > 1 else 0


F4 = Code("f4", 5, 2, 4, 2)
"""160 symbols: two random vectors differ in fewer than 64 with a probability below 2^-69, and each hides two bits."""
BINARY = Code("binary", 7, 1, 5, 3)
"""448 bits: two random vectors differ in fewer than 128 with a probability below 2^-64."""
CODES: Mapping[str, Code] = {code.name: code for code in (F4, BINARY)}


def planes_of(leaves: int) -> int:
    """Bits of a symbol, of which a party has so many leaves: 4 or 3 of the four of F4; 2 or 1 of a bit's two."""
    return 2 if leaves > 2 else 1
