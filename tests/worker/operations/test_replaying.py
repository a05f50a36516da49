"""Replaying operations: digests come again, one wrong bit is seen, and hostile texts end in a word."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="operations are torch's", exc_type=ImportError)

from reprocheck.worker.operations.cancellation import VARIANTS, variants_of
from reprocheck.worker.operations.contents import Maker
from reprocheck.worker.operations.making import Arguments
from reprocheck.worker.operations.memory_limit import bounded_memory
from reprocheck.worker.operations.replaying import draws_of, is_digest, replayed
from reprocheck.worker.operations.spelling import read_call

CPU = torch.device("cpu")
GELU = "aten.gelu.default(fp32[64,32]~4)"
OTHERS = (
    "aten.mm.default(bf16[64,32]~0,bf16[32,16]~-4)",
    "aten.addcmul_.default(fp32[64]~-16+,fp32[64]~0,fp32[64]~0&1,value=0x1.0624dd2f1aa00p-10)",
    "aten._foreach_norm.Scalar([fp32[64,64]~-4,fp32[32]~0*2],2)",
    "aten.native_layer_norm.default(fp32[8,32]~4,[32],fp32[32]~4+,fp32[32]~-4,0x1.4f8b588e368f1p-17)",
    "aten.bernoulli.p(fp32[100],0.5)",
    "aten.bernoulli_.float(fp32[100],0.5,generator=generator)",
    "aten.embedding_dense_backward.default(fp32[100,8]~-4,int64[100]~0:63,64,-1,false)",
    "aten._to_copy.default(fp32[200]~16,dtype=dtype.fp16,layout=layout.strided,device=device.cpu)",
)


def outcome(text: str) -> str:
    return replayed([text], CPU)[text]


@contextmanager
def gelu_is(kernel: Callable[[Any], Any]) -> Iterator[None]:
    """Put `kernel` in the place of torch's own gelu on the CPU."""
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that a kernel is replaced
        library.impl("gelu", lambda x, approximate="none": kernel(x), "CPU")
    try:
        yield
    finally:
        library._destroy()


def true_gelu(x: Any) -> Any:
    return torch.ops.aten.gelu.out(x, out=torch.empty_like(x))


def flipped(tensor: Any, element: int) -> Any:
    """Return `tensor` with the last bit of one element flipped."""
    bits = tensor.clone().view(torch.int32)
    bits.view(-1)[element] ^= 1
    return bits.view(torch.float32)


def test_every_digest_comes_again() -> None:
    first, again = replayed((GELU, *OTHERS), CPU), replayed((*OTHERS, GELU), CPU)
    assert first == again
    assert all(map(is_digest, first.values()))
    assert len(set(first.values())) == len(first)


def test_one_wrong_bit_in_one_operation_is_seen_and_in_no_other() -> None:
    """Control: torch as it is. Test: the last bit of one element of 2048 is wrong. The near miss: no bit is wrong."""
    true = replayed((GELU, *OTHERS), CPU)
    with gelu_is(lambda x: flipped(true_gelu(x), 777)):
        wrong = replayed((GELU, *OTHERS), CPU)
    with gelu_is(true_gelu):
        same = replayed((GELU, *OTHERS), CPU)
    assert [text for text in true if wrong[text] != true[text]] == [GELU]
    assert same == true


def test_an_operation_that_does_not_repeat_itself_has_no_digest() -> None:
    calls = itertools.count()
    with gelu_is(lambda x: flipped(true_gelu(x), next(calls))):
        assert outcome(GELU) == "varies"


@pytest.mark.parametrize("made", [torch.zeros_like, lambda x: x / 0, lambda x: torch.full_like(x, float("nan"))])
def test_an_operation_that_shows_nothing_is_blind(made: Callable[[Any], Any]) -> None:
    with gelu_is(made):
        assert outcome(GELU) == "blind"


def test_a_gradient_that_is_mostly_zero_is_not_blind() -> None:
    assert is_digest(
        outcome("aten.nll_loss_backward.default(fp32[]~4+,fp32[9,64],int64[9]~0:63,none,1,-100,fp32[]~8+)")
    )


def test_numbers_of_an_overflow_do_not_make_a_replay_blind() -> None:
    """A run with a loss scale begins with gradients too large for float16; smaller draws show the operation."""
    assert is_digest(outcome("aten.mm.default(fp16[64,64]~16,fp16[64,64]~4)"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("aten.no_such_operation.default(fp32[2])", "gone"),
        ("aten.mm.no_such_overload(fp32[2])", "gone"),
        ("aten.__class__.default(fp32[2])", "gone"),
        ("aten.mm.__init__(fp32[2])", "gone"),
        ("os.system.default('reboot')", "foreign"),
        ("mylib.my_gelu.default(fp32[2])", "foreign"),
        ("prims.add.default(fp32[2],fp32[2])", "foreign"),
        ("aten.view.default(fp32[4],[2,2])", "foreign"),
        ("aten.from_file.default('x',true,1000)", "foreign"),
        ("aten.mm.default(object,fp32[2,2])", "object"),
        ("aten.mm.default(fp32[2,2],torch.load)", "object"),
        ("c10d.reduce_scatter_.default(object)", "object"),
        ("c10d.allreduce_.default([fp32[8]],ranks=2)", "ranks"),
        ("what is this", "unreadable"),
        ("aten.exp.default(fp99[2])", "unreadable"),
        ("aten.exp.default(fp32[2]&0)", "unreadable"),
        ("aten._to_copy.default(fp32[2],dtype=dtype.mm)", "unreadable"),
        ("aten._to_copy.default(fp32[2],device=device.vulkan)", "unreadable"),
        ("aten.exp.default(fp32[1000000,1000000])", "too-large"),
        ("aten.exp.default(fp32[2,2]{1099511627776,1})", "too-large"),
        ("aten.mm.default(fp32[2,3],fp32[2,3])", "raises"),
        ("aten.mm.default(fp32[2,3])", "raises"),
        ("aten.mm.default(fp32[2,2],fp32[2,2],dtype=dtype.fp32,what=3)", "raises"),
    ],
)
def test_what_cannot_be_replayed_ends_in_a_word(text: str, word: str) -> None:
    outcomes = replayed([text, GELU], CPU)
    assert outcomes[text] == word
    assert is_digest(outcomes[GELU])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the memory of a process")
def test_an_output_beyond_all_memory_is_refused_not_swallowed() -> None:
    assert outcome("aten.repeat.default(fp32[1000],[1000000000])") == "out-of-memory"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the memory of a process")
def test_addresses_are_bounded_on_the_cpu_alone_for_cuda_reserves_more_than_there_is_memory() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with bounded_memory("cuda"):
        assert resource.getrlimit(resource.RLIMIT_AS) == before
    with bounded_memory("cpu"):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] < 2**62
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_the_generator_of_the_process_is_left_as_it_was() -> None:
    before = torch.get_rng_state()
    outcome("aten.bernoulli.p(fp32[100],0.5)")
    assert torch.equal(torch.get_rng_state(), before)


def test_half_precision_and_small_tensors_get_more_draws() -> None:
    texts = ("fp32[256,256]", "fp32[64]", "bf16[256,256]", "fp32[4096,4096]")
    assert [draws_of(read_call(f"aten.exp.default({text})")) for text in texts] == [2, 8, 8, 2]


def summed(name: str, args: Sequence[Any]) -> Any:
    base, overload = name.split(".")[1:]
    return getattr(getattr(torch.ops.aten, base), overload)(*args)


@pytest.mark.parametrize(
    "text",
    [
        "aten.mm.default(bf16[6,10]~0,bf16[10,5]~0)",
        "aten.mm.default(bf16[6,11]~0,bf16[11,5]{1,11}~0)",
        "aten.addmm.default(bf16[5]~0,bf16[6,10]~0,bf16[10,5]~0)",
        "aten.bmm.default(bf16[2,6,10]~0,bf16[2,10,5]~0)",
        "aten.baddbmm.default(bf16[2,6,5]~0,bf16[2,6,10]~0,bf16[2,10,5]~0)",
        "aten.mv.default(bf16[6,10]~0,bf16[10]~0)",
        "aten.addmv.default(bf16[6]~0,bf16[6,10]~0,bf16[10]~0)",
        "aten.dot.default(bf16[10]~0,bf16[10]~0)",
        "aten.sum.default(bf16[4,10]~0)",
        "aten.sum.dim_IntList(bf16[10,3]~0,[0],true)",
        "aten.mean.default(bf16[10]~0)",
        "aten.mean.dim(bf16[10,3]~0,[0])",
        "aten.convolution.default(bf16[2,4,5,5]~0,bf16[3,4,3,3]~0,bf16[3]~0,[1*2],[1*2],[1*2],false,[0*2],1)",
        "aten.convolution.default(bf16[2,4,5,5]~0,bf16[4,3,3,3]~0,none,[1*2],[1*2],[1*2],true,[0*2],1)",
        "aten.embedding_dense_backward.default(bf16[10,3]~0,int64[10]~0:4,5,-1,false)",
    ],
)
def test_cancelling_inputs_sum_to_zero_exactly(text: str) -> None:
    """In float64 the sums of products of bfloat16 numbers are exact, so what is not zero would not cancel."""
    call = read_call(text)
    for variant in variants_of(call.name):
        args, _ = Arguments(Maker(CPU), ("test",)).made(call)
        variant(args)
        wide = [arg.double() if isinstance(arg, torch.Tensor) and arg.is_floating_point() else arg for arg in args]
        out = summed(call.name, wide)
        assert not bool(out.any())
        assert bool(args[0].any()) or bool(args[1].any())


def test_both_gradients_of_a_convolution_cancel_in_turn() -> None:
    text = (
        "aten.convolution_backward.default(bf16[4,6,5,5]~0,bf16[4,2,5,5]~0,bf16[6,2,3,3]~0,[6],[1*2],[1*2],[1*2],false,"
        "[0*2],1,[true*3])"
    )
    call, zero = read_call(text), []
    for variant in variants_of(call.name):
        args, _ = Arguments(Maker(CPU), ("test",)).made(call)
        variant(args)
        wide = [arg.double() if isinstance(arg, torch.Tensor) else arg for arg in args]
        zero.append([not bool(gradient.any()) for gradient in summed(call.name, wide)])
    assert [(gradients[0], gradients[1]) for gradients in zero] == [(False, True), (True, False)]


def test_cancelling_inputs_show_what_the_last_rounding_hides() -> None:
    """The same product of bfloat16 numbers, summed in two orders: alike but for noise, unlike where they cancel."""
    call = read_call("aten.mm.default(bf16[64,64]~0,bf16[64,64]~0)")
    args, _ = Arguments(Maker(CPU), ("test",)).made(call)
    variants_of(call.name)[0](args)
    left, right = args[0].float(), args[1].float()
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    assert not torch.equal((left @ right).bfloat16(), (left[:, order] @ right[order]).bfloat16())


def test_every_operation_that_can_cancel_is_one_of_torch() -> None:
    assert all(hasattr(torch.ops.aten, name.split(".")[1]) for name in VARIANTS)
