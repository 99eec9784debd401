"""The functions' artifacts as `sam build` makes them, and the same otherwise packaged, to compare with."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cold_process import compiled, python
from benchmarks.report import CannotMeasureError
from local.engines import ROOT, installed
from local.templates import load, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
"""What Lambda's runtime has itself: boto3 and what it needs."""
BYTECODE = "__pycache__"


def built(folder: Path) -> Path:
    """Build the artifacts into a new folder; answers it. Each function is in a folder that is called after it.

    Raises:
        CannotMeasureError: This is another Python than the template's, and would ignore its bytecode.
    """
    runtime = load(ROOT / "template.yaml")["Resources"]["Function"]["Properties"]["Runtime"]
    if runtime != f"python{sys.version_info.major}.{sys.version_info.minor}":
        raise CannotMeasureError(f"it needs {runtime}, as on Lambda: install that, then `make clean setup`")
    environment = {**os.environ, "PATH": f"{Path(python()).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [installed(".venv-sam", "bin/sam"), "build", "--no-cached", "--build-dir", folder]
    subprocess.run(
        [*map(str, command), "--template-file", str(ROOT / "template.yaml"), "--cache-dir", f"{folder}.cache"],
        check=True,
        cwd=ROOT,
        env={**environment, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
    )
    return folder


def copied(source: Path, target: Path, *changes: Callable[[Path], object]) -> Path:
    """A copy of an artifact, with these changes; answers where it is."""
    shutil.copytree(source, target)
    for change in changes:
        change(target)
    return target


def without_bytecode(folder: Path) -> None:
    """As pip leaves it."""
    for found in list(folder.rglob(BYTECODE)):
        shutil.rmtree(found)


def with_checked_bytecode(folder: Path) -> None:
    """With bytecode that is compared with its source at each import."""
    without_bytecode(folder)
    compiled(folder, "checked-hash")


def with_services(*names: str) -> Callable[[Path], None]:
    """With botocore's descriptions of these AWS services too, or of all where none is named.

    Raises:
        RuntimeError: This environment has another botocore than the artifact.
    """

    def change(folder: Path) -> None:
        botocore = importlib.import_module("botocore")
        if not (folder / f"botocore-{botocore.__version__}.dist-info").is_dir():
            raise RuntimeError("the artifact has another botocore than this environment: run `make setup`")
        source = Path(str(botocore.__file__)).parent / "data"
        for service in names or [path.name for path in source.iterdir() if path.is_dir()]:
            shutil.copytree(source / service, folder / "botocore" / "data" / service, dirs_exist_ok=True)

    return change


def split(folder: Path, sdk: Path) -> None:
    """Move boto3 and what it needs into another folder, as Lambda's runtime has it."""
    sdk.mkdir()
    for name in SDK:
        shutil.move(folder / name, sdk / name)
    compiled(sdk)


def size(paths: Iterable[Path]) -> float:
    """How large files and folders are, in MB."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def zip_size(folder: Path) -> float:
    """How large an artifact is as a zip, as `sam package` makes it, in MB."""
    return len(zipped(folder)) / 1e6
