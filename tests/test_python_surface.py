"""The examples of docs/python.md print what stands below them, and the package is cheap until it is used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[1] / "docs" / "python.md"
EXAMPLE = re.compile(r"^## (.+?)$.*?^```python\n(.+?)^```\n\n```text\n(.+?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(GUIDE.read_text())
# The log goes to standard output unless a program says otherwise.
QUIET = "import structlog, sys\nstructlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))\n"


def run(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_every_example_of_the_guide_is_tried() -> None:
    assert len(EXAMPLES) == GUIDE.read_text().count("```python") == 6


@pytest.mark.parametrize(("code", "printed"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES])
def test_an_example_prints_what_the_guide_says(tmp_path: Path, code: str, printed: str) -> None:
    done = run(QUIET + code.replace("/var/lib/my-engine", str(tmp_path / "data")))
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_importing_the_package_imports_nothing_large() -> None:
    done = run(
        "import statesvc, sys; print([name for name in ('sqlalchemy', 'pydantic', 'asyncio') if name in sys.modules])"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_package_has_nothing_else() -> None:
    done = run("import statesvc; statesvc.nothing")
    assert "module 'statesvc' has no attribute 'nothing'" in done.stderr
