"""Keep the watch away from the program: a fault of ours switches the watch off, and is never the program's."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Callable, Optional

After = Callable[[Any], None]
Before = Callable[[Any, Any], Optional[After]]  # of positional and named arguments


class Guard:
    """Runs what hooks do; the first fault ends the watch and is told once by `tell(where, error)`."""

    def __init__(self, torch: Any, tell: Callable[[str, BaseException], None]) -> None:
        self.is_on = True
        self.is_traced = tracing_test(torch)
        self.has_gradients: Callable[[], bool] = torch.is_grad_enabled  # to be asked outside of `hold`
        self._torch = torch
        self._tell = tell

    def hold(self, where: str, act: Callable[..., Any], *args: Any) -> Any:
        """Return `act(*args)`, or None where the watch is off or ends by this."""
        if not self.is_on:
            return None
        try:
            with self._torch.no_grad():
                return act(*args)
        except Exception as error:  # whatever it is, the program must not see it
            self.end(where, error)
            return None

    def stay_out_of_graphs(self) -> None:
        """Let no compiler see what hooks do: where compiled code was left, it compiles every function that is called.

        It takes a second to load, so this is for programs that compile.
        """
        self.hold = self._torch._dynamo.disable(self.hold)  # type: ignore[method-assign]

    def end(self, where: str, error: BaseException) -> None:
        """Switch the watch off and tell why."""
        self.is_on = False
        with contextlib.suppress(Exception):  # the disk is full, perhaps: there is nobody left to tell
            self._tell(where, error)

    def patch(self, owner: Any, name: str, before: Before) -> None:
        """Let `owner.name` call `before` first, and what `before` returned, if anything, with its result.

        A call that torch.compile traces goes to the original alone, so that no graph changes.
        """
        original = getattr(owner, name)
        is_traced = self.is_traced

        @functools.wraps(original)
        def patched(*args: Any, **kwargs: Any) -> Any:
            if is_traced() or not self.is_on:
                return original(*args, **kwargs)
            after = self.hold(name, before, args, kwargs)
            result = original(*args, **kwargs)
            if after is not None:
                self.hold(name, after, result)
            return result

        setattr(owner, name, patched)


def tracing_test(torch: Any) -> Callable[[], bool]:
    """Return the function that tells whether torch.compile is tracing; torch before 2.3 has none."""
    return getattr(getattr(torch, "compiler", None), "is_compiling", None) or _never


def _never() -> bool:
    return False
