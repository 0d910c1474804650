"""One party's channel keys: wrapped for those it speaks to, unwrapped from those who speak to it."""

from __future__ import annotations

from collections.abc import Callable

from accord_agents.collaboration.channel_key import channel_key
from accord_agents.collaboration.composer import Composer
from accord_agents.collaboration.recipe import EPOCH
from accord_agents.security.channels.registry import channel_of
from accord_agents.security.identity import Identity, PublicIdentity
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError
from accord_schemas.frame import Frame
from accord_schemas.suites import Suite


class Channels:
    """The keys.

    Args:
        identity: Wraps and unwraps.
        seed: The root seed of a collaboration.
        speaker: Who speaks for a party in a collaboration.
        known: Keys of others known from earlier, by wrap.
        learned: Takes (wrap, collaboration, key) of a key that is new.
    """

    def __init__(
        self,
        identity: Identity,
        seed: Callable[[str], bytes],
        speaker: Callable[[str, str], PublicIdentity | None],
        known: dict[bytes, bytes],
        learned: Callable[[bytes, str, bytes], None],
    ) -> None:
        self._identity, self._seed, self._speaker, self._learned = identity, seed, speaker, learned
        self._keys = known
        self._opened: dict[str, set[bytes]] = {}
        self._wraps: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}

    def wrapped(self, composer: Composer, to: tuple[str, ...]) -> list[bytes]:
        """The own key for a recipient set, wrapped to each of them; the same wraps as long as the agent lives."""
        cid, suite, me = composer.collaboration, composer.suite, self._identity.public.party
        if (cid, to) not in self._wraps:
            key, about = channel_key(suite, self._seed(cid), me, to), info(suite, cid, me, to)
            publics, channel = [self._speaker(cid, p) for p in to], channel_of(suite.name)
            self._wraps[cid, to] = [channel.wrap(self._identity, p, key, about) for p in publics if p is not None]
        return self._wraps[cid, to]

    def unwrap(self, frame: Frame, wrap: bytes) -> bytes:
        """The key of a frame's sender in a wrap for this party.

        Raises:
            FrameError: It cannot be unwrapped.
        """
        header = frame.header
        if wrap not in self._keys:
            sender = self._speaker(header.subject, header.source)
            if sender is None:
                raise FrameError("the sender is not pinned", code=Code.SENDER)
            suite = header.algorithms
            about = info(suite, header.subject, header.source, header.to)
            self._keys[wrap] = channel_of(suite.name).unwrap(self._identity, sender, wrap, about)
            self._learned(wrap, header.subject, self._keys[wrap])
        self._opened.setdefault(header.subject, set()).add(wrap)
        return self._keys[wrap]

    def forget(self, cid: str) -> None:
        """A collaboration was closed."""
        self._wraps = {key: wraps for key, wraps in self._wraps.items() if key[0] != cid}
        for wrap in self._opened.pop(cid, ()):
            self._keys.pop(wrap, None)


def info(suite: Suite, cid: str, sender: str, to: tuple[str, ...]) -> bytes:
    """What a wrap is bound to."""
    return suite.digest(b"accord channel info", cid, sender, ",".join(to), str(EPOCH))
