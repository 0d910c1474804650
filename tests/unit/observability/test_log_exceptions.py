"""What the log says of an exception: its kinds and places, never its text."""

from __future__ import annotations

import io
import json

from pydantic import BaseModel, ValidationError

from accord_agents.observability.logs import described, logger


class Row(BaseModel):
    """Refuses text, and its error shows the value."""

    spend: float


def broken(value: str) -> ValidationError:
    try:
        Row.model_validate({"spend": value})
    except ValidationError as error:
        return error
    raise AssertionError


def test_no_value_of_a_row_reaches_the_log() -> None:
    stream = io.StringIO()
    error = broken("secret of a customer")
    assert "secret of a customer" in str(error), "what a library says holds the value"
    logger(stream).error("poison", exc_info=error)
    assert "customer" not in stream.getvalue()
    (said,) = json.loads(stream.getvalue())["exception"]
    assert said.startswith("ValidationError at ") and "in " in said


def test_causes_are_named_outermost_first() -> None:
    try:
        try:
            raise KeyError("inner secret")
        except KeyError as inner:
            raise RuntimeError("outer secret") from inner
    except RuntimeError as error:
        kinds = [line.split(" at ")[0] for line in described(error)]
    assert kinds == ["RuntimeError", "KeyError"]
