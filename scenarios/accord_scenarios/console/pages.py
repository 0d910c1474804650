"""The pages, and what their forms do: the same calls as the commands of a party."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from accord_agents.config.party_file import load
from accord_agents.evidence.identity_file import load as identities_in
from accord_agents.evidence.verdict import load as evidence_in
from accord_agents.evidence.verdict import verify
from accord_agents.operator import collaborations, keys
from accord_agents.security.identity import exported
from accord_agents.security.trust import Identities
from accord_scenarios.console import facts
from accord_scenarios.console.access import Access
from accord_scenarios.console.guard import COOKIE, DOCUMENT
from accord_schemas.canonical import unambiguous_json
from accord_schemas.errors import AccordError, UsageError

_KEYS = {"asked": None, "said": ""}
_MOST = 1 << 20
"""Bytes of a form."""


class Pages:
    """The pages of one party.

    Args:
        path: The party's file.
        access: Who may look.
    """

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access, self._party = path, access, load(path).party
        loader = PackageLoader("accord_scenarios.console")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._templates.filters["text"] = facts.text

    async def open(self, request: Request) -> Response:
        """The one-time link: from here on the browser is known, and the link is nothing any more."""
        cookie = self._access.opened(request.query_params.get("link", ""))
        if cookie is None:
            return self._said("This link was opened before, or is too old. Start `accord console` again.", 403)
        reply = RedirectResponse("/", 303)
        reply.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", path="/")
        return reply

    async def overview(self, _request: Request) -> Response:
        """What waits for an answer, and everything else."""
        return await self._page("overview.html", lambda: facts.overview(load(self._path)))

    async def collaboration(self, request: Request) -> Response:
        """One collaboration."""
        return await self._one(request, "collaboration.html")

    async def live(self, request: Request) -> Response:
        """How far it is: the part of its page that changes."""
        return await self._one(request, "live.html")

    async def accept(self, request: Request) -> Response:
        """Consent."""
        return await self._done(request, lambda cid, form: collaborations.accept(self._path, cid, form.get("data", "")))

    async def refuse(self, request: Request) -> Response:
        """Refuse, with a reason that everybody is told."""

        def refuse(cid: str, form: dict[str, str]) -> str:
            reason = form.get("reason", "").strip()
            if not reason:
                raise UsageError("a refusal says why.", hint="Every party is told the reason.")
            return collaborations.refuse(self._path, cid, reason)

        return await self._done(request, refuse)

    async def evidence(self, request: Request) -> Response:
        """Evidence, to download."""
        cid = request.path_params["cid"]
        data = await self._tried(lambda: facts.evidence(self._path, cid))
        if isinstance(data, Response):
            return data
        name = {"content-disposition": f'attachment; filename="evidence-{cid[:12]}.json"'}
        return Response(data, media_type="application/json", headers=name)

    async def verdict(self, request: Request) -> Response:
        """Evidence, judged as a stranger would with the identities that this party knows."""
        cid = request.path_params["cid"]

        def judged() -> str:
            import tempfile

            from accord_scenarios.report.evidence import page

            with tempfile.TemporaryDirectory(prefix="accord-console-") as folder:
                file, known = Path(folder) / "evidence.json", Path(folder) / "known.json"
                file.write_bytes(facts.evidence(self._path, cid))
                known.write_text(keys.known_identities(self._path))
                return page(verify(evidence_in(file), identities_in(known)))

        page = await self._tried(judged)
        return page if isinstance(page, Response) else _document(page)

    async def report(self, request: Request) -> Response:
        """What this party has of the result, as a report."""
        cid = request.path_params["cid"]

        def written() -> str:
            from accord_scenarios.report.page import render

            found = facts.result(load(self._path), cid)
            if found is None:
                raise UsageError("there is no result yet.")
            return render(found)

        page = await self._tried(written)
        return page if isinstance(page, Response) else _document(page)

    async def quarantine(self, _request: Request) -> Response:
        """What was no acceptable event."""
        return await self._page("quarantine.html", lambda: {"records": facts.quarantine(load(self._path))})

    async def keys(self, _request: Request) -> Response:
        """The own identity, and whose identities count."""
        return await self._page("keys.html", lambda: _KEYS | {"lines": keys.show_keys(self._path).splitlines()})

    async def trust(self, request: Request) -> Response:
        """Show whose identity was pasted; pin it once its fingerprint was compared."""
        form = await self._form(request)
        if isinstance(form, Response):
            return form

        def looked() -> dict[str, Any]:
            try:
                export = unambiguous_json(form.get("export", "").encode())
                public, _ = exported(export, "the text")
            except (ValueError, RecursionError, AttributeError, TypeError):
                raise UsageError("that is no exported identity.", hint="Of: accord keys export FILE") from None
            if form.get("compared") == "yes":
                Identities.load(load(self._path).identities).trust(export, "the text")
                said = f"{public.party} is trusted; a running agent takes it up within seconds."
                return {"lines": keys.show_keys(self._path).splitlines(), "asked": None, "said": said}
            asked = {"party": public.party, "shown": public.shown, "export": json.dumps(export)}
            return {"lines": keys.show_keys(self._path).splitlines(), "asked": asked, "said": ""}

        return await self._page("keys.html", looked)

    async def _one(self, request: Request, template: str) -> Response:
        cid = request.path_params["cid"]
        found = await self._tried(lambda: facts.collaboration(load(self._path), cid))
        if isinstance(found, Response):
            return found
        if found is None:
            return self._said("There is no such collaboration.", 404)
        return self._shown(template, found)

    async def _done(self, request: Request, do: Callable[[str, dict[str, str]], str]) -> Response:
        form = await self._form(request)
        if isinstance(form, Response):
            return form
        cid = request.path_params["cid"]
        done = await self._tried(lambda: do(cid, form))
        return done if isinstance(done, Response) else RedirectResponse(f"/c/{cid}", 303)

    async def _form(self, request: Request) -> dict[str, str] | Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST:
                return self._said("That is too much.", 413)
        form = {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}
        if not self._access.sent(form.get("token", "")):
            return self._said("This form is not of this console; load the page again.", 403)
        return form

    async def _page(self, template: str, made: Callable[[], dict[str, Any]]) -> Response:
        found = await self._tried(made)
        return found if isinstance(found, Response) else self._shown(template, found)

    async def _tried(self, call: Callable[[], Any]) -> Any:
        """What a call gives; what goes wrong as a page."""
        try:
            return await run_in_threadpool(call)
        except AccordError as error:
            return self._said(f"{error.message} {error.hint or ''}", 409)

    def _shown(self, template: str, values: dict[str, Any], status: int = 200) -> Response:
        given = {"party": self._party, "token": self._access.form}
        return HTMLResponse(self._templates.get_template(template).render(given | values), status)

    def _said(self, message: str, status: int) -> Response:
        return self._shown("message.html", {"message": message}, status)


def _document(page: str) -> Response:
    return HTMLResponse(page, headers={"content-security-policy": DOCUMENT})
