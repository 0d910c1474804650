"""The rows of a folder of images: of each its file, its name without the ending, and its embedding's numbers."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from accord_agents.files.places import FILE, NAME, Images
from accord_agents.intake.embedding import Embed, embedder
from accord_agents.intake.pictures import columns, listed
from accord_agents.intake.rows import Block, Numbers

_BLOCK = 64  # images in memory at a time


class ImageRows:
    """The `Rows` of a folder.

    Args:
        images: The folder.
        files: Its images.
        embed: What embeds them.
    """

    def __init__(self, images: Images, files: Sequence[Path], embed: Embed) -> None:
        self.name = self.head = images.name
        self.header = [FILE, NAME, *columns(images.kind)]
        self.count = len(files)
        self._files, self._embed = files, embed

    remarks: tuple[str, ...] = ()

    def at(self, place: int) -> tuple[str, str]:
        """The image."""
        return self.name, self._files[place].name

    def deferrable(self, columns: Sequence[int]) -> bool:
        """See `Rows`."""
        return False

    def blocks(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Generator[Block]:
        """See `Rows`."""
        files = self._files[:most]
        for start in range(0, len(files), _BLOCK):
            some = files[start : start + _BLOCK]
            values = self._embed(some)
            texts = [file.name for file in some], [file.stem for file in some]
            cells = [texts[k] if k < len(texts) else Numbers("number", values[:, k - len(texts)]) for k in wanted]
            yield Block(range(start, start + len(some)), [texts[k] for k in ids], cells)


@contextmanager
def opened(images: Images) -> Iterator[ImageRows]:
    """Open a folder of images.

    Raises:
        UsageError: It cannot be read, what embeds images is not there; or, later, an image cannot be read.
    """
    yield ImageRows(images, listed(images.folder, images.width), embedder(images))
