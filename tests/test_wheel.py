"""What ships: the wheel, away from this checkout, answers a question."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_wheel_alone_answers_a_question(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    # Dependencies come from this environment: installing torch anew would take minutes and prove nothing more.
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (tmp_path / "one.txt").write_text("The bridge at Thakot was opened by Anwar Aziz in 1978.\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(target)}

    def askpkcn(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "askpkcn", *arguments]
        return subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    where = [sys.executable, "-c", "import askpkcn; print(askpkcn.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).is_relative_to(target)
    assert askpkcn("index", "one.txt").returncode == 0
    answer = askpkcn("ask", "Who opened the bridge at Thakot?", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["groups"][0]["text"] == "Anwar Aziz"
