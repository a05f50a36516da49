"""What the ledger gives to a step, and what it keeps for the next one."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="losses are tensors", exc_type=ImportError)

from reprocheck.worker.watching.ledger import MAX_EVENTS, Ledger


def test_the_order_of_batches_counts_and_a_device_may_take_its_time() -> None:
    first, second, late = Ledger(), Ledger(), Ledger()
    for ledger, order in ((first, (1, 2)), (second, (2, 1))):
        for part in order:
            ledger.add_batch((part, []))
    late.add_batch((1, []))
    late.add_batch((0, [torch.tensor(2)]))
    assert first.data()() != second.data()()
    assert first.data()() == late.data()()
    assert Ledger().data()() == "0" * 16


def test_losses_are_divided_by_their_scale_and_gone_with_the_step() -> None:
    ledger = Ledger()
    ledger.add_loss(torch.tensor(6.0), torch.tensor(4.0))
    ledger.add_loss(torch.tensor(2.0))
    losses = ledger.losses()
    ledger.begin_next()
    assert (losses(), ledger.has_losses(), ledger.losses()()) == ([1.5, 2.0], False, [])


def test_the_norm_before_the_first_clipping_behind_a_backward_pass_counts() -> None:
    ledger, both, one = Ledger(), frozenset({1, 2}), frozenset({1})
    ledger.begin_backward()
    ledger.add_norm(both, "before")
    ledger.add_norm(one, "behind")
    assert (ledger.norms(one), ledger.norms(both)) == (["before"], [])
    ledger.add_norm(both, "old")
    ledger.begin_backward()
    ledger.add_norm(both, "new")
    assert ledger.norms(frozenset({3})) == []
    assert ledger.norms(both) == ["new"]


def test_endless_events_are_cut() -> None:
    ledger = Ledger()
    for _ in range(MAX_EVENTS + 1):
        ledger.note("F")
    assert ledger.events == "F" * MAX_EVENTS
