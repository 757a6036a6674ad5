"""In its own root a submission finds what the plan names, at its place, and nothing more."""

from pathlib import Path

import pytest

from helpers.suite.grading.confinement.jail.newroot import outermost
from helpers.suite.grading.confinement.walls import find_walls
from tests.jail import jailed

needs_mounts = pytest.mark.skipif(
    "mount" not in find_walls().namespaces, reason="no mount namespaces may be made here"
)


def test_paths_below_others_are_left_out() -> None:
    paths = ["/usr/lib", "/usr", "/usr-local", "/etc/hosts", "/usr", "/etc/ssl"]
    assert list(outermost(paths)) == ["/etc/hosts", "/etc/ssl", "/usr-local", "/usr"]


@needs_mounts
def test_only_what_is_named_exists(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    home = str(Path.home() / ".bashrc")
    code = f"import os\nsay(os.listdir({str(tmp_path)!r}), os.path.exists({home!r}))\n"
    code += "say(sorted(os.listdir('/dev')))"
    words = jailed(tmp_path / "desk", code, namespaces=("mount",)).words.splitlines()
    assert words == ["['desk'] False", "['full', 'null', 'random', 'shm', 'urandom', 'zero']"]


@needs_mounts
def test_only_the_writable_can_be_written_even_by_root(tmp_path: Path) -> None:
    code = (
        "import json\n"
        "for path in (json.__file__, '/usr/x', '/x', '/dev/x', '/etc/x', 'own', '/tmp/own'):\n"
        "    try: open(path, 'a'); say('worked')\n    except OSError as error: say(error.errno)"
    )
    words = jailed(tmp_path / "desk", code, namespaces=("mount",)).words.split()
    assert "worked" not in words[:5]
    assert words[5:] == ["worked", "worked"]
    assert not Path("/tmp/own").exists()


@needs_mounts
def test_its_scratch_folders_are_small(tmp_path: Path) -> None:
    code = "try: open('/dev/shm/big', 'wb').write(bytes(80_000_000))\nexcept OSError: say('full')"
    assert jailed(tmp_path / "desk", code, namespaces=("mount",)).words == "full\n"


@needs_mounts
def test_a_file_may_be_made_readable_alone(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_text("film")
    from helpers.suite.grading.confinement.walls import visible_paths

    readable = (*visible_paths(), str(tmp_path / "film.png"))
    code = f"say(open({str(tmp_path / 'film.png')!r}).read())"
    assert (
        jailed(tmp_path / "desk", code, namespaces=("mount",), readable=readable).words == "film\n"
    )
