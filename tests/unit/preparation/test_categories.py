"""Categories as columns of 0 and 1, against scikit-learn's encoder; unseen and rare ones."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from accord_agents.intake.table import Report, Table
from accord_protocols.model.part import ModelPart
from accord_protocols.preparation.categories import CategoryFit, fit_categories
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.fitted import Fitted
from accord_protocols.preparation.remarks import remarks
from accord_protocols.tasks import Context, run
from accord_schemas.agreement import Prepare
from accord_schemas.errors import UsageError


def coded(cells: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """As intake does it; an empty cell is a null."""
    texts = tuple(dict.fromkeys(cell for cell in cells if cell))
    return np.array([texts.index(cell) if cell else np.nan for cell in cells], np.float64), texts


def levels(cells: Sequence[str]) -> CategoryFit:
    return fit_categories("city", *coded(cells))


CITIES = ["Ulm"] * 40 + ["Köln"] * 25 + ["Bonn"] * 12 + ["Hof"] * 7 + ["Aue"] * 5 + [""] * 11


def test_levels_are_those_of_scikit_learns_encoder() -> None:
    codes, texts = coded(CITIES)
    own = levels(CITIES)
    assert own.levels == ("Bonn", "Köln", "null", "other") and own.reference == "Ulm" and own.merged == 2
    assert own.names == ("city=Bonn", "city=Köln", "city=null", "city=other")
    encoder = OneHotEncoder(min_frequency=10, drop=["Ulm"], sparse_output=False)
    want = encoder.fit_transform(np.array([cell or "null" for cell in CITIES], object)[:, None])
    names = [
        name.removeprefix("x0_").replace("infrequent_sklearn", "other") for name in encoder.get_feature_names_out()
    ]
    order = [names.index(level) for level in own.levels]
    np.testing.assert_array_equal(own.columns(codes, texts), want[:, order])


@pytest.mark.parametrize(
    ("cells", "known", "reference", "merged"),
    [
        (["a"] * 30 + ["b"] * 20 + ["c"] * 9, ("b",), "a", 1),  # too few for a level of their own: all zeros
        (["a"] * 30 + ["b"] * 20 + ["c"] * 9 + ["d"], ("b", "other"), "a", 2),
        (["a"] * 20 + ["b"] * 20, ("b",), "a", 0),  # of equal ones the first by name
        ([chr(97 + k) for k in range(25)], (), "other", 25),
        ([chr(97 + k) for k in range(9)], (), "", 9),
        (["a"] * 20 + ["other"] * 30, ("a",), "other", 1),
        (["a"] * 20 + ["other"] * 3 + ["b"] * 8, ("other",), "a", 2),
        ([""] * 30 + ["b"] * 20, ("b",), "null", 0),
        ([""] * 12, (), "null", 0),
    ],
)
def test_rare_categories_are_one_level_if_they_are_many(
    cells: list[str], known: tuple[str, ...], reference: str, merged: int
) -> None:
    own = levels(cells)
    assert (own.levels, own.reference, own.merged) == (known, reference, merged)
    codes, texts = coded(cells)
    ones = own.columns(codes, texts).sum(axis=0)
    assert all(count >= 10 for count in ones) and own.columns(codes, texts).shape == (len(cells), len(known))


def test_what_training_has_not_met_is_other_or_all_zeros() -> None:
    rows = ["Köln", "Rom", "", "Hof"]
    codes, texts = coded(rows)
    with_other = levels(CITIES).columns(codes, texts)
    np.testing.assert_array_equal(with_other, [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]])
    without = levels(["Köln"] * 20 + ["Ulm"] * 30).columns(codes, texts)
    np.testing.assert_array_equal(without[:, 0], [1, 0, 0, 0])


def mixed(n: int = 400) -> tuple[np.ndarray, tuple[str, ...]]:
    rng = np.random.default_rng(3)
    codes, texts = coded(rng.choice(["Ulm", "Köln", "Bonn", ""], n, p=[0.5, 0.3, 0.15, 0.05]).tolist())
    values = np.column_stack([rng.normal(size=n), codes, rng.normal(5, 2, n)])
    values[rng.random(n) < 0.1, 2] = np.nan
    return values, texts


def test_they_are_prepared_like_other_columns_but_for_outliers() -> None:
    values, texts = mixed()
    fitted = fit(["a", "city", "b"], values, Prepare(winsorise=1.0), {"city": texts}, {"b": "date"})
    assert fitted.expanded == ("a", "city=Bonn", "city=Köln", "city=null", "b") == fitted.names
    out = fitted.apply(values, {"city": texts})
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=0), 1)
    assert all(len(np.unique(column)) == 2 for column in out[:, 1:4].T)
    assert [c.clipped > 0 for c in fitted.kept] == [True, False, False, False, True]
    assert all("city" not in sentence for sentence in remarks(fitted, Prepare(winsorise=1.0), values, {"city": texts}))
    again = Fitted.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted and again.close(fitted)
    other = texts[::-1]
    swapped = values.copy()
    swapped[:, 1] = len(texts) - 1 - values[:, 1]
    np.testing.assert_array_equal(again.apply(swapped, {"city": other}), out)


def test_a_changed_category_is_another_fit() -> None:
    values, texts = mixed()
    fitted = fit(["a", "city", "b"], values, Prepare(), {"city": texts})
    changed = fitted.to_json()
    changed["categories"][0]["reference"] = "Köln"
    assert not fitted.close(Fitted.from_json(changed))
    changed["categories"][0]["name"] = "town"
    with pytest.raises(UsageError):
        Fitted.from_json(changed)


def test_columns_without_levels_are_dropped_with_the_step() -> None:
    n = 40
    values = np.column_stack([np.arange(n) * 1.0, np.zeros(n), np.arange(n) % 8, np.arange(n) // 5 % 8])
    texts = {"one": ("x",), "few": tuple("abcdefgh")}
    fitted = fit(["a", "one", "few", "n"], values, Prepare(), texts)
    assert fitted.dropped["one"].step == "one value" and fitted.dropped["few"].step == "one value"
    assert fitted.names == ("a", "n") and fitted.apply(values, texts).shape == (n, 2)
    few = fit(["few"], values[:9, 2:3], Prepare(), {"few": tuple("abcdefgh")})
    assert few.dropped["few"].step == "few rows" and few.names == ()


def test_a_column_with_a_categorys_name() -> None:
    values, texts = mixed()
    with pytest.raises(UsageError, match="'city=Bonn' has the name of a category's"):
        fit(["city=Bonn", "city", "b"], values, Prepare(), {"city": texts})


def test_merged_categories_are_said() -> None:
    codes, texts = coded(CITIES * 2)
    fitted = fit(["city"], codes[:, None], Prepare(), {"city": texts})
    assert remarks(fitted, Prepare(), codes[:, None], {"city": texts}) == []
    codes, texts = coded(CITIES)
    fitted = fit(["city"], codes[:, None], Prepare(), {"city": texts})
    assert remarks(fitted, Prepare(), codes[:, None], {"city": texts}) == [
        "Column 'city': 2 categories have fewer than 10 TRAIN rows and count together as 'other'."
    ]


def test_rows_of_another_kind_do_not_fit_a_model() -> None:
    values, texts = mixed()
    fitted = fit(["a", "city", "b"], values, Prepare(), {"city": texts}, {"b": "date"})
    fitted.fits(("b", "city", "a", "more"), {"b": "date"}, {"city": texts})
    fitted.fits(("a", "city", "b"), {}, {"city": texts}, blank=["b"])
    for columns, forms, categories, words in (
        (("a", "b"), {"b": "date"}, {}, "no column 'city'"),
        (("a", "city", "b"), {}, {"city": texts}, "'b' holds a number, where the model was trained with a date"),
        (("a", "city", "b"), {"b": "date"}, {}, "'city' holds a number, where .* category"),
    ):
        with pytest.raises(UsageError, match=words):
            fitted.fits(columns, forms, categories)


def test_a_model_scores_new_files_whatever_the_order_of_their_categories() -> None:
    values, texts = mixed()
    fitted = fit(["a", "city", "b"], values, Prepare(), {"city": texts}, {"b": "date"})
    part = ModelPart(
        salt="00" * 32, party="shop", model="linear", link="identity", protection="shared", shift=0,
        coefficients={name: k + 1.0 for k, name in enumerate(fitted.names)}, intercept=None, preparation=fitted,
    )  # fmt: skip
    report, ids = Report(4, 0, 0), ("1", "2", "3", "4")
    new = np.array([[0.5, 0, 5], [0.5, 1, 5], [0.5, np.nan, 5], [0.5, 2, np.nan]])
    seen = {"city": ("Bonn", "Rom", "Ulm")}
    table = Table(ids, ("a", "city", "b"), new, None, report, forms={"b": "date"}, categories=seen)
    inputs = {"rows": np.arange(4), "model": part.encode()}
    flags = {"Bonn": 0, "Rom": None, "null": 2, "Ulm": None}
    expected = []
    for row, level in enumerate(("Bonn", "Rom", "null", "Ulm")):
        raw = [0.5, *(float(flags[level] == k) for k in range(3)), 5.0 if row < 3 else fitted.kept[4].impute]
        scaled = [(x - c.mean) / c.scale for x, c in zip(raw, fitted.kept, strict=True)]
        expected.append(sum(x * (k + 1) for k, x in enumerate(scaled)))
    scored = run("predict.scores", Context(inputs, table=table)).fields["scores"]
    np.testing.assert_allclose(scored, expected)
    with pytest.raises(UsageError, match="'b' holds a number"):
        run("predict.scores", Context(inputs, table=replace(table, forms={})))
