"""Killed at random moments of build, update, prune and rollback: a few of the hundreds of benchmarks/kills.py."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).parent.parent / "benchmarks" / "kills.py"


@pytest.mark.slow
def test_an_index_outlives_kills_at_random_moments():
    done = subprocess.run([sys.executable, str(KILLS), "--kills", "12"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = r"killed 12 times \(3 in build, 3 in update, 3 in prune, 3 in rollback\), seed \d+\n"
    assert re.match(told + "each time the index opened, verified and answered", done.stdout), done.stdout
