from __future__ import annotations

import pytest

from reprocheck.model.fingerprints import (
    collected,
    fingerprint_digest,
    one_line,
    package_url,
    unread,
    unread_reason,
    unread_status,
    value_at,
    withheld_pointers,
)
from reprocheck.model.json_documents import Json


@pytest.mark.parametrize("value", [None, "ok", 3, [], {}, {"status": 3}, {"status": "ok", "version": "1"}])
def test_a_value_is_not_taken_for_an_unread_one(value: Json) -> None:
    assert unread_status(value) is None


def test_an_unread_value_tells_status_and_reason() -> None:
    assert unread_status(unread("timeout", "no answer within 20 s")) == "timeout"
    assert unread_reason(unread("timeout", "no answer within 20 s")) == "timeout: no answer within 20 s"
    assert unread_reason(unread("missing")) == "missing"


def test_a_value_is_found_under_its_keys() -> None:
    assert value_at({"a": {"b": 3}}, "a", "b") == 3


@pytest.mark.parametrize("document", [{}, {"a": 3}, {"a": ["b"]}, None])
def test_a_value_that_is_not_there_is_missing(document: Json) -> None:
    assert value_at(document, "a", "b") == {"status": "missing", "detail": "not in this fingerprint"}


def test_an_unread_value_on_the_way_stands_for_all_below_it() -> None:
    assert value_at({"a": unread("denied")}, "a", "b", "c") == {"status": "denied"}


def test_a_source_is_ok_or_has_the_status_of_its_failure() -> None:
    assert collected("nvml", {"version": "535"}) == {"source": "nvml", "status": "ok"}
    assert collected("nvml", unread("denied", "why")) == {"source": "nvml", "status": "denied", "detail": "why"}
    assert collected("nvml", unread("denied")) == {"source": "nvml", "status": "denied"}


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint_digest({"a": 1, "b": 2}) == fingerprint_digest({"b": 2, "a": 1})
    assert fingerprint_digest({"a": 1}) != fingerprint_digest({"a": 2})


def test_withheld_values_are_pointed_at() -> None:
    hidden = "<withheld sha256:0123456789ab>"
    document: Json = {"b": [hidden, "x"], "a/b": {"~": hidden}, "c": "free", "d": 3}
    assert list(withheld_pointers(document)) == ["/a~1b/~0", "/b/0"]


def test_a_foreign_message_becomes_one_short_line_without_paths() -> None:
    assert one_line("cannot open\n /home/alice/x, sorry") == "cannot open <path>, sorry"
    assert one_line("Driver/library version mismatch") == "Driver/library version mismatch"
    assert len(one_line("x" * 500)) == 200


def test_a_python_package_has_a_pypi_url() -> None:
    package = {"name": "Typing_Extensions", "version": "4.1+cu", "manager": "pip"}
    assert package_url(package) == "pkg:pypi/typing-extensions@4.1%2Bcu"


def test_a_conda_package_has_its_build_in_the_url() -> None:
    package: dict[str, Json] = {"name": "numpy", "version": "1.26.4", "manager": "conda", "build": "py311_0"}
    package |= {"channel": "conda-forge", "subdir": "linux-64"}
    assert package_url(package) == "pkg:conda/numpy@1.26.4?build=py311_0&channel=conda-forge&subdir=linux-64"
    assert package_url({"name": "x", "version": "1", "manager": "conda"}) == "pkg:conda/x@1"
