"""Figures in general: bounded files, words that travel with them, one colour for a class."""

import base64
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib import rcParams
from matplotlib.figure import Figure
from PIL import Image

from helpers.app.figures import alt_text, display, figure_name, png_bytes, save, show
from helpers.app.figures.gallery import film_grid
from helpers.app.figures.style import (
    class_colours,
    counts_in_words,
    in_class_order,
    listed,
    named,
    single,
    styled,
)
from helpers.core.runs import Run


@pytest.fixture
def figure() -> Figure:
    drawn, axes = single("A title")
    axes.plot([1, 2, 3])
    return named(drawn, "three_points", "Three points  on\na line.")


@pytest.fixture
def shell() -> InteractiveShell:
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_words_stand_on_one_line_and_the_name_fits_a_file(figure: Figure) -> None:
    assert alt_text(figure) == "Three points on a line."
    assert figure_name(figure) == "three_points"


def test_a_saved_figure_carries_its_words(figure: Figure, tmp_path: Path) -> None:
    path = save(figure, tmp_path / "figures")
    assert path.name == "three_points.png"
    assert Image.open(path).text["Description"] == alt_text(figure)


def test_the_same_figure_gives_the_same_bytes(figure: Figure) -> None:
    assert png_bytes(figure) == png_bytes(figure)


def test_even_noise_stays_within_the_budget_of_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (15, 300, 300), dtype=np.uint8)
    figure = film_grid({name: noise[k : k + 5] for k, name in enumerate(("a", "b", "c"))})
    assert len(png_bytes(figure, 10**9)) > display.BUDGET  # the guard has work to do
    assert len(png_bytes(figure)) <= 1.3 * display.BUDGET


def test_class_colours_survive_the_saving_of_bytes() -> None:
    films = np.random.default_rng(0).integers(0, 256, (5, 300, 300), dtype=np.uint8)
    grid = film_grid({"COVID-19": films, "Pneumonia": films})
    picture = np.asarray(Image.open(io.BytesIO(png_bytes(grid))).convert("RGB")).astype(int)
    reds = (picture[..., 0] > picture[..., 2] + 100).sum()
    blues = (picture[..., 2] > picture[..., 0] + 100).sum()
    assert reds > 50
    assert blues > 50


def test_show_displays_the_picture_with_its_words_and_keeps_a_file(
    figure: Figure, shell: InteractiveShell, outputs: Path
) -> None:
    with capture_output() as captured:
        show(figure, Run("a-run"))
    picture, words = captured.outputs
    assert picture.metadata["image/png"]["alt"] == alt_text(figure)
    assert Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"]))).format == "PNG"
    assert alt_text(figure) in words.data["text/markdown"]
    assert (outputs / "a-run" / "figures" / "three_points.png").exists()


def test_show_outside_a_notebook_prints_nothing(
    figure: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    show(figure)
    assert capsys.readouterr().out == ""


def test_a_class_keeps_its_colour_whatever_the_company() -> None:
    alone, among = class_colours(["Pneumonia"]), class_colours(["zebra", "COVID-19", "Pneumonia"])
    assert alone["Pneumonia"] == among["Pneumonia"]
    assert len(set(among.values())) == 3
    assert len(class_colours([f"class {number}" for number in range(30)])) == 30


def test_classes_come_in_one_order() -> None:
    assert in_class_order(["zebra", "Pneumonia", "ape", "COVID-19"]) == [
        *("COVID-19", "Pneumonia", "ape", "zebra"),
    ]


def test_drawing_leaves_the_users_settings_alone() -> None:
    before = dict(rcParams)
    styled(lambda: single("A title"))()
    assert dict(rcParams) == before


def test_figures_need_no_pyplot_to_import() -> None:
    code = "import sys, helpers.app.figures.collection; print('matplotlib.pyplot' in sys.modules)"
    import subprocess

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_sentences() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([]) == ""
    assert counts_in_words({"a": 1200, "b": 2, "c": 3}, most=1) == "a 1,200; 2 others 5"
    assert counts_in_words({}) == "none"
