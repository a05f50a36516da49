"""What py-rattler's clients are told about the network."""

from __future__ import annotations

from pathlib import Path

import rattler

from reprocheck.locking.solving.client_config import client_config
from reprocheck.model.conda_settings import CondaSettings

PLAIN = CondaSettings()


def test_a_plain_network_needs_no_words() -> None:
    assert client_config(PLAIN) is None


def test_rattler_reads_proxies_mirrors_and_certificates_as_they_are_meant() -> None:
    settings = CondaSettings(proxies=(("https", 'http://proxy.invalid:8080"'),), verify_tls=False)
    text = client_config(settings, {"https://host.invalid/a": "https://mirror.invalid/a"}, Path("/secret/file.json"))
    config, unused = rattler.Config.from_toml_with_unused_keys(text or "")
    assert unused == []
    assert (config.tls_no_verify, config.proxy_https, config.proxy_http) == (True, "http://proxy.invalid:8080/", None)
    assert {place.rstrip("/"): real for place, real in config.mirrors.items()} == {
        "https://host.invalid/a": ["https://mirror.invalid/a"]
    }
    assert config.authentication_override_file == Path("/secret/file.json")


def test_offline_every_request_goes_nowhere() -> None:
    config = rattler.Config.from_toml(
        client_config(CondaSettings(proxies=(("http", "http://proxy.invalid"),)), offline=True) or ""
    )
    assert config.proxy_http == config.proxy_https == "http://127.0.0.1:9/"
