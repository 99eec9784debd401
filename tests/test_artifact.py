"""How the function's artifact is built: by provider/Makefile, for the template's Python, with the services it calls."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, which

import boto3
import botocore
import pytest

from tests.templates import ROOT, load

RESOURCE = load(ROOT / "template.yaml")["Resources"]["Function"]
FOLDER = ROOT / RESOURCE["Properties"]["CodeUri"]
MAKEFILE = (FOLDER / "Makefile").read_text()


def variable(name: str) -> str:
    """A variable of the Makefile."""
    (value,) = re.findall(rf"^{name} := (.*)$", MAKEFILE, re.MULTILINE)
    return str(value)


def make(target: str, artifact: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one target as SAM does, with nothing else in the environment."""
    command = [str(which("make")), "--no-print-directory", target, f"ARTIFACTS_DIR={artifact}"]
    environment = {"PATH": "/usr/bin:/bin" if path is None else path, "PYENV_ROOT": str(artifact)}
    return subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def test_sam_builds_the_function_by_its_makefile() -> None:
    """Without it the artifact has no bytecode, and each cold start compiles what it imports."""
    assert RESOURCE["Metadata"]["BuildMethod"] == "makefile"
    assert re.search(r"^build-Function:", MAKEFILE, re.MULTILINE)


def test_bytecode_is_of_the_python_and_packages_are_for_the_machine_that_the_template_names() -> None:
    """Python passes over another version's bytecode without a word."""
    properties = RESOURCE["Properties"]
    assert properties["Runtime"] == f"python{variable('VERSION')}"
    assert properties["Architectures"] == ["arm64"]
    assert "--platform manylinux2014_aarch64" in MAKEFILE


def test_the_services_that_are_shipped_are_those_that_the_function_calls() -> None:
    """One that is called and not shipped would be an UnknownServiceError in the account, and nowhere else."""
    called = {
        node.args[0].value
        for path in (FOLDER / "stream_encryption").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if ast.unparse(node.func).split(".")[-1] == "client"
    }
    assert set(variable("SERVICES").split()) == called == {"kinesis", "kms", "stepfunctions"}


def test_every_file_of_the_package_is_shipped() -> None:
    """The Makefile copies the files of one folder."""
    code = [path for path in (FOLDER / "stream_encryption").rglob("*") if "__pycache__" not in path.parts]
    assert {path.parent for path in code} == {FOLDER / "stream_encryption"}
    assert {path.suffix for path in code} == {".py"}


def test_without_the_services_that_it_never_calls_boto3_still_makes_the_clients(tmp_path: Path) -> None:
    """Everything but the descriptions of other services stays."""
    whole = Path(botocore.__file__).parent / "data"
    data = tmp_path / "botocore" / "data"
    data.mkdir(parents=True)
    for path in whole.iterdir():
        if path.name in {*variable("SERVICES").split(), "s3", "lambda"}:
            copytree(path, data / path.name)
        elif path.is_file():
            (data / path.name).write_bytes(path.read_bytes())
    assert make("slim", tmp_path).returncode == 0
    assert {path.name for path in data.iterdir() if path.is_dir()} == set(variable("SERVICES").split())
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")  # noqa: S106
    loader = session._session.get_component("data_loader")  # noqa: SLF001 - where botocore keeps its search path
    loader.search_paths[:] = [str(data)]
    for service in variable("SERVICES").split():
        client = session.client(service)  # type: ignore[call-overload]
        assert client.meta.endpoint_url.startswith("https://")
    with pytest.raises(botocore.exceptions.UnknownServiceError):
        session.client("s3")


def test_where_its_python_is_missing_the_build_ends_and_says_so(tmp_path: Path) -> None:
    """An artifact without the right bytecode would work, and nobody would notice that it is slow."""
    (tmp_path / "sh").symlink_to(str(which("sh")))
    (tmp_path / "ls").symlink_to(str(which("ls")))
    failed = make("build-Function", tmp_path / "artifact", path=str(tmp_path))
    assert failed.returncode != 0
    assert f"needs Python {variable('VERSION')}" in failed.stderr
    assert not (tmp_path / "artifact").exists()


def test_bytecode_is_used_whatever_time_its_source_has(tmp_path: Path) -> None:
    """A zip, S3 and Lambda keep no times; and a traceback names the file as it lies on Lambda."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != variable("VERSION"):
        pytest.skip(f"bytecode is made by Python {variable('VERSION')}, and read by it")
    (tmp_path / "told.py").write_text("from pathlib import Path\nname = (lambda: 0).__code__.co_filename\n")
    compiled = make("compile", tmp_path, path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    assert compiled.returncode == 0, compiled.stderr
    (bytecode,) = tmp_path.rglob("*.pyc")
    assert bytecode.read_bytes()[4:8] == b"\x01\0\0\0", "PEP 552: by hash, unchecked"
    assert b"/var/task/told.py" in bytecode.read_bytes()
