"""Where the panel runs decides what it offers."""

from pathlib import Path

import pytest

from helpers.app.widgets import surroundings


def test_voila_is_known_by_its_server_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    assert not surroundings.under_voila()
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert surroundings.under_voila()


@pytest.mark.parametrize(
    ("command", "megabytes"),
    [
        ("jupyter-lab --ServerApp.tornado_settings={'websocket_max_message_size': 209715200}", 200),
        ('voila --Voila.tornado_settings={"websocket_max_message_size": 52428800}', 50),
        ("jupyter-lab --websocket_max_message_size=31457280", 30),
        ("jupyter-lab", 10),
        ("", 10),
    ],
)
def test_the_upload_limit_is_read_from_the_servers_command(monkeypatch, command, megabytes) -> None:
    monkeypatch.setattr(surroundings, "_server_command", lambda: command)
    assert surroundings.upload_limit() == megabytes * 2**20


def test_the_real_parents_command_can_be_read() -> None:
    assert surroundings.upload_limit() == surroundings.DEFAULT_LIMIT  # pytest is no Jupyter server


def test_a_visitor_stays_inside_the_shared_folder(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (tmp_path / "secret").write_text("s")
    (shared / "film.png").write_text("f")
    (shared / "way_out").symlink_to(tmp_path)
    assert surroundings.inside(shared, "film.png") == shared / "film.png"
    for place in ("../secret", "/etc/passwd", "way_out/secret", "a\0b"):
        assert surroundings.inside(shared, place) is None


def test_saving_of_widget_state_is_noticed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert not surroundings.saves_widget_state()
    settings = tmp_path / surroundings.SAVE_STATE / "plugin.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{\n  // Save Jupyter widget state\n  "saveState": true\n}')
    assert surroundings.saves_widget_state()
    settings.write_text('{"saveState": false}')
    assert not surroundings.saves_widget_state()
