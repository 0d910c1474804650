"""`job: match` for people: what a scenario has to say, and how a result reads and is held against plaintext."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from tests.support.matching import CLIENT, SERVER, folders, looked
from tests.support.matching import terms as matching

from accord_protocols.jobs.base import Learned
from accord_protocols.jobs.match import JOB
from accord_scenarios.jobs.match import PLAYED, Search
from accord_scenarios.jobs.registry import verdict
from accord_scenarios.match_reference import held_against
from accord_scenarios.merge import merge
from accord_scenarios.proposal import terms
from accord_scenarios.scenario import load
from accord_scenarios.thumbnails import SIDE, thumbnails
from accord_schemas.agreement import Agreement
from accord_schemas.errors import UsageError
from accord_schemas.matching import WEIGHTS, Match

PARTIES: dict[str, dict[str, Any]] = {
    "gate": {"role": "client", "data": {"images": "probes"}},
    "registry": {"role": "server", "data": {"images": "gallery"}},
}


def scenario(folder: Path, **changes: Any) -> Search:
    value = {"name": "m", "job": "match", "parties": PARTIES, "match": {"threshold": 0.4}, **changes}
    path = folder / "m.yaml"
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    loaded = load(path)
    assert isinstance(loaded, Search)
    return loaded


def test_the_agreement_follows_from_the_scenario(tmp_path: Path) -> None:
    agreed = terms(scenario(tmp_path), dict.fromkeys(PARTIES, "x"))
    assert agreed.match == Match(threshold=0.4, weights=WEIGHTS) and agreed.leader == "gate"
    assert not PLAYED.job.objection(agreed) and not PLAYED.job.untold(agreed)
    assert Agreement.decode(agreed.terms()) == agreed
    loaded = scenario(tmp_path, match={"kind": "picture", "threshold": 8, "max_probes": 3})
    assert loaded.match.terms() == Match(kind="picture", threshold=8.0, max_probes=3)
    assert loaded.parties["gate"].data.images == tmp_path / "probes"


TABLE = {"csv": "a.csv", "id": "a"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"match": {"threshold": 4}}, "match: threshold must be below 4 for kind: face"),
    ({"match": {"kind": "picture", "threshold": 0.5}}, "must be a whole number of bits"),
    ({"match": {"kind": "face"}}, r"match\.threshold is missing"),
    ({"parties": PARTIES | {"gate": PARTIES["registry"]}}, "exactly one party has the role client"),
    ({"parties": PARTIES | {"gate": {"role": "client", "data": TABLE}}}, "gate brings no folder of images"),
    ({"align": {"pad": 10, "max_overlap": None}}, r"align\.pad is for jobs"),
]


@pytest.mark.parametrize(("change", "said"), BAD)
def test_scenarios_that_cannot_be(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        scenario(tmp_path, **change)


def test_a_result_reads_and_is_held_against_plaintext(tmp_path: Path) -> None:
    data, threshold = folders(6, 4), 0.4
    world = looked(data, matching(threshold))
    own = {
        me: {"status": "COMPLETED", "reason": None, "job": "match", "leader": CLIENT}
        | {name: figure(Learned(me, world.terms, party.notes, completed=True)) for name, figure in JOB.figures.items()}
        for me, party in world.parties.items()
    }
    result = merge(own, {CLIENT: "client", SERVER: "server"})
    (output,) = JOB.outputs
    made = output.made(world.parties[CLIENT].notes, data[CLIENT])
    assert made is not None
    (tmp_path / "matches.csv").write_bytes(b"".join(made))
    section = Match(threshold=threshold, weights=WEIGHTS)
    held_against(section, CLIENT, SERVER, result, data.__getitem__, lambda _: tmp_path)  # type: ignore[arg-type]
    assert result["reference"] == {"decisions_equal": True, "decisions": 24, "wrong": 0}
    assert verdict(result) == (
        "bank looked for 4 faces among 6 of shop: 2 of them are there. Every decision is that of a plain comparison."
    )
    assert "no distance" in PLAYED.learned(result)[0]
    assert [line(result) for _, line in PLAYED.lines] == ["2 of 4, among 6", "0 % of 15 pairs"]
    assert "known-0.png" in PLAYED.sections[0](result)
    (tmp_path / "matches.csv").write_text("image,match\n")
    held_against(section, CLIENT, SERVER, result, data.__getitem__, lambda _: tmp_path)  # type: ignore[arg-type]
    assert result["reference"]["wrong"] == 2 and "Decisions differ" in verdict(result)


def test_the_report_shows_own_pictures_beside_names_and_no_other_picture(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("L", (300, 200), 99).save(tmp_path / name)
    pictures = thumbnails(tmp_path, ["a.png", "gone.png", "a.png"])
    assert list(pictures) == ["a.png"]
    with Image.open(io.BytesIO(base64.b64decode(pictures["a.png"]))) as small:
        assert small.size == (SIDE, SIDE * 2 // 3)
    matches = [["a.png", "b.png"], ["a.png", "<i>.png"], ["gone.png", "c.png"]]
    (section,) = PLAYED.sections
    page = section({"match": {"matches": matches}, "pictures": pictures, "parties": {}})
    assert page.count("<img") == 1 and page.count("<figure>") == 2
    assert "<b>b.png</b><b>&lt;i&gt;.png</b>" in page and "gone.png<b>c.png</b>" in page
