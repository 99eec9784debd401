"""provider/Makefile builds the functions' artifact, for the template's Python and with the services that they call."""

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

RESOURCES = load(ROOT / "template.yaml")["Resources"]
BUILT = {name: RESOURCES[name] for name in ("Function", "WatchFunction")}
FOLDER = ROOT / "provider"
MAKEFILE = (FOLDER / "Makefile").read_text()


def variable(name: str) -> str:
    """Return a variable of the Makefile."""
    (value,) = re.findall(rf"^{name} := (.*)$", MAKEFILE, re.MULTILINE)
    return str(value)


def make(target: str, artifact: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a target as SAM does, with a bare environment."""
    command = [str(which("make")), "--no-print-directory", target, f"ARTIFACTS_DIR={artifact}"]
    environment = {"PATH": "/usr/bin:/bin" if path is None else path, "PYENV_ROOT": str(artifact)}
    return subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("name", BUILT)
def test_sam_builds_each_function_of_the_package_with_the_makefile(name: str) -> None:
    """Without it the artifact has no bytecode, and each cold start compiles all that it imports."""
    assert BUILT[name]["Metadata"]["BuildMethod"] == "makefile"
    assert ROOT / BUILT[name]["Properties"]["CodeUri"] == FOLDER
    (targets,) = re.findall(r"^(.*): install code slim compile$", MAKEFILE, re.MULTILINE)
    assert f"build-{name}" in targets.split()


@pytest.mark.parametrize("name", BUILT)
def test_the_makefile_builds_for_the_template_s_runtime_and_architecture(name: str) -> None:
    """Python ignores the bytecode of another version."""
    properties = BUILT[name]["Properties"]
    assert properties["Runtime"] == f"python{variable('VERSION')}"
    assert properties["Architectures"] == ["arm64"]
    assert "--platform manylinux2014_aarch64" in MAKEFILE


def test_the_shipped_services_are_those_that_the_functions_call() -> None:
    """A service that is called and not shipped would fail with UnknownServiceError, and only in the account."""
    called = {
        node.args[0].value
        for path in (FOLDER / "stream_encryption").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if ast.unparse(node.func).split(".")[-1] == "client"
    }
    assert set(variable("SERVICES").split()) == called == {"dynamodb", "events", "kinesis", "kms", "stepfunctions"}


def test_all_sources_of_the_package_are_shipped_and_nothing_else(tmp_path: Path) -> None:
    """Tests leave bytecode of other versions of Python beside the sources."""
    package = FOLDER / "stream_encryption"
    copied = make("code", tmp_path)
    assert copied.returncode == 0, copied.stderr
    shipped = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert shipped == {path.relative_to(FOLDER) for path in package.rglob("*.py")}


def test_boto3_makes_the_clients_without_the_other_services(tmp_path: Path) -> None:
    """Only the descriptions of other services are removed."""
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


def test_the_build_fails_without_the_runtime_s_python(tmp_path: Path) -> None:
    """An artifact with the wrong bytecode would work, but slowly."""
    (tmp_path / "sh").symlink_to(str(which("sh")))
    (tmp_path / "ls").symlink_to(str(which("ls")))
    failed = make("build-Function", tmp_path / "artifact", path=str(tmp_path))
    assert failed.returncode != 0
    assert f"needs Python {variable('VERSION')}" in failed.stderr
    assert not (tmp_path / "artifact").exists()


def test_bytecode_is_used_whatever_the_time_of_its_source(tmp_path: Path) -> None:
    """A zip does not keep exact times. A traceback names the file as it is on Lambda."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != variable("VERSION"):
        pytest.skip(f"bytecode is made by Python {variable('VERSION')}, and read by it")
    (tmp_path / "module.py").write_text("from pathlib import Path\nname = (lambda: 0).__code__.co_filename\n")
    compiled = make("compile", tmp_path, path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    assert compiled.returncode == 0, compiled.stderr
    (bytecode,) = tmp_path.rglob("*.pyc")
    assert bytecode.read_bytes()[4:8] == b"\x01\0\0\0", "PEP 552: by hash, unchecked"
    assert b"/var/task/module.py" in bytecode.read_bytes()
