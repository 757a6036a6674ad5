"""The documents say what the code says: parameters, commands, and links that lead somewhere.

`python -m tests.unit.test_documents` writes docs/parameters.md anew.
"""

import json
import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from helpers.core.params import Parameters

PROJECT = Path(__file__).resolve().parents[2]
PARAMETERS_PAGE = PROJECT / "docs" / "parameters.md"
DOCUMENTS = [
    *sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")]),
    *(PROJECT / room / "README.md" for room in ("tests", "outputs")),
]
INTRODUCTION = """# Parameters

Every name that a file in `params/`, `cxr run --set NAME=VALUE` or papermill may set. The same name
means the same thing in every notebook; a notebook's parameters cell holds the ones it uses. The
defaults are the sample profile's. A mistyped name or a value out of range is refused with one
sentence. This page is written from `helpers/core/params.py` and a test compares the two.

| name | default | allowed | meaning |
| --- | --- | --- | --- |
"""


def parameters_page() -> str:
    """The page as it follows from the code."""
    fields = Parameters.model_fields.items()
    shapes = Parameters.model_json_schema()["properties"]
    rows = [
        f"| `{name}` | `{_default(field)}` | {_allowed(shapes[name])} | {field.description or ''} |"
        for name, field in fields
    ]
    return INTRODUCTION + "\n".join(rows) + "\n"


def _default(field) -> str:
    value = field.get_default(call_default_factory=True)
    assert value is not PydanticUndefined, "every parameter has a default"
    return json.dumps(value, ensure_ascii=False)


def _allowed(shape: dict) -> str:
    """Range, choices or kind of value, from the JSON schema."""
    choices = [part for part in shape.get("anyOf", [shape]) if part.get("type") != "null"]
    return " or ".join(_kind(part) for part in choices) + (
        ", or null" if len(choices) < len(shape.get("anyOf", choices)) else ""
    )


def _kind(shape: dict) -> str:
    if "enum" in shape:
        return ", ".join(f"`{choice}`" for choice in shape["enum"])
    low = shape.get("minimum", shape.get("exclusiveMinimum"))
    high = shape.get("maximum", shape.get("exclusiveMaximum"))
    words = {"integer": "a whole number", "number": "a number", "string": "text"}
    words |= {"boolean": "true or false", "array": "a list", "object": "names and values"}
    kind = words.get(shape.get("type", ""), "any value")
    above = "above" if "exclusiveMinimum" in shape else "from"
    kind += f" {above} {low:,}" if low is not None else ""
    to = "to below" if "exclusiveMaximum" in shape else "to"
    return kind + (f" {to} {high:,}" if high is not None else "")


def test_the_parameters_page_is_the_code_s() -> None:
    assert PARAMETERS_PAGE.read_text() == parameters_page()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_command_named_in_a_document_exists(document: Path) -> None:
    from helpers.suite.cli import app

    known = {command.name for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    tasks = set(re.findall(r"(?m)^([a-z]+):", (PROJECT / "Makefile").read_text()))
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", document.read_text(), re.DOTALL))
    assert set(re.findall(r"\bcxr ([a-z]+)", code)) - known == set()
    assert set(re.findall(r"\bmake ([a-z]+)", code)) - tasks == set()


if __name__ == "__main__":
    PARAMETERS_PAGE.write_text(parameters_page())
