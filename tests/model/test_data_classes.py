"""Our `dataclass` does what the standard library's does, for frozen classes with slots."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from reprocheck.model.data_classes import frozen_class

Decorator = Callable[..., Callable[[type[Any]], type[Any]]]
BOTH = pytest.mark.parametrize("decorator", [dataclasses.dataclass, frozen_class], ids=["standard", "ours"])


def kinds(decorator: Decorator) -> tuple[type[Any], type[Any], type[Any]]:
    """Return a class of many kinds of fields, one of a single field, and one of none; arguments go by name."""

    @decorator(frozen=True, slots=True, kw_only=True, order=True)
    class Many:
        """Of many."""

        name: str
        count: int = 3
        items: list[int] = dataclasses.field(default_factory=list)
        hidden: str = dataclasses.field(default="secret", repr=False)
        aside: int = dataclasses.field(default=0, compare=False)
        kept: dict[str, int] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

        @property
        def twice(self) -> str:
            """The name, twice."""
            return self.name * 2

    @decorator(frozen=True, slots=True, kw_only=True)
    class One:
        """Of one."""

        only: tuple[int, ...]

        def __repr__(self) -> str:
            return f"<{self.only}>"

    @decorator(frozen=True, slots=True, kw_only=True)
    class Empty:
        """Of none."""

    return Many, One, Empty


@BOTH
def test_values_defaults_and_factories(decorator: Decorator) -> None:
    many, one, empty = kinds(decorator)
    made = many(name="a", items=[1])
    assert (made.name, made.count, made.items, made.hidden, made.aside, made.kept) == ("a", 3, [1], "secret", 0, {})
    assert many(name="a").items is not many(name="a").items
    assert (made.twice, one(only=(1,)).only, empty() == empty()) == ("aa", (1,), True)


@BOTH
def test_representation(decorator: Decorator) -> None:
    many, one, empty = kinds(decorator)
    assert repr(many(name="a")).rpartition(".")[2] == "Many(name='a', count=3, items=[], aside=0)"
    assert (repr(one(only=(1,))), repr(empty()).rpartition(".")[2]) == ("<(1,)>", "Empty()")


@BOTH
def test_equality_and_hash_look_at_what_is_compared(decorator: Decorator) -> None:
    many, one, _ = kinds(decorator)
    assert many(name="a", aside=1) == many(name="a", aside=2)
    assert many(name="a") != many(name="b")
    assert one(only=(1,)) != (1,)
    assert {one(only=(1,)), one(only=(1,))} == {one(only=(1,))}
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(many(name="a"))


@BOTH
def test_order_is_that_of_the_values_and_only_where_it_was_asked_for(decorator: Decorator) -> None:
    many, one, _ = kinds(decorator)
    small, large = many(name="a"), many(name="a", count=4)
    assert (small < large, small <= small, large > small, large >= large) == (True,) * 4
    for compare in ("__lt__", "__le__", "__gt__", "__ge__"):
        assert getattr(small, compare)("a") is NotImplemented
    with pytest.raises(TypeError, match="not supported"):
        assert one(only=()) < one(only=())


@BOTH
def test_nothing_can_be_changed_added_or_deleted(decorator: Decorator) -> None:
    made = kinds(decorator)[0](name="a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        made.name = "b"
    with pytest.raises((AttributeError, TypeError)):  # the standard library's stumbles over its own slots
        made.other = "b"
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del made.name
    assert not hasattr(made, "__dict__")


@BOTH
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, r"Many\.__init__\(\) missing 1 required keyword-only argument: 'name'"),
        ({"name": "a", "else_": 1}, r"Many\.__init__\(\) got an unexpected keyword argument 'else_'"),
        ({"name": "a", "kept": {}}, r"Many\.__init__\(\) got an unexpected keyword argument 'kept'"),
    ],
)
def test_wrong_arguments_are_named_by_the_first_and_every_call(
    decorator: Decorator, wrong: dict[str, object], said: str
) -> None:
    many = kinds(decorator)[0]
    for _ in range(2):
        with pytest.raises(TypeError, match=said):
            many(**wrong)


@BOTH
def test_the_first_instance_and_the_hundredth_are_alike(decorator: Decorator) -> None:
    @decorator(frozen=True, slots=True, kw_only=True)
    class Sealed:
        """With a field that nobody may give."""

        name: str
        count: int = 1
        seal: str = dataclasses.field(default="whole", init=False)

    one = kinds(decorator)[1]
    make: Any = Sealed  # for type checkers it takes nothing, since they do not know the decorator
    assert {one(only=(1,)) for _ in range(100)} == {one(only=(1,))}
    assert {repr(make(name="a")).rpartition(".")[2] for _ in range(100)} == {"Sealed(name='a', count=1, seal='whole')"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'seal'"):
        make(name="a", seal="broken")


@BOTH
def test_arguments_go_by_name_only(decorator: Decorator) -> None:
    with pytest.raises(TypeError, match=r"One\.__init__\(\) takes 1 positional argument but 2 were given"):
        kinds(decorator)[1]((1,))


@BOTH
def test_arguments_go_by_place_too_where_nobody_forbids_it(decorator: Decorator) -> None:
    @decorator(frozen=True, slots=True)
    class Pair:
        """Of two."""

        first: int
        second: tuple[int, ...] = ()

    Placed: Any = Pair  # noqa: N806  (for type checkers it takes nothing, since they do not know the decorator)
    assert Placed(1, (2,)) == Placed(second=(2,), first=1)
    assert hash(Placed(1)) == hash(Placed(1, ()))
    with pytest.raises(TypeError, match=r"Pair\.__init__\(\) missing 1 required positional argument: 'first'"):
        Placed()


@BOTH
def test_the_tools_of_the_standard_library_work(decorator: Decorator) -> None:
    many: Any = kinds(decorator)[0]
    made = many(name="a", items=[1])
    assert isinstance(many, type)
    assert hasattr(many, "__dataclass_fields__")
    assert dataclasses.replace(made, count=5) == many(name="a", count=5, items=[1])
    assert dataclasses.asdict(made)["items"] == [1]
    assert [field.name for field in dataclasses.fields(many)] == ["name", "count", "items", "hidden", "aside", "kept"]
    with pytest.raises(ValueError, match="kept"):
        dataclasses.replace(made, kept={})


@BOTH
def test_a_copy_is_equal_and_its_own(decorator: Decorator) -> None:
    made = kinds(decorator)[0](name="a", items=[1])
    assert copy.copy(made) == made
    deep = copy.deepcopy(made)
    assert deep == made
    assert deep.items is not made.items


def test_our_data_survives_pickling() -> None:
    from reprocheck.model.findings import PackageRef

    ref = PackageRef(manager="conda", name="numpy")
    assert pickle.loads(pickle.dumps(ref)) == ref


@pytest.mark.parametrize("missing", ["frozen", "slots"])
def test_another_kind_of_class_is_refused(missing: str) -> None:
    wanted = {"frozen": True, "slots": True, missing: False}
    with pytest.raises(TypeError, match="take `dataclasses` for another kind"):
        frozen_class(**wanted)


def test_check_loads_no_frozen_class_of_the_standard_library() -> None:
    """Each would cost half a millisecond; `dataclasses` itself is loaded, for its fields."""
    program = (
        "import reprocheck.cli.check, sys, dataclasses\n"
        "loaded = [value for name, module in list(sys.modules.items()) if name.startswith('reprocheck.')\n"
        "          for value in vars(module).values() if isinstance(value, type) and value.__module__ == name]\n"
        "print(sorted({c.__name__ for c in loaded if getattr(getattr(c, '__dataclass_params__', None), 'frozen', 0)}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
