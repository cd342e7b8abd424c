"""What a question may not touch: torch, and the network."""

import subprocess
import sys

import pytest

ASK = """
import socket, sys

def refuse(*_args, **_kwargs):
    raise AssertionError("askpkcn reached for the network")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
from askpkcn.cli import run

code = run(["ask", "How many agreements did Kakar sign in China?", "--json", "--index", sys.argv[1]])
heavy = {"torch", "transformers", "sentence_transformers", "nupunkt", "tiktoken", "sklearn", "scipy"}
heavy |= {"trafilatura", "pypdf", "docx", "lxml", "charset_normalizer", "yaml", "markdown_it"}
heavy |= {"fastapi", "uvicorn", "pydantic", "jinja2", "prometheus_client"}
heavy &= set(sys.modules)
assert not heavy, heavy
sys.exit(code)
"""

INDEX = """
import socket, sys

def refuse(*_args, **_kwargs):
    raise AssertionError("askpkcn reached for the network")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
from askpkcn.cli import run

sys.exit(run(["index", sys.argv[1], "--index", sys.argv[2]]))
"""


@pytest.mark.slow
def test_asking_imports_no_torch_and_no_network(seeds_index):
    done = subprocess.run([sys.executable, "-c", ASK, str(seeds_index)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_indexing_needs_no_network(tmp_path):
    (tmp_path / "one.txt").write_text("A short article about a bridge.", encoding="utf-8")
    paths = [str(tmp_path / "one.txt"), str(tmp_path / "index")]
    done = subprocess.run([sys.executable, "-c", INDEX, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
