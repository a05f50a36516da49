"""The portable setting for programs: the document `reprocheck/portable/1`.

`settings[]` as `switch=value`, how to set them (`environment`, `code[]`), `families[]` with the machines that they
depend on by default, the probes that stay `unequal`, and `cost`: the time under the setting, that by default being 1.0.
"""

from __future__ import annotations

from reprocheck.model.json_documents import Json
from reprocheck.model.portable_settings import PortableSetting
from reprocheck.reports.json_text import inert_document

SCHEMA = "reprocheck/portable/1"


def render_portable_json(found: PortableSetting) -> str:
    """Return the document, ending in a newline."""
    families: list[Json] = [
        {
            "family": family.family,
            "probes": family.probes,
            "dependsOn": list(family.depends_on),
            "unequal": list(family.unequal),
            "cost": f"{family.cost:.3f}",
        }
        for family in found.families
    ]
    return inert_document(
        {
            "schema": SCHEMA,
            "settings": list(found.settings),
            "environment": dict(found.environment),
            "code": list(found.code),
            "cost": f"{found.cost:.3f}",
            "rounds": found.rounds,
            "machines": list(found.machines),
            "families": families,
            "choices": [
                {"settings": list(choice.settings), "equal": choice.equal, "cost": f"{choice.cost:.3f}"}
                for choice in found.choices
            ],
            "notes": list(found.notes),
        }
    )
