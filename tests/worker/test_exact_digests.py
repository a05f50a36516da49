from __future__ import annotations

import itertools
import struct
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)

from reprocheck.worker import exact_digests
from reprocheck.worker.digest_plans import (
    GROUP,
    ROW,
    group_weights,
    odd_weights,
    row_weights,
    small_weights,
)
from reprocheck.worker.exact_digests import digest, digests, to_hex
from reprocheck.worker.hashing import key_of

CPU = torch.device("cpu")
WORD = 1 << 64
DTYPES = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.complex64,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.uint8,
    torch.bool,
]


def hashed(tensor: Any) -> str:
    return to_hex(int(digest(tensor)))


def by_definition(tensor: Any) -> int:
    """The digest as its docstring says it, in Python's integers."""
    raw = bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())
    words = [word for (word,) in struct.iter_unpack("<i", raw + bytes(-len(raw) % 4))]
    small, groups = small_weights(CPU, torch.int64).tolist(), group_weights(CPU).tolist()
    rows, tail = row_weights(CPU, len(words) // ROW + 1).tolist(), odd_weights("tail", ROW, CPU).tolist()
    total = key_of("exact digest", tensor.dtype, list(tensor.shape))
    for place, word in enumerate(words):
        row, column = divmod(place, ROW)
        in_full_row = row < len(words) // ROW
        total += word * rows[row] * (small[column % GROUP] * groups[column // GROUP] if in_full_row else tail[column])
    return total % WORD


@pytest.fixture
def one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (4, 5), (ROW,), (ROW + 3,), (3, ROW)], ids=str)
def test_the_digest_is_the_sum_that_it_says_it_is(dtype: Any, shape: tuple[int, ...]) -> None:
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(1)).mul(9).to(dtype)
    assert int(digest(tensor)) % WORD == by_definition(tensor)


def test_the_sum_of_a_group_is_exact_in_float64() -> None:
    assert int(small_weights(CPU, torch.int64).sum()) * 2**31 < 2**53
    assert len(set(small_weights(CPU, torch.int64).tolist())) == GROUP


@pytest.mark.parametrize("extreme", [-(2**31), 2**31 - 1])
def test_the_largest_words_are_added_without_rounding(extreme: int) -> None:
    tensor = torch.full((2, ROW), extreme, dtype=torch.int32)
    tensor[0, 0] += 1 if extreme < 0 else -1
    assert int(digest(tensor)) % WORD == by_definition(tensor)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_the_number_of_threads_does_not_matter(threads: int, one_thread: None) -> None:
    tensors = [torch.arange(count, dtype=torch.float32).sqrt() for count in (5, ROW, 12 * ROW, 20 * ROW + 7)]
    alone = digests(tensors).tolist()
    torch.set_num_threads(threads)
    assert digests(tensors).tolist() == alone


def test_integers_and_floats_give_the_same_sums_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_digests, "INTEGER_ROWS", 4)
    pieces = [torch.arange(count * ROW, dtype=torch.int32) * 7919 for count in (1, 3, 9, 8, 4)]
    floats = exact_digests._by_floats(pieces, 25)
    assert torch.equal(exact_digests._by_integers(pieces), floats)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2 * ROW + 9), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_digests_do_not_depend_on_the_company(counts: list[int], random: Any) -> None:
    tensors = [torch.randn(count, generator=torch.Generator().manual_seed(count)) for count in counts]
    alone = [int(digest(tensor)) for tensor in tensors]
    order = random.sample(range(len(tensors)), len(tensors))
    assert digests(tensors).tolist() == alone
    assert digests([tensors[place] for place in order]).tolist() == [alone[place] for place in order]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3 * ROW), st.integers(0, 31), st.data())
def test_one_bit_anywhere_changes_the_digest(count: int, bit: int, data: Any) -> None:
    place = data.draw(st.integers(0, count - 1))
    tensor = torch.randn(count, generator=torch.Generator().manual_seed(count))
    changed = tensor.clone().view(torch.int32)
    changed[place] ^= 1 << bit if bit < 31 else -(2**31)
    assert int(digest(changed.view(torch.float32))) != int(digest(tensor))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 3 * ROW), st.data())
def test_two_elements_that_change_places_change_the_digest(count: int, data: Any) -> None:
    first, second = data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True))
    tensor = torch.arange(count, dtype=torch.float32)
    changed = tensor.clone()
    changed[first], changed[second] = tensor[second], tensor[first]
    assert int(digest(changed)) != int(digest(tensor))


def test_every_pair_of_signs_within_a_group_is_seen() -> None:
    tensor = torch.ones(ROW)
    flipped = []
    for pair in itertools.combinations(range(GROUP), 2):
        flipped.append(tensor.clone())
        flipped[-1][list(pair)] *= -1
    assert int(digest(tensor)) not in digests(flipped).tolist()


def test_noise_of_opposite_signs_does_not_cancel() -> None:
    tensor = torch.ones(2 * ROW).view(torch.int32)
    changed = tensor.clone()
    changed[0::2] += 1
    changed[1::2] -= 1
    assert hashed(changed) != hashed(tensor)


def test_a_reversed_tensor_and_exchanged_rows_are_others() -> None:
    tensor = torch.arange(4.0 * ROW).view(4, ROW)
    others = [tensor.flip(0), tensor.flip(1), tensor[[1, 0, 2, 3]], tensor.t().reshape(4, ROW), -tensor]
    assert len({hashed(one) for one in [tensor, *others]}) == 6


def test_the_two_zeros_differ_and_equal_bits_of_nan_do_not() -> None:
    assert hashed(torch.tensor([0.0])) != hashed(torch.tensor([-0.0]))
    assert hashed(torch.tensor([float("nan")])) == hashed(torch.tensor([float("nan")]))
    quiet, other = torch.tensor([0x7FC00000, 0x7FC00001], dtype=torch.int32).view(torch.float32).split(1)
    assert hashed(quiet) != hashed(other)


def test_the_same_bytes_of_another_type_or_shape_are_another_tensor() -> None:
    tensor = torch.zeros(12)
    others = [
        tensor.view(3, 4),
        tensor.view(4, 3),
        tensor.to(torch.int32),
        tensor[:11],
        torch.zeros(0),
        torch.zeros(()),
    ]
    assert len({hashed(one) for one in [tensor, *others]}) == 7


def test_zeros_that_fill_the_last_word_are_no_elements() -> None:
    assert hashed(torch.ones(3, dtype=torch.uint8)) != hashed(torch.tensor([1, 1, 1, 0], dtype=torch.uint8))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_layout_in_memory_does_not_matter(dtype: Any) -> None:
    whole = torch.randn(2 * 67, 65, generator=torch.Generator().manual_seed(1)).mul(9).to(dtype)
    for view in (whole.t(), whole[1:, 1:], whole[::2], whole[0].expand(70, 65), whole[3, 1:4], whole[1:2, 1]):
        assert hashed(view) == hashed(view.clone(memory_format=torch.contiguous_format))


def test_channels_last_is_the_same_tensor() -> None:
    images = torch.randn(2, 3, 32, 32)
    assert hashed(images.contiguous(memory_format=torch.channels_last)) == hashed(images)


def test_lazy_conjugation_and_negation_are_looked_through() -> None:
    tensor = torch.randn(5, dtype=torch.complex64)
    assert hashed(tensor.conj()) == hashed(tensor.conj().resolve_conj())
    assert hashed(tensor.conj().imag) == hashed(-tensor.imag)
    assert hashed(tensor.conj()) != hashed(tensor)


def test_a_sparse_tensor_is_its_indices_and_values() -> None:
    square = torch.tensor([[0.0, 2.0], [3.0, 0.0]])
    moved, larger = torch.tensor([[2.0, 0.0], [3.0, 0.0]]), torch.tensor([[0.0, 2.0], [4.0, 0.0]])
    found = {hashed(one.to_sparse()) for one in (square, square.clone(), moved, larger)}
    assert len(found) == 3
    mixed = digests([square, square.to_sparse(), moved]).tolist()
    assert mixed == [int(digest(one)) for one in (square, square.to_sparse(), moved)]


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_a_compressed_sparse_tensor_has_a_digest() -> None:
    square = torch.tensor([[0.0, 2.0], [3.0, 0.0]])
    assert hashed(square.to_sparse_csr()) != hashed((square * 2).to_sparse_csr())


class Boxed(torch.Tensor):  # type: ignore[misc, name-defined, unused-ignore]
    """A subclass that counts what is called on it."""

    calls = 0

    @classmethod
    def __torch_function__(cls, *args: Any, **kwargs: Any) -> Any:
        cls.calls += 1
        return super().__torch_function__(*args, **kwargs)


def test_a_subclass_of_tensors_is_not_called() -> None:
    boxed = torch.ones(3).as_subclass(Boxed)
    before = Boxed.calls
    assert hashed(boxed) == hashed(torch.ones(3))
    assert Boxed.calls == before


def test_a_parameter_is_read_without_a_trace_in_autograd() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    found = digest(parameter)
    assert not found.requires_grad
    assert hashed(parameter) == hashed(torch.ones(3))
    assert parameter._version == 0


def test_digests_of_inference_mode_do_not_spoil_later_ones() -> None:
    with torch.inference_mode():
        inside = hashed(torch.ones(3 * ROW))
    assert hashed(torch.ones(3 * ROW)) == inside


def test_no_random_number_is_drawn() -> None:
    before = torch.get_rng_state()
    hashed(torch.ones(5 * ROW + 1))
    assert torch.equal(torch.get_rng_state(), before)


def test_no_tensors_have_no_digests() -> None:
    assert digests([]).tolist() == []


def test_more_kinds_than_are_kept_are_no_trouble() -> None:
    first = hashed(torch.ones(1))
    for count in range(2, 100):
        hashed(torch.ones(count))
    assert hashed(torch.ones(1)) == first


def test_digits_are_sixteen_and_one_to_one() -> None:
    assert to_hex(0) == "0" * 16
    assert to_hex(-1) == to_hex(WORD - 1)
    assert len({to_hex(value) for value in range(1000)}) == 1000
    assert all(len(to_hex(value)) == 16 for value in (1, -1, 2**63))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_tensor_has_the_digest_of_its_copy_on_the_cpu() -> None:
    tensors = [torch.randn(count).to(dtype) for count in (0, 3, 5 * ROW + 1, 3000 * ROW) for dtype in DTYPES]
    assert digests([one.cuda() for one in tensors]).tolist() == digests(tensors).tolist()
    mixed = [one.cuda() if place % 2 else one for place, one in enumerate(tensors)]
    assert digests(mixed).tolist() == digests(tensors).tolist()
