"""What a preparation shall do: the scenario's section `prepare`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """The steps, which run in this order whatever the order of the keys.

    Attributes:
        impute: What fills nulls: the column's mean or median over TRAIN rows, or this number.
        winsorise: Clip to mean ± this many standard deviations; None is off.
        drop_variance_below: Columns of a smaller variance, in the squared unit of the column, are dropped.
        scale: To mean 0 and variance 1 (ddof 0); None is off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    impute: Literal["mean", "median"] | Annotated[float, Field(ge=-1e100, le=1e100)] = "mean"
    winsorise: Annotated[float, Field(gt=0, le=1e6)] | None = 5.0
    drop_variance_below: Annotated[float, Field(ge=0)] = 1e-8
    scale: Literal["standard"] | None = "standard"
