"""AES-128 by the processor's own instructions, for loops that numba compiles: one block at a time, or four.

Between a node and its children, or a leaf and its word, nothing leaves the registers. The blocks are the same as those
of `blocks.Permutation`, whose keys are no secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.core.cgutils import get_or_insert_function
from numba.core.registry import cpu_target

from accord_protocols.primitives.compiling import kernel

intrinsic: Callable[[Callable[..., Any]], Any] = extending.intrinsic
ROUNDS = 10
_CONSTANTS = (1, 2, 4, 8, 16, 32, 64, 128, 27, 54)
_WORD, _LANE = ir.IntType(64), ir.IntType(32)


def _features() -> list[str]:
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    return features.split(",") if triple.startswith("x86_64") else []


THERE = "+aes" in _features()
"""Whether what is compiled for this processor may use the instructions."""
FOUR = 4 if {"+vaes", "+avx512f"} <= set(_features()) else 1
"""Blocks that one instruction takes."""


def _blocks(count: int) -> Any:
    return ir.VectorType(_WORD, 2 * count)


def _chosen(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_LANE, len(lanes)), lanes))


def _each(count: int, *lanes: int) -> list[int]:
    """Lanes of a block, for each of so many; from 2 on those of the second operand."""
    return [2 * k + (lane if lane < 2 else 2 * count + lane - 2) for k in range(count) for lane in lanes]


class _Coder:
    """Writes what one of the functions below does with the arrays that it is given.

    Args:
        context: Of numba.
        builder: Where the instructions go.
        kinds: Of the arguments.
        arguments: Arrays of words, and numbers.
        count: Blocks at a time.
    """

    def __init__(self, context: Any, builder: Any, kinds: Any, arguments: Any, count: int = 1) -> None:
        self.builder, self.count, self._arguments = builder, count, arguments
        self._words = [
            context.make_array(kind)(context, builder, argument).data if isinstance(kind, types.Array) else None
            for kind, argument in zip(kinds, arguments, strict=True)
        ]

    def pointer(self, array: int, block: Any, count: int) -> Any:
        at = self.builder.gep(self._words[array], [self.builder.mul(block, ir.Constant(_WORD, 2))])
        return self.builder.bitcast(at, _blocks(count).as_pointer())

    def number(self, argument: int, times: int = 1, plus: int = 0) -> Any:
        scaled = self.builder.mul(self._arguments[argument], ir.Constant(_WORD, times))
        return self.builder.add(scaled, ir.Constant(_WORD, plus))

    def load(self, array: int, block: Any) -> Any:
        return self.builder.load(self.pointer(array, block, self.count), align=8)

    def store(self, value: Any, array: int, block: Any) -> None:
        self.builder.store(value, self.pointer(array, block, self.count), align=8)

    def spread(self, array: int, block: Any) -> Any:
        """One block, as often as there are some at a time."""
        one = self.builder.load(self.pointer(array, block, 1), align=8)
        return one if self.count == 1 else _chosen(self.builder, one, one, [0, 1] * self.count)

    def encrypted(self, block: Any) -> Any:
        """Under the round keys in the first array."""
        suffix = "" if self.count == 1 else f".{128 * self.count}"
        kinds = ir.FunctionType(block.type, [block.type, block.type])
        names = [f"llvm.x86.aesni.{name}{suffix}" for name in ("aesenc", "aesenclast")]
        between, last = (get_or_insert_function(self.builder.module, kinds, name) for name in names)
        keys = [self.spread(0, ir.Constant(_WORD, k)) for k in range(ROUNDS + 1)]
        block = self.builder.xor(block, keys[0])
        for key in keys[1:-1]:
            block = self.builder.call(between, [block, key])
        return self.builder.call(last, [block, keys[-1]])


@intrinsic
def _expand(typing: Any, keys: Any) -> Any:
    """Round keys ``(22,)`` of the key in the first block."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        coder, quarters = _Coder(context, builder, signature.args, arguments), ir.VectorType(_LANE, 4)
        kind = ir.FunctionType(_blocks(1), [_blocks(1), ir.IntType(8)])
        helper = get_or_insert_function(builder.module, kind, "llvm.x86.aesni.aeskeygenassist")
        key, zeros = coder.load(0, ir.Constant(_WORD, 0)), ir.Constant(quarters, None)
        for number, constant in enumerate(_CONSTANTS, 1):
            word = builder.bitcast(builder.call(helper, [key, ir.Constant(ir.IntType(8), constant)]), quarters)
            word, parts = _chosen(builder, word, word, [3, 3, 3, 3]), builder.bitcast(key, quarters)
            for lanes in ([0, 1, 2, 3], [4, 0, 1, 2], [4, 4, 0, 1], [4, 4, 4, 0]):  # moved up by so many quarters
                word = builder.xor(word, _chosen(builder, parts, zeros, lanes))
            key = builder.bitcast(word, _blocks(1))
            coder.store(key, 0, ir.Constant(_WORD, number))
        return context.get_dummy_value()

    return types.void(keys), code


def _parted(count: int) -> Any:
    @intrinsic
    def parted(typing: Any, keys: Any, x: Any, group: Any) -> Any:
        """Children of some nodes: π(σ(x)) ⊕ σ(x) at twice their places, what is left of x behind each."""

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            coder = _Coder(context, builder, signature.args, arguments, count)
            parents = coder.load(1, coder.number(2, count))
            zeros = ir.Constant(parents.type, None)
            turned = _chosen(builder, parents, parents, _each(count, 1, 0))
            turned = builder.xor(turned, _chosen(builder, parents, zeros, _each(count, 2, 1)))
            left = builder.xor(coder.encrypted(turned), turned)
            right = builder.xor(parents, left)
            both = [lane + side for k in range(count) for side in (0, 2 * count) for lane in (2 * k, 2 * k + 1)]
            coder.store(_chosen(builder, left, right, both[: 2 * count]), 1, coder.number(2, 2 * count))
            coder.store(_chosen(builder, left, right, both[2 * count :]), 1, coder.number(2, 2 * count, count))
            return context.get_dummy_value()

        return types.void(keys, x, group), code

    return parted


parted, parted_four = _parted(1), _parted(FOUR)


@intrinsic
def permuted(typing: Any, keys: Any, x: Any, group: Any) -> Any:
    """`FOUR` blocks in place: π(x)."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        coder = _Coder(context, builder, signature.args, arguments, FOUR)
        at = coder.number(2, FOUR)
        coder.store(coder.encrypted(coder.load(1, at)), 1, at)
        return context.get_dummy_value()

    return types.void(keys, x, group), code


@intrinsic
def words(typing: Any, keys: Any, y: Any, group: Any, tweaks: Any, vector: Any, out: Any) -> Any:
    """Of `FOUR` blocks the low words of π(y ⊕ τ) ⊕ y."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        coder = _Coder(context, builder, signature.args, arguments, FOUR)
        block, tweak = coder.load(1, coder.number(2, FOUR)), coder.spread(3, coder.number(4))
        found = builder.xor(coder.encrypted(builder.xor(block, tweak)), block)
        low = _chosen(builder, found, found, [2 * k for k in range(FOUR)])
        at = builder.gep(coder._words[5], [coder.number(2, FOUR)])
        builder.store(low, builder.bitcast(at, low.type.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(keys, y, group, tweaks, vector, out), code


@kernel
def expanded(key: Any) -> Any:
    """Round keys ``(22,)`` of a key ``(2,)``."""
    keys = np.empty(2 * (ROUNDS + 1), np.uint64)
    keys[0], keys[1] = key[0], key[1]
    _expand(keys)
    return keys
