"""What people often write differently is named, with how many users it would bring together."""

from __future__ import annotations

import pytest

from accord_scenarios.unlike_ids import advice

EVENED = ("without regard to case", "without regard to case and spaces", "by letters and digits alone")
NUMBERS = [str(i) for i in range(1000, 1040)]


@pytest.mark.parametrize(
    ("ours", "theirs", "way"),
    [
        (NUMBERS, [f"{i}.0" for i in NUMBERS], "without .0 at the end"),
        (["ann@x.org", "bob@x.org"], ["Ann@x.org", "BOB@x.org"], "without regard to case"),
        (["ann lee", "BOB ray"], ["AnnLee", "bobray"], "without regard to case and spaces"),
        (["7", "12"], ["007", "012"], "without leading zeros"),
        (["a1", "b2"], ["\ufeffa1", "b\u200b2"], "without characters that do not show"),
        (["a-1 2", "b-3"], ["a12", "b 3"], "by letters and digits alone"),
        (["A-07.0"], ["a 07"], "by letters and digits alone, without regard to case, leading zeros and .0 at the end"),
    ],
)
def test_the_difference_is_named(ours: list[str], theirs: list[str], way: str) -> None:
    common = len({*ours}) if len(ours) == len(theirs) else None
    said = advice({"bank": ours, "shop": theirs, "telco": ours})
    assert said[0].startswith(f"Compared {way}, they would have {common} users in common: ")
    assert ("normalise: [" in said[0]) == (way in EVENED), "a remedy"
    assert not [i for i in ours if i in said[0].split()]


def test_strangers_have_no_difference_to_name() -> None:
    assert advice({"bank": NUMBERS, "shop": ["x", "..", "0"]}) == []


def test_of_many_ids_an_even_share_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_scenarios.unlike_ids._COMPARED", 1000)
    numbers = [str(i) for i in range(10_000, 14_000)]
    (said,) = advice({"bank": numbers, "shop": [f"{i}.0" for i in numbers]})
    about = int(said.partition("have about ")[2].split()[0])
    assert said.startswith("Compared without .0 at the end") and abs(about - 4000) < 800
