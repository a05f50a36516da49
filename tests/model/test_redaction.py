"""Credentials leave URLs before anything else sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.redaction import has_secret, public_line, public_url

SECRETS = {
    "https://user:pw@host/ch": "https://host/ch",
    "https://token@host/ch": "https://host/ch",
    "https://host/t/abc-123/ch/linux-64": "https://host/t/<token>/ch/linux-64",
    "https://host/simple?token=abc": "https://host/simple",
    "https://host/a.whl#token=abc": "https://host/a.whl",
    "git+https://u:p@host/a.git@0123#egg=a": "git+https://host/a.git@0123#egg=a",
    "/t/abc/channel": "/t/<token>/channel",
}
HARMLESS = [
    "conda-forge",
    "https://conda.invalid/conda-forge",
    "https://host/a.whl#sha256=" + "0" * 64,
    "https://host/p.conda#" + "a" * 32,
    "https://host/t/$TOKEN/ch",
    "file:///home/a/channel",
    "file:///home/t/abc/channel",
    "nvidia/label/cuda-11.8.0",
    "",
]


@pytest.mark.parametrize(("text", "clean"), SECRETS.items())
def test_a_secret_is_taken_out(text: str, clean: str) -> None:
    assert public_url(text) == clean
    assert has_secret(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert public_url(text) == text
    assert not has_secret(text)


WORD = st.text("abcdefghijklmnop0123456789", min_size=8, max_size=20)


@given(user=WORD, password=WORD, token=WORD, query=WORD)
def test_no_part_of_a_credential_survives(user: str, password: str, token: str, query: str) -> None:
    shown = public_url(f"https://{user}:{password}@host.example/t/{token}/ch?key={query}")
    assert shown == "https://host.example/t/<token>/ch"
    assert public_url(shown) == shown


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("  - https://a:b@h/t/tk-1/ch  # [x]", "  - https://<credentials>@h/t/<token>/ch  # [x]"),
        ('["https://key@h/ch::numpy", x]', '["https://<credentials>@h/ch::numpy", x]'),
        ("  - https://bob:hun,ter'2@h/t/tk,1/ch", "  - https://<credentials>@h/t/<token>/ch"),
        ("['https://h/x?a=b,c', 'https://k@h/y']", "['https://h/x?<query>', 'https://<credentials>@h/y']"),
        ('- "https://h/ch#access_token=abc"  # x', '- "https://h/ch#<fragment>"  # x'),
        ("  - h.invalid/t/tk-1/ch", "  - h.invalid/t/<token>/ch"),
        ("  HF_TOKEN: abc  # mine", "  HF_TOKEN: <secret>"),
        ("  'wandb_api_key': \"abc\"", "  'wandb_api_key': <secret>"),
        ("  X: ghp_0123456789abcdefghij", "  X: <secret>"),
        ("- torch @ https://h/t.whl?sig=abc#egg=torch", "- torch @ https://h/t.whl?<query>#egg=torch"),
    ],
)
def test_a_line_is_shown_without_its_credentials(line: str, clean: str) -> None:
    assert public_line(line) == public_line(clean) == clean


@pytest.mark.parametrize(
    "line",
    [
        *("  - numpy=1.26  # a@b", "- git+ssh://git@github.com/o/r@v1", "- https://h/t/$TOKEN/ch", "- ./t/x"),
        *(
            "TOKENIZERS_PARALLELISM: 1",
            "tokenizers: '1'",
            "TOKEN:  # none",
            "- git+https://h/a.git#egg=a&subdirectory=b",
        ),
    ],
)
def test_a_line_without_credentials_stays_as_it_is(line: str) -> None:
    assert public_line(line) == line
