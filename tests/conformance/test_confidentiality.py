"""What an outsider, and each single party, can read in everything that was said: nothing that is another's.

The threat model is semi-honest. The computing parties (at `shared` CP0, the label holder, and CP1, the first other)
must not collude: together they hold both shares of every score and of the residual, which a test below shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import gmpy2
import numpy as np
import pytest
from tests.support.world import World, agreement, tables

from accord_protocols.phases.training.offline_paillier import slot_bits
from accord_protocols.phases.training.products import Factors, Offsets, OwnPads
from accord_protocols.phases.training.sizes import D_BITS, SCORE_BITS, SUM_BITS, X_BITS, Sizes
from accord_protocols.phases.training.states import Round
from accord_protocols.primitives.paillier.cipher import decrypt
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.primitives.paillier.packing import pack
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import product, scores
from accord_protocols.tasks.pads import encrypt
from accord_protocols.tasks.registry import Context
from accord_schemas.address import Address, Content
from accord_schemas.bigints import from_block
from accord_schemas.events import Pads, PaillierKey, Residual, Scores

pytestmark = pytest.mark.variants

CASES = [(2, "shared"), (3, "shared"), (3, "score"), (4, "shared")]


@dataclass
class Seen:
    """What a party remembered last in a round, and its share of the residual."""

    at: Round
    share: np.ndarray | None = None


class Watched(World):
    """A world that looks into the parties' memory: ``seen[party, round]`` while they train, and their last word."""

    def __init__(self, parties: int, protection: str, n: int = 60, **train: Any) -> None:
        self.seen: dict[tuple[str, int], Seen] = {}
        super().__init__(agreement(parties, 1024, protection=protection, **train), tables(parties, n=n))
        self.run()
        assert all(p.states[-1] == "completed" for p in self.parties.values())

    def _do(self, me: str, item: Any) -> None:
        super()._do(me, item)
        instance = self.parties[me].engine._instances.get("train")
        state = instance.state if instance else None
        at = state if isinstance(state, Round) else getattr(state, "at", None)
        if isinstance(at, Round):
            known = self.seen.setdefault((me, at.number), Seen(at))
            known.at = at
        for products in self.parties[me].engine._instances.values():
            factors = products.state
            if isinstance(factors, Factors) and factors.share is not None and (me, factors.number) in self.seen:
                self.seen[me, factors.number].share = factors.share

    @property
    def sizes(self) -> Sizes:
        return self.seen["bank", 0].at.sizes

    def rounds(self) -> range:
        return range(1 + max(number for _, number in self.seen))

    def z(self, me: str, number: int) -> np.ndarray:
        """A party's own scores in a round."""
        at = self.seen[me, number].at
        return scores(at.block.x, at.w + at.trial, X_BITS)

    def residual(self, number: int) -> np.ndarray:
        """What nobody knows at `shared`: scores minus labels."""
        total: np.ndarray = np.sum([self.z(me, number) for me in self.parties], axis=0)
        total -= self.seen["bank", 0].at.block.y
        return total

    def pad(self, owner: str, number: int) -> np.ndarray:
        """The one-time pad of a computing party in a round, ``(n, words)``."""
        return self.pads(owner, number).masks[:, number % self.sizes.slots]

    def pads(self, owner: str, number: int = 0) -> OwnPads:
        """A computing party's pads of the batch of a round."""
        own = self.seen[owner, number].at.stock[owner]
        assert isinstance(own, OwnPads)
        return own

    def share(self, owner: str, number: int) -> np.ndarray:
        """A computing party's share of the residual in a round, ``(n, words)``."""
        share = self.seen[owner, number].share
        assert share is not None
        return share


# ---- everything that was said


def texts(values: Iterable[float]) -> set[bytes]:
    """Numbers as text, where they have enough digits not to be there by chance."""
    shown = {form for value in values for form in (repr(value), f"{value:.6f}", f"{value:.6g}", f"{value:.9g}")}
    return {text.encode() for text in shown if len(text.strip("-0.").replace(".", "")) >= 6}


def binaries(values: Iterable[float], scales: Iterable[int]) -> set[bytes]:
    """Numbers as float64 and in fixed point, either byte order; below three bytes they are there by chance."""
    out = set()
    for value in values:
        out |= {np.array([value], order).tobytes() for order in ("<f8", ">f8")}
        for scale in scales:
            number = round(np.ldexp(value, scale))
            if abs(number) >= 1 << 16:  # of 16 bytes, the lower 8 are found where they fit
                size = 8 if abs(number) < 1 << 63 else 16
                out |= {number.to_bytes(size, "little", signed=True), number.to_bytes(size, "big", signed=True)}
    return {form for form in out if any(form)}


def found(said: list[bytes], forms: set[bytes]) -> set[bytes]:
    """Those of the forms that are somewhere in what was said."""
    words = b" ".join(word for data in said for word in re.findall(rb"[-+.e0-9]{6,}", data))
    out = {form for form in forms if len(form) not in (8, 16) and form in words}
    for size in (8, 16):
        wanted = {form for form in forms if len(form) == size}
        for data in said:
            out |= wanted.intersection(data[i : i + size] for i in range(len(data) - size + 1))
    return out


def numbers(world: Watched, me: str) -> dict[str, list[float]]:
    """What a party must not show."""
    party, last = world.parties[me], max(world.rounds())
    block = world.seen[me, 0].at.block
    secret = {
        "features": party.rows.values.ravel(),
        "whitened": (block.x / 2.0**X_BITS).ravel(),
        "factor": block.factor.ravel(),
        "test": block.test.ravel(),
        "weights": np.concatenate([world.seen[me, number].at.w for number in world.rounds()]),
        "gradients": world.seen[me, last].at.g,
        "model": np.array([*party.notes["model"]["coefficients"].values()]),
        "scores": np.concatenate([world.z(me, number) for number in world.rounds()]),
    }
    if me == "bank":
        assert party.rows.labels is not None
        secret |= {"labels": party.rows.labels, "scaled": block.y, "predictions": party.notes["predictions"]}
        secret["residuals"] = np.concatenate([world.residual(number) for number in world.rounds()])
    else:
        shift = world.seen[me, 0].at.given.announced.shift
        secret["test scores"] = product(block.test, np.ldexp(secret["model"], -shift))
    return {name: array.tolist() for name, array in secret.items()}


@pytest.mark.parametrize(("parties", "protection"), CASES)
def test_nothing_that_was_said_shows_an_id_or_a_number(parties: int, protection: str) -> None:
    world = Watched(parties, protection, n=40)
    said = [content.event.encode() for content in world.log.values()]
    for me, party in world.parties.items():
        words = {i.encode() for i in party.rows.ids} | {c.encode() for c in party.rows.columns}
        assert not [word for word in words if any(word in data for data in said)]
        forms = {
            form: name
            for name, values in numbers(world, me).items()
            for form in binaries(values, (X_BITS, D_BITS, SCORE_BITS, SUM_BITS)) | texts(values)
        }
        alone = parties == 2 and me != world.terms.label_holder  # there is no sum to hide its part in
        told = {"test scores"} if alone else set()
        assert {forms[form] for form in found(said, set(forms))} == told, me
        secrets = [*party.secrets.values(), *world.seen[me, 0].at.given.keyed.kappas.values(), party.engine._seed]
        assert not [s for s in secrets for data in said if s in data or s.hex().encode() in data]


def test_the_search_finds_what_is_there() -> None:
    """With two parties at `score` there is nobody to mask against: the scores are opened, as the threat model says."""
    world = Watched(2, "score", n=40)
    said = [content.event.encode() for content in world.log.values()]
    scores = numbers(world, "shop")["scores"]
    assert len(found(said, binaries(scores, [D_BITS]))) > len(scores) / 8
    assert found([b'{"x":0.123457}', bytes(3) + np.float64(1.5).tobytes()], texts([0.1234567]) | binaries([1.5], []))


# ---- encrypted pads


@pytest.fixture(scope="module")
def shared() -> Watched:
    return Watched(3, "shared")


def test_pads_cannot_be_opened_with_the_public_key(shared: Watched) -> None:
    sizes, seen = shared.sizes, set[int]()
    for owner in ("bank", "shop"):
        (n,) = from_block(shared.seen["telco", 0].at.given.keyed.of(PaillierKey)[owner].key)
        public, private = PublicKey(n), PrivateKey.decode(shared.parties[owner].secrets["paillier"])
        assert private.hs is not None
        powers = {int(gmpy2.powmod(private.hs, k, n * n)) for k in range(-16, 17)}
        event = shared.log[Address(f"pads.{owner}.0", "pads", owner)].event
        assert isinstance(event, Pads) and len(event.numbers) == sizes.rows
        ring = sizes.ring
        for row, cipher in enumerate(from_block(event.numbers)):
            masks = ring.to_ints(shared.pads(owner).masks[row], signed=False)
            plain = pack(masks, slot_bits(sizes))
            assert decrypt(private, [gmpy2.mpz(cipher)]) == [plain]  # the guess is right, and yet:
            assert cipher != (1 + plain * n) % (n * n)
            obfuscator = int(cipher * gmpy2.invert(1 + plain * n, n * n) % (n * n))
            assert obfuscator not in powers and gmpy2.gcd(obfuscator - 1, n) == 1
            assert (cipher - 1) % n and cipher % n not in seen and public.bits == 1024
            seen |= {cipher % n}


def test_equal_pads_have_different_ciphertexts(shared: Watched) -> None:
    masks = np.tile(np.arange(2, dtype=np.uint64), (5, 2, 1))
    secrets = {"paillier": shared.parties["bank"].secrets["paillier"]}
    inputs = {"masks": masks, "slot_bits": slot_bits(shared.sizes)}
    parts = [encrypt(Context(inputs, bytes(32), secrets, part=k)).fields["numbers"] for k in range(2)]
    rows = np.concatenate(parts).tolist()
    assert len({tuple(row) for row in rows}) == 10
    private = PrivateKey.decode(secrets["paillier"])
    assert len({*decrypt(private, [gmpy2.mpz(int.from_bytes(bytes(row), "big")) for row in rows])}) == 1


# ---- shares, as each party sees them


def fixed(world: Watched, values: np.ndarray) -> np.ndarray:
    return world.sizes.ring.from_fixed(values, D_BITS)


def view(world: Watched, me: str) -> list[np.ndarray]:
    """Vectors over the rows that a party holds: what it was sent, what it said, and what only its memory has."""
    ring, rows = world.sizes.ring, world.sizes.rows
    out: list[np.ndarray] = []
    for content in world.log.values():
        if me in (*content.to, content.address.sender) and training(content):
            out += [a for a in vectors(content) if a.shape == (rows, ring.words)]
    for number in world.rounds():
        out.append(fixed(world, world.z(me, number)))
        if me in ("bank", "shop"):
            out += [world.pad(me, number), world.share(me, number)]
    return [*out, fixed(world, world.seen[me, 0].at.block.y)] if me == "bank" else out


def vectors(content: Content) -> list[np.ndarray]:
    event = content.event
    return [event.shares] if isinstance(event, Scores) else [event.masked] if isinstance(event, Residual) else []


def targets(world: Watched, me: str) -> dict[bytes, str]:
    """What a party must not be able to add up: others' scores, pads, shares and the residual, and how they change.

    From the second round on: in the first one w = 0, so that all scores are 0, as everybody knows, and whoever has one
    share of them has the other. It tells nothing: a pad is used in one round only.
    """
    ring, named, rounds = world.sizes.ring, dict[str, list[np.ndarray]](), world.rounds()[1:]
    for p in world.parties:
        if p != me:
            named[f"z of {p}"] = [fixed(world, world.z(p, number)) for number in rounds]
        if p != me and p in ("bank", "shop"):
            named[f"pad of {p}"] = [world.pad(p, number) for number in rounds]
            named[f"share of {p}"] = [world.share(p, number) for number in rounds]
    shares = zip(*([world.share(q, number) for number in rounds] for q in ("bank", "shop")), strict=True)
    named["residual"] = [ring.add(a, b) for a, b in shares]
    if me != "bank":
        named["labels"] = [fixed(world, world.seen["bank", 0].at.block.y)]
    out = dict[bytes, str]()
    for name, values in named.items():
        changes = [ring.sub(b, a) for a, b in combinations(values, 2)]
        for value in (*values, *changes):
            out |= {value.tobytes(): name, ring.sub(np.zeros_like(value), value).tobytes(): name}
    return out


def training(content: Content) -> bool:
    """Whether it was said while a model was trained."""
    return content.address.instance.partition(".")[0] in ("train", "padded")


def derived(ring: Ring, held: list[np.ndarray], wanted: dict[bytes, str]) -> set[str]:
    """Targets that are a held vector, or a sum or difference of two."""
    forms = {value.tobytes(): value for value in held}
    out = {wanted[form] for form in forms if form in wanted}
    for a, b in combinations(forms.values(), 2):
        out |= {wanted[form] for form in (ring.add(a, b).tobytes(), ring.sub(a, b).tobytes()) if form in wanted}
    return out


@pytest.mark.parametrize("me", ["bank", "shop", "telco"])
def test_no_single_party_can_add_up_what_is_anothers(shared: Watched, me: str) -> None:
    held = view(shared, me)
    assert len(held) > 3 * len(shared.rounds())
    assert not derived(shared.sizes.ring, held, targets(shared, me))


def test_the_residual_is_the_sum_of_the_shares(shared: Watched) -> None:
    """What the tests above look for is what it is called."""
    ring = shared.sizes.ring
    for number in shared.rounds():
        total = ring.add(*(shared.share(q, number) for q in ("bank", "shop")))
        values = np.array(ring.to_ints(total)) * 2.0**-D_BITS
        np.testing.assert_allclose(values, shared.residual(number), atol=1e-6)


def test_colluding_computing_parties_have_everything(shared: Watched) -> None:
    held, rounds = view(shared, "bank") + view(shared, "shop"), shared.rounds()[1:]
    assert "residual" in derived(shared.sizes.ring, held, targets(shared, "bank"))
    scores = {fixed(shared, shared.z("telco", number)).tobytes(): str(number) for number in rounds}
    assert derived(shared.sizes.ring, held, scores) == {str(number) for number in rounds}


def test_shares_look_uniform_and_never_repeat(shared: Watched) -> None:
    sent = [a for content in shared.log.values() if training(content) for a in vectors(content)]
    copies = {a.tobytes() for a in sent}
    # a residual under its pad goes to every peer alike; nothing else is said twice
    assert len(copies) == len(sent) - 2 * len(shared.rounds())
    bits = np.unpackbits(np.frombuffer(b"".join(sorted(copies)), np.uint8).reshape(-1, 16), axis=1)
    deviation = np.abs(bits.mean(axis=0) - 0.5) * 2 * np.sqrt(len(bits))
    assert len(bits) > 1000 and deviation.max() < 5  # standard deviations, for each of 128 places


def test_the_third_party_learns_its_gradient_and_not_the_parts_of_it() -> None:
    """What it added to each share must not tell it the products of its columns with either computing party's scores."""
    watched = Watched(3, "shared", n=60, max_rounds=4)
    ring, owners = watched.sizes.ring, watched.terms.keyholders
    third = next(p for p in watched.terms.order if p not in owners)
    for number in watched.rounds():
        seen = watched.seen[third, number].at
        x, column = seen.block.x, number % watched.sizes.slots
        truth = {p: ring.to_ints(ring.matvec(x, ring.from_fixed(watched.z(p, number), D_BITS))) for p in owners}
        for q in owners:
            event = watched.log[Address(f"padded.{number}", f"residual.{third}", q)].event
            scores = watched.log[Address("train", f"scores.{number}.{q}", third)].event
            assert isinstance(event, Residual) and isinstance(scores, Scores)
            offsets = seen.stock[q]
            assert isinstance(offsets, Offsets)
            part = ring.sub(ring.add(ring.matvec(x, event.masked), event.products), offsets.offsets[:, column])
            own = ring.matvec(x, scores.shares)
            for known in (part, ring.sub(part, own), ring.add(part, own)):
                assert ring.to_ints(known) not in truth.values() or not any(truth[q])
