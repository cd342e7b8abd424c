"""Messy files, each with the text and the metadata expected of it: tests/messy/NAME.case.

A case is TOML (what is known of the article; what is not named must stay unknown), the file, and the text.
"""

import tomllib
from pathlib import Path

import pytest

from askpkcn import articles
from askpkcn.articles import Found
from askpkcn.unknown import FIELDS, unknown_of

CASES = sorted((Path(__file__).parent / "messy").glob("*.case"))


def test_there_are_enough():
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_messy_file_gives_its_article_and_nothing_else(case, tmp_path):
    told, rest = case.read_text(encoding="utf-8").split("=== file\n")
    raw, text = rest.split("=== text\n")
    file = tmp_path / case.stem
    file.write_text(raw, encoding="utf-8")
    article = articles.read(Found(file, f"messy/{file.name}"))
    unknown = unknown_of(article.source)
    known = {name: getattr(article.source, name) for name in FIELDS if name not in unknown}
    assert known == tomllib.loads(told)
    assert article.text == text.strip("\n")
