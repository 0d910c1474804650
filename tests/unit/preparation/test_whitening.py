"""The whitened basis: a change of basis and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.preparation.whiten import Whitening, bound
from accord_schemas.errors import ProtocolError

Matrix = NDArray[np.float64]


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Matrix, Matrix]:
    """Prepared rows with some dependent columns and an intercept, and a penalty that spares it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m, rank = draw(st.integers(1, 80)), draw(st.integers(0, 6)), draw(st.integers(1, 6))
    X = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, m))
    X = np.c_[np.clip(X, -32, 32), np.ones(n)]
    return X, np.r_[np.full(m, draw(st.sampled_from([0.0, 0.01, 3.0]))), 0.0]


def damped(X: Matrix, ridge: Matrix) -> Matrix:
    G = X.T @ X / len(X) + np.diag(ridge)
    return np.asarray(G + 1e-4 * np.trace(G) / len(G) * np.eye(len(G)))


@given(blocks())
def test_the_factor_is_lower_triangular_and_that_of_the_damped_gram_matrix(block: tuple[Matrix, Matrix]) -> None:
    L = Whitening.fit(*block).L
    want = damped(*block)
    assert np.array_equal(L, np.tril(L)) and (np.diag(L) > 0).all()
    np.testing.assert_allclose(L @ L.T, want, rtol=0, atol=1e-5 * np.trace(want))  # 20 fraction bits


@given(blocks())
def test_transformed_columns_are_nearly_orthonormal(block: tuple[Matrix, Matrix]) -> None:
    X, ridge = block
    whitening = Whitening.fit(X, ridge)
    Z, identity = whitening.transform(X), np.eye(len(ridge))
    damping = 1e-4 * np.trace(damped(X, ridge)) / 1.0001 / len(ridge)
    whole = Z.T @ Z / len(X) + whitening.ridge_matrix(ridge) + whitening.ridge_matrix(np.full(len(ridge), damping))
    np.testing.assert_allclose(whole, identity, rtol=0, atol=0.02)


@given(blocks(), st.integers(0, 2**32))
def test_weights_and_gradients_change_basis_consistently(block: tuple[Matrix, Matrix], seed: int) -> None:
    X, ridge = block
    whitening, rng = Whitening.fit(X, ridge), np.random.default_rng(seed)
    w, residual = rng.normal(size=len(ridge)), rng.normal(size=len(X))
    there, Z = whitening.L.T @ w, whitening.transform(X)
    np.testing.assert_allclose(whitening.back(there), w, rtol=0, atol=1e-9)
    np.testing.assert_allclose(Z @ there, X @ w, rtol=0, atol=1e-9)
    np.testing.assert_allclose(whitening.gradient(Z.T @ residual), X.T @ residual, rtol=0, atol=1e-8)
    M = whitening.ridge_matrix(ridge)
    assert np.array_equal(M, M.T)
    np.testing.assert_allclose(there @ M @ there, w @ (ridge * w), rtol=1e-7, atol=1e-9)


def test_independent_columns_become_the_identity() -> None:
    X = np.random.default_rng(0).normal(size=(2000, 5)) @ np.random.default_rng(1).normal(size=(5, 5))
    Z = Whitening.fit(X, np.zeros(5)).transform(X)
    want = np.eye(5)
    np.testing.assert_allclose(Z.T @ Z / 2000, want, atol=0.05)
    assert np.linalg.cond(Z) < 1.05 < np.linalg.cond(X)


def test_blocks_of_rows_add_up() -> None:
    X = np.random.default_rng(0).uniform(-32, 32, size=(3 * 4096 + 5, 3))
    whitening = Whitening.fit(X, np.zeros(3))
    np.testing.assert_allclose(whitening.L, np.linalg.cholesky(damped(X, np.zeros(3))), atol=1e-5)
    extreme = np.full((2 * 4096, 2), 32.0)  # the largest products, which must not overflow
    assert Whitening.fit(extreme, np.zeros(2)).L[0, 0] ** 2 == pytest.approx(1024 * 1.0001)


def test_the_order_of_rows_does_not_show() -> None:
    X = np.random.default_rng(0).normal(size=(5000, 4))
    one, other = (Whitening.fit(block, np.zeros(4)).L for block in (X, np.asfortranarray(X[::-1])))
    assert one.tobytes() == other.tobytes()


def test_a_single_row_and_equal_columns_have_a_basis() -> None:
    for X in (np.ones((1, 3)), np.repeat(np.arange(5.0)[:, None], 4, axis=1)):
        assert np.isfinite(Whitening.fit(X, np.zeros(X.shape[1])).transform(X)).all()


def test_zero_columns_alone_have_none() -> None:
    with pytest.raises(ProtocolError):
        Whitening.fit(np.zeros((5, 2)), np.zeros(2))


@pytest.mark.parametrize("X", [np.full((2, 2), 32.1), np.full((2, 2), np.nan), np.ones((0, 2)), np.ones((2, 3))])
def test_unprepared_blocks_are_refused(X: Matrix) -> None:
    with pytest.raises(ValueError, match="whitening"):
        Whitening.fit(X, np.zeros(2))


def test_the_factor_does_not_show() -> None:
    assert repr(Whitening(np.full((1, 1), 0.123))) == "Whitening(<secret of 1 columns>)"


@pytest.mark.parametrize(
    ("largest", "exponent"),
    [(0.0, 0), (0.3, 0), (1.0, 0), (1.0000001, 1), (-2.0, 1), (4.0, 2), (4.1, 3), (-4096.0, 12)],
)
def test_the_announced_exponent_is_the_smallest_that_covers(largest: float, exponent: int) -> None:
    assert bound(np.array([[0.0, largest]])) == exponent


@pytest.mark.parametrize("largest", [4096.5, 1e300])
def test_values_out_of_range_end_the_job_without_saying_which(largest: float) -> None:
    with pytest.raises(ProtocolError) as error:
        bound(np.array([[largest]]))
    assert str(error.value) == "a whitened value is out of range"
