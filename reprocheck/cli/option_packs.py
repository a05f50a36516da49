"""Hand many options of a command over as one frozen value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

Callback = Callable[..., int]
Decorator = Callable[[Callback], Callback]


def packed_as(kind: type[Any], options: Sequence[Decorator]) -> Decorator:
    """Return a decorator that adds `options` to a command and hands those that `kind` names over as `choices`."""
    names = [field.name for field in fields(kind)]

    def decorate(callback: Callback) -> Callback:
        @functools.wraps(callback)
        def packed(**values: object) -> int:
            choices = kind(**{name: values.pop(name) for name in names})  # click checked the kinds
            return callback(choices=choices, **values)

        decorated: Callback = packed
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
