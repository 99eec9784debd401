"""`make dist`: builds a release: the command as a wheel, and a zip that `sam deploy` deploys without a build."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404  # our own tools, no shell
import sys
import tomllib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
BUILD = ROOT / ".aws-sam" / "release"
BESIDE = ("statemachine", "samconfig.toml", "README.md", "LICENSE", "CHANGELOG.md")
"""What the template names, and what a person needs, beside the built functions."""
NAME = "kinesis-stream-encryption"
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, so that the same build gives the same zip."""


def main() -> int:
    """Build both, and say where they are."""
    shutil.rmtree(DIST, ignore_errors=True)
    shutil.rmtree(BUILD, ignore_errors=True)
    _run(".venv/bin/uv", "build", "--quiet", "--wheel", "--out-dir", str(DIST), str(ROOT))
    _run(".venv-sam/bin/sam", "build", "--no-cached", "--build-dir", str(BUILD))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    pack(BUILD, DIST / f"{NAME}-{version}.zip")
    for path in sorted(DIST.iterdir()):
        if path.name != ".gitignore":
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB")
    return 0


def pack(build: Path, target: Path, root: Path = ROOT) -> None:
    """Write the zip of a release.

    Args:
        build: The folder that `sam build` made: template.yaml, and a folder for each function.
        target: The zip to write.
        root: The project's folder, with the files beside the build.
    """
    template = (build / "template.yaml").read_text("utf-8")
    files = {path.relative_to(build).as_posix(): path for path in build.rglob("*") if path.is_file()}
    for name in BESIDE:
        folder = root / name
        inside = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else [folder]
        files |= {path.relative_to(root).as_posix(): path for path in inside}
    with ZipFile(target, "w", ZIP_DEFLATED) as written:
        for name in sorted(files):
            # SAM writes paths from the build folder to the project's; in the zip both are one folder.
            text = (
                template.replace(f"{os.path.relpath(root, build)}/", "").encode() if name == "template.yaml" else None
            )
            written.writestr(_entry(name), files[name].read_bytes() if text is None else text)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, EARLIEST)
    entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
    return entry


def _run(program: str, *arguments: str) -> None:
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    subprocess.run([str(ROOT / program), *arguments], cwd=ROOT, check=True, env=environment)  # nosec B603


if __name__ == "__main__":
    sys.exit(main())
