"""One typed declaration an option: from here come call, magic line, help, checks, sliders and schema."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from jupyter_phys.core.errors import Refused, unknown


def option(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    log: bool = False,
    axis: bool = False,
    single: bool = False,
    gives: Iterable[str] = (),
) -> Any:
    """Declare a setting: its default, one sentence, limits (inclusive), unit.

    ``log`` asks for a logarithmic slider; ``axis`` says that ``measure`` takes a whole list of values,
    ``single`` that no list makes sense; ``gives`` names the variables that depend on it (none named: all do).
    """
    extra: dict[str, Any] = {"unit": unit, "log": log, "axis": axis, "single": single, "gives": list(gives)}
    limits = {"minimum": low, "maximum": high}
    extra |= {name: value for name, value in limits.items() if value is not None}
    return Field(default, description=description, json_schema_extra=extra)


class Option(NamedTuple):
    """What was declared about one setting."""

    name: str
    default: Any
    description: str
    annotation: Any
    low: float | None
    high: float | None
    unit: str
    log: bool
    axis: bool
    single: bool
    gives: tuple[str, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """The words it accepts, if it is a choice."""
        found = [self.annotation, *get_args(self.annotation)]
        words = [word for part in found for word in get_args(part) or (part,) if isinstance(word, str)]
        return tuple(dict.fromkeys(words))

    @property
    def allowed(self) -> str:
        """Type, choices and limits in words."""
        if self.choices:
            return " · ".join(self.choices)
        unit = f" {self.unit}" if self.unit else ""
        limits = f", {_bound(self.low, '−∞')} … {_bound(self.high, '∞')}"
        return _type_name(self.annotation) + (limits if (self.low, self.high) != (None, None) else "") + unit


def _bound(value: float | None, open_end: str) -> str:
    return open_end if value is None else f"{value:g}"


def _type_name(annotation: Any) -> str:
    names = {int: "whole number", float: "number", bool: "True or False", str: "text", type(None): "None"}
    parts = get_args(annotation) or (annotation,)
    if getattr(annotation, "__origin__", None) is tuple:
        return "tuple" if parts[-1] is ... else f"tuple of {len(parts)}"
    return " or ".join(names.get(part, _type_name(part) if get_args(part) else str(part)) for part in parts)


def declared(name: str, field: FieldInfo) -> Option:
    """Read back what :func:`option` declared."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    known: dict[str, Any] = {"unit": "", "log": False, "axis": False, "single": False, "gives": (), **extra}
    return Option(
        name, field.default, field.description or "", field.annotation, known.get("minimum"), known.get("maximum"),
        known["unit"], known["log"], known["axis"], known["single"], tuple(known["gives"]),
    )  # fmt: skip


def plain(value: Any) -> Any:
    """A numpy or torch scalar as a Python number; everything else as it is."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


class Settings(BaseModel):
    """Base of every instrument's settings: frozen, validated, printed, saved, offered as sliders."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:
        """Settings from names and values.

        Raises:
            Refused: unknown name, wrong type, or a value outside the limits.
        """
        options = self.options()
        for name in values:
            if name not in options:
                raise unknown("setting", name, options)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _translate(error, options) from None

    @field_validator("*", mode="before")
    @classmethod
    def _plain_numbers(cls, value: Any) -> Any:
        return plain(value)

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        for one in self.options().values():
            for number in _numbers(getattr(self, one.name)):
                if not math.isfinite(number) or not _inside(number, one.low, one.high):
                    given = f"{one.name}={getattr(self, one.name)!r}"
                    raise Refused(f"{one.name} is outside its limits.", given=given, allowed=one.allowed)
        return self

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Every declared option by name."""
        return {name: declared(name, field) for name, field in cls.model_fields.items()}

    def changed(self) -> set[str]:
        """The settings that differ from their defaults."""
        return {name for name, one in self.options().items() if getattr(self, name) != one.default}

    def said(self, names: Collection[str]) -> str:
        """The settings of these names, as they would be typed."""
        told = {name: getattr(self, name) for name in self.options() if name in names}
        return " ".join(f"{n}={v:g}" if isinstance(v, float) else f"{n}={v}" for n, v in told.items())


def _numbers(value: Any) -> list[float]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, (int, float)):
        return [value]
    return [n for part in value for n in _numbers(part)] if isinstance(value, tuple) else []


def _inside(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _translate(error: ValidationError, options: Mapping[str, Option]) -> Refused:
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, Refused):
        return cause
    name = str(first["loc"][0]) if first["loc"] else ""
    if name not in options:
        return Refused(first["msg"])
    return Refused(
        f"{name}: {options[name].description}", given=f"{name}={first['input']!r}", allowed=options[name].allowed
    )
