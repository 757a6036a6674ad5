"""`cxr serve` as its keeper types it: tokens, feedback, and what it says when it cannot start."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.app.server.feedback import Feedback, FeedbackBook
from helpers.app.server.tokens import TokenBook
from helpers.suite.commands.serve import plain_root

Command = Callable[..., object]


def test_a_token_is_shown_once_and_kept_as_a_hash(outputs: Path, cxr: Command) -> None:
    made = cxr("serve", "token", "add", "ada", "--role", "analyst")
    token = made.stdout.strip()
    assert re.fullmatch(r"cxr_[\w-]{43}", token)
    assert TokenBook().visitor_of(token).role == "analyst"
    assert not any(token.encode() in file.read_bytes() for file in outputs.rglob("*.sqlite3*"))
    assert (outputs / ".server").stat().st_mode & 0o077 == 0
    listed = cxr("serve", "token", "list").stdout
    assert listed.startswith("ada  analyst")
    assert token not in listed
    assert cxr("serve", "token", "revoke", "ada").returncode == 0
    assert TokenBook().visitor_of(token) is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("token", "add", "ada lovelace", "--role", "analyst"), "no token name"),
        (("token", "add", "eve", "--role", "admin"), "analyst, reviewer"),
        (("token", "revoke", "adda"), "did you mean 'ada'"),
        (("feedback", "restore", "nowhere.sqlite3"), "no such file"),
        ((), "cxr serve --run NAME"),
        (("--run", "smal"), "There is no run 'smal'"),
    ],
)
def test_wrong_usage_is_one_sentence(outputs: Path, cxr: Command, words, sentence: str) -> None:
    TokenBook().add("ada", "analyst")
    result = cxr("serve", *words)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_feedback_is_exported_backed_up_and_restored(
    outputs: Path, cxr: Command, tmp_path: Path
) -> None:
    FeedbackBook().keep(Feedback("small", "not audited", "COVID-19", 0.8, "Pneumonia"))
    assert cxr("serve", "feedback", "export").stdout.count("\n") == 2
    saved = tmp_path / "saved.sqlite3"
    assert f"Records in {saved}: 1." in cxr("serve", "feedback", "backup", str(saved)).stdout
    for file in (outputs / ".server").glob("feedback*"):
        file.unlink()
    assert "came back: 1." in cxr("serve", "feedback", "restore", str(saved)).stdout


@pytest.mark.parametrize("spelling", ["/proxy/8000", "proxy/8000/", "/proxy/8000/"])
def test_a_root_path_may_be_spelled_as_people_do(spelling: str) -> None:
    assert plain_root(spelling) == "/proxy/8000"
    assert plain_root("/") == plain_root("") == ""
