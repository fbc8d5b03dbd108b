"""openapi.yaml as text.

https://pyyaml.org/wiki/PyYAMLDocumentation
"""

from __future__ import annotations

from typing import Any

import yaml

from .parts import Json


class _Plain(yaml.SafeDumper):
    """Without anchors: a reader of the file should not have to look for what `*id001` is."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _write_text)


def to_yaml(content: Json) -> str:
    """The document as text, with the line that says where it comes from."""
    body = yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    return f"# Written by `fhir-service openapi`; do not edit.\n{body}"
