"""One set of versions everywhere: pyproject, the two locks, environment.yml, the README."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from helpers.suite.doctor.software import SUPPORTED

PROJECT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
NAMED_BY_THE_USER = (
    *("jupyterlab", "papermill", "nbval", "tensorflow", "boto3", "s3fs"),
    *("opencv-python-headless", "seaborn", "ipywidgets", "ipykernel"),
)


def locked(file: str, python: str) -> dict[str, str]:
    """Version by package, as the lock has it for one Python on Linux."""
    machine = {"python_version": python, "python_full_version": f"{python}.99"}
    lines = (PROJECT / file).read_text().splitlines()
    pins = [Requirement(line.removesuffix("\\")) for line in lines if "==" in line.split(";")[0]]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(machine)]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in here}


def conda_python() -> str:
    """The Python that environment.yml asks for."""
    return _conda()[0].removeprefix("python=")


def _conda() -> list:
    return yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]


def conda_pins() -> dict[str, str]:
    """The `name==version` lines of environment.yml's pip section."""
    (pip,) = [part["pip"] for part in _conda() if isinstance(part, dict)]
    requirements = [Requirement(line) for line in pip if not line.startswith("-")]
    return {canonicalize_name(r.name): str(r.specifier) for r in requirements}


def disagreements(pins: dict[str, str], lock: dict[str, str]) -> list[str]:
    """Pins that are not exactly the lock's."""
    return [
        f"{name}{pin} but the lock has {lock.get(name, 'none')}"
        for name, pin in pins.items()
        if pin != lock.get(name)
    ]


def test_environment_yml_agrees_with_the_lock() -> None:
    assert disagreements(conda_pins(), locked("requirements.lock", conda_python())) == []


@pytest.mark.parametrize("python", PYTHONS)
def test_environment_yml_holds_what_its_pins_bring_along_to_the_lock_too(python: str) -> None:
    (pip,) = [part["pip"] for part in _conda() if isinstance(part, dict)]
    assert "-c constraints.txt" in pip
    assert locked("constraints.txt", python) == locked("requirements.lock", python)


def test_a_pin_that_differs_from_the_lock_is_noticed() -> None:
    lock = {"numpy": "==2.4.6"}
    assert disagreements({"numpy": "==2.4.5"}, lock) == ["numpy==2.4.5 but the lock has ==2.4.6"]
    assert disagreements({"numpy": ">=2.4"}, lock)
    assert disagreements({"pandas": "==3.1.1"}, lock)


def test_environment_yml_names_the_users_packages_and_says_what_each_pin_is_for() -> None:
    assert set(NAMED_BY_THE_USER) <= set(conda_pins())
    lines = (PROJECT / "environment.yml").read_text().splitlines()
    pins = [line for line in lines if "==" in line]
    assert [line for line in pins if "#" not in line.split("==")[1]] == []


def test_every_direct_dependency_is_pinned_in_environment_yml() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    direct = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert direct - set(conda_pins()) == set()


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_pyproject(python: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lock = locked("requirements.lock", python)
    for line in project["dependencies"] + project["optional-dependencies"]["test"]:
        wanted = Requirement(line)
        assert lock[canonicalize_name(wanted.name)].removeprefix("==") in wanted.specifier, line


@pytest.mark.parametrize("python", PYTHONS)
def test_the_gpu_lock_only_adds_to_the_first(python: str) -> None:
    first, gpu = (locked(f"requirements{kind}.lock", python) for kind in ("", "-gpu"))
    assert set(first) & set(gpu) == set()
    assert "nvidia-cudnn-cu12" in gpu
    assert all(name.startswith("nvidia-") for name in gpu)


def test_every_locked_package_has_hashes() -> None:
    for file in ("requirements.lock", "requirements-gpu.lock"):
        blocks = re.split(r"\n(?=\S)", (PROJECT / file).read_text().strip())
        assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_what_is_installed_is_what_the_lock_says() -> None:
    lock = locked("requirements.lock", ".".join(map(str, sys.version_info[:2])))
    installed = {
        canonicalize_name(found.metadata["Name"]): f"=={found.version}"
        for found in metadata.distributions()
    }
    assert disagreements({name: installed[name] for name in installed if name in lock}, lock) == []


def test_only_the_opencv_without_windows_is_locked_and_installed() -> None:
    wheels = {"opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"}
    assert wheels & set(locked("requirements.lock", "3.11")) == set()
    installed = {canonicalize_name(found.metadata["Name"]) for found in metadata.distributions()}
    assert wheels & installed == set()


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    accepted = SpecifierSet(project["requires-python"])
    assert [minor for minor in range(8, 20) if f"3.{minor}" in accepted] == [11, 12, 13]
    assert SUPPORTED == ((3, 11), (3, 13))
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in (PROJECT / "Makefile").read_text()
    assert "Python 3.11, 3.12 or 3.13" in (PROJECT / "README.md").read_text()
    assert conda_python() in PYTHONS
