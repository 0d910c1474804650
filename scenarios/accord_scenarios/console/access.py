"""Who may look: whoever has opened the one-time link, in the browser in which it was opened."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

VALID = 600.0
"""Seconds within which a link has to be opened."""


class Access:
    """One link, once; after that a cookie, and a token in every form.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._until = clock, clock() + VALID
        self._link: str | None = secrets.token_urlsafe(32)
        self._session, self.form = secrets.token_urlsafe(32), secrets.token_urlsafe(32)

    @property
    def link(self) -> str:
        """What the link says; empty once it was opened."""
        return self._link or ""

    def opened(self, link: str) -> str | None:
        """The cookie for whoever opens the link, the first time and soon; None for everybody else."""
        if self._link is None or self._clock() > self._until or not _same(link, self._link):
            return None
        self._link = None
        return self._session

    def knows(self, cookie: str | None) -> bool:
        """Whether that is the cookie."""
        return cookie is not None and _same(cookie, self._session)

    def sent(self, token: str) -> bool:
        """Whether a form is one of ours."""
        return _same(token, self.form)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
