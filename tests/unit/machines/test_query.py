"""Hidden queries: what is asked for is answered, all else stays hidden from both, and both can show how many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.queries import CLIENT, SERVER, TABLE, asked, files, hidden, words
from tests.support.world import Rows, World
from tests.unit.machines.test_tampered_peers import Change, filled, longer, shorter, tampering, wider

from accord_protocols.jobs.registry import JOBS
from accord_protocols.phases.query.query import BATCH
from accord_protocols.primitives.pir.cells import MOST
from accord_protocols.primitives.psi import ristretto
from accord_protocols.primitives.xof import Xof
from accord_schemas.address import SELF, Address, Content
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Blinded, Event, Hint, Last, Question, Receipt, Reply, Signed
from accord_schemas.parts import Query
from accord_schemas.suites import SM

WANTED = ("user-3", "nobody", "客户-1", "quoted", "user-59")
JOB = JOBS["query"]


def answers(world: World) -> list[list[str]]:
    found: list[list[str]] = world.parties[CLIENT].notes["answers"]
    return found


def looked_up(*ids: str) -> list[list[str]]:
    """What a plain look-up gives."""
    return [["true", *TABLE[i]] if i in TABLE else ["false", "", ""] for i in ids]


def said(world: World, sender: str) -> dict[str, Event]:
    return {a.step: c.event for a, c in world.log.items() if a.sender == sender and a.instance != "session"}


def test_answers_are_those_of_a_plain_look_up() -> None:
    """An absent key and an empty value side by side, cells that need quotes, letters of another script."""
    world = asked(WANTED)
    assert answers(world) == looked_up(*WANTED)
    assert looked_up("nobody", "客户-1") == [["false", "", ""], ["true", "", ""]]
    for party in world.parties.values():
        assert party.states == ["keyed", "prepared", "completed"] and party.notes["questions"] == len(WANTED)
    assert "answers" not in world.parties[SERVER].notes and "found" not in world.parties[SERVER].notes
    (output,) = JOB.outputs
    pieces = output.made(world.parties[CLIENT].notes, world.parties[CLIENT].rows)
    assert pieces is not None and b"".join(pieces).decode() == (
        "id,found,status,amount\n"
        "user-3,true,ok,21.75\n"
        "nobody,false,,\n"
        "客户-1,true,,\n"
        'quoted,true,"a ""b"", c","line\r\nend \r"\n'
        "user-59,true,lost,427.75\n"
    )


def test_batches_and_what_is_named_while_it_lives() -> None:
    wanted = [f"user-{i}" for i in range(BATCH + 3)]
    named = [["user-40", "x"], [], [f"user-{i}" for i in range(50, 60)] + ["y"] * 1]
    world = asked(wanted, named, terms=hidden(100))
    flat = [i for part in named for i in part]
    assert answers(world) == looked_up(*wanted, *flat)
    assert world.parties[CLIENT].notes["named"] == flat
    assert world.parties[CLIENT].notes["answer"] == {"number": 2, "values": looked_up(*named[2])}
    assert [len(e.vectors) for e in said(world, CLIENT).values() if isinstance(e, Question)] == [BATCH, 3, 2, 11]


def test_it_lives_until_the_last_word_and_nobody_is_silent() -> None:
    world = asked(WANTED, [["user-1"]], last=False)
    assert all(not party.engine.missing() for party in world.parties.values())
    assert world.parties[CLIENT].notes["answer"] == {"number": 0, "values": looked_up("user-1")}
    assert "answers" not in world.parties[CLIENT].notes
    world.own(CLIENT, Address("query", "stop.1", SELF), {"name": "last", "ids": []})
    assert answers(world.run()) == looked_up(*WANTED, "user-1")


def test_the_order_of_arrival_changes_nothing() -> None:
    assert len({asked(WANTED, [["user-1"]], order=order).fingerprint() for order in range(4)}) == 1


def test_the_national_curve() -> None:
    world = asked(WANTED[:2], terms=hidden(profile=SM))
    assert answers(world) == looked_up(*WANTED[:2])
    keys = [e for e in said(world, SERVER).values() if e.name == "oprf"]
    assert [getattr(key, "scheme", "") for key in keys] == ["sm2"]


# ---- what the server sees


def shapes(world: World, sender: str) -> dict[str, list[Any]]:
    """Everything of what a party said but its bytes."""
    return {
        step: [getattr(getattr(event, name), "shape", getattr(event, name)) for name in type(event).model_fields]
        for step, event in said(world, sender).items()
        if step not in ("ids", "exchange")
    }


def test_the_view_of_the_server_does_not_depend_on_the_keys() -> None:
    """Present, absent, long or short: the same events, sizes, states and notes; no part of what was sent is equal."""
    one, other = asked(["user-1", "user-2"]), asked(["no", "a much longer key that nobody has"])
    assert shapes(one, CLIENT) == shapes(other, CLIENT) and shapes(one, SERVER) == shapes(other, SERVER)
    assert [p.parties[SERVER].states for p in (one, other)] == [one.parties[SERVER].states] * 2
    assert one.parties[SERVER].notes == other.parties[SERVER].notes
    for kind in (Blinded, Question):
        ours, theirs = ([e for e in said(w, CLIENT).values() if isinstance(e, kind)] for w in (one, other))
        assert len(ours) == len(theirs) == 1 and ours[0].encode() != theirs[0].encode()


def test_a_simulator_that_knows_no_key_says_the_same() -> None:
    """Random points and random numbers instead of the client's: the server goes on as before, and says as much."""

    def simulated(to: str, content: Content) -> Event:
        event, xof = content.event, Xof(bytes(32), content.address.step)
        if isinstance(event, Blinded):
            points = ristretto.multiply_base(ristretto.random_scalar(xof) for _ in event.numbers)
            return event.model_copy(update={"numbers": points})
        if isinstance(event, Question):
            rows = np.frombuffer(xof.bytes(event.vectors.size), np.uint8).reshape(event.vectors.shape)
            return event.model_copy(update={"vectors": rows})
        return event

    real, made = asked(WANTED), asked(WANTED, tamper=simulated)
    assert shapes(real, SERVER) == shapes(made, SERVER)
    assert real.parties[SERVER].states == made.parties[SERVER].states
    assert real.parties[SERVER].notes == made.parties[SERVER].notes


def test_questions_are_masked_anew_each_time() -> None:
    world = asked(["user-1"], [["user-1"]])
    first, second = (e.vectors for e in said(world, CLIENT).values() if isinstance(e, Question))
    assert (first != second).mean() > 0.99


def test_what_was_asked_in_another_session_masks_nothing_here() -> None:
    one, other = (
        [e.vectors for e in said(asked(["user-1"], seed=seed), CLIENT).values() if isinstance(e, Question)]
        for seed in (b"s", b"t")
    )
    assert (one[0] != other[0]).mean() > 0.99


# ---- what the client sees


def test_the_log_and_the_table_hold_ciphertext_alone() -> None:
    table = {f"user-{i}": (f"status-of-{i:03d}", "paid") for i in range(40)}
    world = words(World(hidden(), files(["user-1"], table))).run()
    assert answers(world) == [["true", "status-of-001", "paid"]]
    everything = b"".join(content.event.encode() for content in world.log.values())
    assert b"status-of" not in everything and b"user-1" not in everything


def test_a_client_that_asks_for_rows_without_the_oprf_gets_ciphertext() -> None:
    """It asks, unmasked, for single rows of the table: what comes is that row, and no part of a value."""
    units = np.zeros(0, np.uint32)

    def skipping(to: str, content: Content) -> Event:
        nonlocal units
        if not isinstance(content.event, Question):
            return content.event
        vectors = np.zeros((len(content.event.vectors), content.event.vectors.shape[1] // 4), np.uint32)
        for k in range(len(vectors)):
            vectors[k, k] = 1
        units = vectors
        return content.event.model_copy(update={"vectors": vectors.view(np.uint8)})

    wanted = [f"user-{i}" for i in range(20)]
    world = asked(wanted, tamper=skipping)
    (reply,) = (e for e in said(world, SERVER).values() if isinstance(e, Reply))
    rows = reply.sums.view(np.int32).astype(np.uint8).tobytes()
    assert len(units) == 20 and len(rows) == 20 * (48 + 16)
    assert all(word not in rows for word in (b"late", b"lost", b"\x00\x02ok"))
    assert answers(world) == looked_up(*["nobody"] * 20), "and of its own keys it reads nothing"


# ---- how many


def test_both_sign_how_many_and_nothing_else() -> None:
    world = asked(WANTED, [["user-1"]])
    receipts = {a: c for a, c in world.log.items() if isinstance(c.event, Receipt)}
    assert {a.sender: c.event.encode() for a, c in receipts.items()} == dict.fromkeys(
        (CLIENT, SERVER), b'{"questions":6}'
    )
    fact = JOB.facts["receipts"]
    value = fact.of({a: c.event for a, c in receipts.items()})
    assert value == {CLIENT: 6, SERVER: 6}
    assert [text for text, _ in fact.sentences(value)] == [
        f"{party} says that 6 keys were asked for." for party in (CLIENT, SERVER)
    ]


@pytest.mark.parametrize("sender", [CLIENT, SERVER])
def test_a_receipt_of_another_number_ends_it(sender: str) -> None:
    other = SERVER if sender == CLIENT else CLIENT
    tamper = tampering(Receipt, sender, other, lambda event: {"questions": event.questions + 1})
    ended = asked(WANTED, tamper=tamper).parties[other].aborted
    assert ended is not None
    assert (ended.reason, ended.whose) == ("a receipt is not of the number of questions", sender)


def test_nobody_asks_for_more_than_was_agreed() -> None:
    own = asked(WANTED, terms=hidden(3)).parties[CLIENT].aborted
    assert own is not None and (own.reason, own.whose) == ("more keys were asked for than was agreed", CLIENT)
    more = tampering(Blinded, CLIENT, SERVER, longer("numbers"))
    ended = asked(WANTED, terms=hidden(5), tamper=more).parties[SERVER].aborted
    assert ended is not None and (ended.reason, ended.whose) == ("more keys were asked for than was agreed", CLIENT)


# ---- who cheats


@pytest.mark.parametrize(
    ("kind", "sender", "change", "reason"),
    [
        (Hint, SERVER, shorter("hint"), "a table is not of the announced size"),
        (Hint, SERVER, wider("hint"), "a table is not of the announced size"),
        (Hint, SERVER, longer("salts"), "a table is not of the announced size"),
        (Signed, SERVER, shorter("numbers"), "an answer is not of the agreed form"),
        (Signed, SERVER, wider("numbers"), "an answer is not of the agreed form"),
        (Signed, SERVER, filled("numbers", 255), "points of the group are not acceptable"),
        (Reply, SERVER, shorter("sums"), "an answer is not of the agreed form"),
        (Reply, SERVER, wider("sums"), "an answer is not of the agreed form"),
        (Blinded, CLIENT, wider("numbers"), "a question is not of the agreed form"),
        (Blinded, CLIENT, filled("numbers", 0), "points of the group are not acceptable"),
        (Blinded, CLIENT, lambda event: {"numbers": event.numbers[:0]}, "a question is not of the agreed form"),
        (
            Blinded,
            CLIENT,
            lambda event: {"numbers": np.repeat(event.numbers[:1], BATCH + 1, axis=0)},
            "a question is not of the agreed form",
        ),
        (Question, CLIENT, shorter("vectors"), "a question is not of the agreed form"),
        (Question, CLIENT, wider("vectors"), "a question is not of the agreed form"),
    ],
)
def test_what_is_not_of_the_agreed_form_names_its_sender(
    kind: type[Event], sender: str, change: Change, reason: str
) -> None:
    victim = SERVER if sender == CLIENT else CLIENT
    ended = asked(WANTED, tamper=tampering(kind, sender, victim, change)).parties[victim].aborted
    assert ended is not None and (ended.reason, ended.whose) == (reason, sender)


@pytest.mark.parametrize("kind", [Hint, Reply, Signed])
def test_wrong_numbers_of_the_right_form_are_no_answers_and_end_nothing(kind: type[Event]) -> None:
    """A server that lies makes its keys not be found; by nothing that it sees does it learn whether they were asked."""

    def change(event: Event) -> dict[str, Any]:
        if isinstance(event, Signed):
            return {"numbers": ristretto.multiply_base([bytes([k + 2, *[0] * 31]) for k in range(len(event.numbers))])}
        name = "hint" if isinstance(event, Hint) else "sums"
        array = getattr(event, name)
        return {name: np.frombuffer(Xof(bytes(32)).bytes(array.size), np.uint8).reshape(array.shape)}

    world = asked(WANTED, tamper=tampering(kind, SERVER, CLIENT, change))
    assert answers(world) == looked_up(*["nobody"] * len(WANTED))
    assert shapes(world, CLIENT) == shapes(asked(WANTED), CLIENT)


def test_a_value_that_is_none_of_the_columns_counts_as_not_found_and_ends_nothing() -> None:
    """Else a server that gives one key such a value sees by the end whether it was asked for."""
    data = files(["user-3", "user-4"])
    row = data[SERVER].ids.index("user-3")
    cells = (*data[SERVER].cells[:row], b"\xff\xffodd", *data[SERVER].cells[row + 1 :])
    odd: dict[str, Rows] = data | {SERVER: replace(data[SERVER], cells=cells)}
    world, plain = words(World(hidden(), odd)).run(), asked(["user-3", "user-4"])
    assert answers(world) == looked_up("nobody", "user-4")
    assert (
        f"{CLIENT}: 1 values are not of the agreed form, and count as not found."
        in world.parties[CLIENT].notes["warnings"]
    )
    assert shapes(world, CLIENT) == shapes(plain, CLIENT)


def test_two_things_of_one_number_are_one_too_many() -> None:
    server = asked(WANTED, last=False).parties[SERVER].engine
    points = ristretto.multiply_base([bytes([2, *[0] * 31])])
    list(server.content(Content(Address("query", "blinded.1", CLIENT), (SERVER,), Blinded(numbers=points))))
    with pytest.raises(ProtocolError, match="used twice"):
        list(server.content(Content(Address("query", "last.1", CLIENT), (SERVER,), Last(ids=1))))


# ---- the agreement


def test_consent_says_what_is_asked_for_and_how_often() -> None:
    learns = hidden(70).learns
    assert learns[SERVER] == f"how many keys {CLIENT} asks for, up to 70, and when; no key and no answer"
    assert "up to 70" in learns[CLIENT] and learns[CLIENT].endswith("status, amount")


def test_an_agreement_of_hidden_queries() -> None:
    terms = hidden()
    assert not JOB.objection(terms) and not terms.aligns and terms.questions == 50
    assert "is led by its client" in JOB.objection(terms.model_copy(update={"leads": SERVER}))
    assert "cannot do without query" in JOB.objection(terms.model_copy(update={"query": None}))
    with pytest.raises(ValueError, match="named twice"):
        Query(columns=("a", "a"))
    assert Query(columns=("a",), width=MOST).width == MOST
    with pytest.raises(ValueError, match="less than or equal"):
        Query(columns=("a",), width=MOST + 1)


def test_a_table_that_no_chunk_carries_names_the_server() -> None:
    ended = asked(WANTED, terms=hidden(width=8192, chunk=4096)).parties[CLIENT].aborted
    assert ended is not None
    assert (ended.reason, ended.whose) == ("the server's table is too large for the agreed chunks", SERVER)
