"""`make dist`: what a release contains."""

import re
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.templates import ROOT
from tools.release import pack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project, built by SAM: its template names a function's folder and a file of the project's."""
    build = tmp_path / ".aws-sam" / "release"
    (build / "Function").mkdir(parents=True)
    (build / "Function" / "handler.py").write_text("")
    (build / "template.yaml").write_text("CodeUri: Function\nDefinitionS3Location: ../../statemachine/wait.asl.json\n")
    (tmp_path / "statemachine").mkdir()
    (tmp_path / "statemachine" / "wait.asl.json").write_text("{}")
    for name in ("samconfig.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_zip_has_all_that_its_template_names(project: Path) -> None:
    """A release is deployed from the unzipped folder alone, without the repository."""
    pack(project / ".aws-sam" / "release", project / "release.zip", project)
    with ZipFile(project / "release.zip") as packed:
        named = re.findall(r": (\S+)", packed.read("template.yaml").decode())
        assert named == ["Function", "statemachine/wait.asl.json"]
        assert all(any(name == one or name.startswith(f"{one}/") for name in packed.namelist()) for one in named)
        assert {"samconfig.toml", "LICENSE", "README.md"} <= set(packed.namelist())


def test_the_same_build_gives_the_same_zip(project: Path) -> None:
    """A person can compare a release with a build of their own."""
    for name in ("one.zip", "two.zip"):
        pack(project / ".aws-sam" / "release", project / name, project)
    assert (project / "one.zip").read_bytes() == (project / "two.zip").read_bytes()


def test_the_wheel_has_the_command_and_what_it_imports() -> None:
    """`pipx install` of the wheel: both packages, and every third-party package that the command imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["setuptools"]["packages"]["find"]["where"] == ["provider", "cli"]
    assert project["project"]["scripts"] == {"kinesis-stream-encryption": "stream_encryption_cli.main:run"}
