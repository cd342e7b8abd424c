"""`verify --rebuild`: an index that was updated is the one that a fresh build makes, and what is not is told."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np
import pytest
from fakes import HashEncoder
from test_index import at, folder, live, rewrite_manifest  # noqa: F401

from askpkcn import building
from askpkcn.cli import run
from askpkcn.errors import ArticleError, IndexCorrupt, IndexMismatch
from askpkcn.index import Model, build
from askpkcn.rebuilding import rebuild
from askpkcn.snapshot import facts_of, open_snapshot

# ruff: noqa: F811


def model_of(_name: str | None) -> Model:
    return Model(HashEncoder, "hashes", "hashes")


@pytest.fixture
def updated(folder: Path, at: Path) -> Path:
    """An index after additions, edits, a renaming, a removal, duplicates and a rollback."""
    build([folder], at, model_of(None))
    (folder / "b.txt").rename(folder / "renamed.txt")
    (folder / "deep" / "c.md").unlink()
    build([folder], at, model_of(None))
    (folder / "a.md").write_text("---\ntitle: Kakar in Beijing\n---\nKakar signed 22 agreements. He left.\n")
    (folder / "copy.txt").write_text("Ties between the two began in 1951.\n\nوزیر اعظم چین گئے۔\n")
    rows = [{"id": str(i), "text": f"The bridge at Thakot opened on day {i}."} for i in range(70)]
    (folder / "export.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    build([folder], at, model_of(None))
    (folder / "articles.toml").write_text('["renamed.txt"]\noutlet = "Dawn"\n')
    build([folder], at, model_of(None))
    return at


def test_an_updated_index_is_that_of_a_fresh_build(updated):
    assert rebuild(updated, model_of) == {"vectors": 0.0, "sentences": 0.0, "questions": 50}


def test_the_command_says_so(updated, monkeypatch, capsys):
    monkeypatch.setattr(building, "named_model", model_of)
    assert run(["verify", "--rebuild", "--index", str(updated)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "a fresh build is the same: articles, passages, vectors (largest difference 0, of a sentence's 0) and the "
        "rankings of 50 questions"
    )
    assert run(["verify", "--rebuild", "--json", "--index", str(updated)]) == 0
    assert json.loads(capsys.readouterr().out)["rebuild"] == {"vectors": 0.0, "sentences": 0.0, "questions": 50}


def test_articles_that_changed_since_are_told(updated, folder):
    (folder / "renamed.txt").write_text("Ties between the two began in 1950.\n")
    with pytest.raises(IndexCorrupt, match=r"texts/.*; if articles have changed since, `askpkcn index` takes that in"):
        rebuild(updated, model_of)
    shutil.rmtree(folder)
    with pytest.raises(ArticleError, match="does not exist"):
        rebuild(updated, model_of)


def forge(at: Path) -> None:
    """Make the manifest fit what was changed, as a faulty update would have written it."""
    files = {name: facts_of(live(at) / name) for name in json.loads((live(at) / "manifest.json").read_bytes())["files"]}
    rewrite_manifest(at, files=files)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE passages SET text = 'Another.' WHERE number = 0", "texts/.* differs"),
        ("UPDATE articles SET published = '2020-01-01' WHERE id = 'texts/a.md'", "texts/a.md differs"),
        ("DELETE FROM repeats", "is missing|differs"),
        ("DELETE FROM passages WHERE number = (SELECT max(number) FROM passages)", "is missing"),
    ],
)
def test_a_catalogue_that_differs_is_told(updated, change, what):
    with closing(sqlite3.connect(live(updated) / "catalogue.sqlite")) as connection:
        connection.execute(change)
        connection.commit()
    forge(updated)
    with pytest.raises(IndexCorrupt, match=what):
        rebuild(updated, model_of)


def test_a_vector_that_differs_is_told(updated):
    file = str(open_snapshot(updated).vectors)
    rows = faiss.read_index(file)
    faiss.rev_swig_ptr(rows.get_xb(), rows.ntotal * rows.d)[3] += 1e-5
    faiss.write_index(rows, file)
    forge(updated)
    with pytest.raises(IndexCorrupt, match=r"a vector of .* is 1e-05 off that of a fresh build"):
        rebuild(updated, model_of)


def test_a_sentences_vector_that_differs_is_told(updated):
    file = open_snapshot(updated).sentences
    rows = np.load(file)
    rows[3, 2] += 0.25
    np.save(file, rows)
    forge(updated)
    with pytest.raises(IndexCorrupt, match=r"a sentence's vector of .* is 0.25 off that of a fresh build"):
        rebuild(updated, model_of)


def test_another_encoder_is_told(updated):
    with pytest.raises(IndexMismatch, match=r"was made by the encoder hashes .*, a fresh build has other"):
        rebuild(updated, lambda _name: Model(lambda: HashEncoder("other")))


@pytest.mark.slow
def test_the_real_encoder_gives_the_same_vectors_in_other_company(tmp_path):
    seeds = Path(__file__).parent.parent / "seeds"
    folder = shutil.copytree(seeds, tmp_path / "seeds")
    model = building.named_model(None)
    for name in ("khan-fall.md", "kakar-visit.md"):
        (folder / name).unlink()
    build([folder], tmp_path / "index", model)
    for name in ("khan-fall.md", "kakar-visit.md"):
        shutil.copy(seeds / name, folder)
        build([folder], tmp_path / "index", model)
    compared = rebuild(tmp_path / "index", lambda _name: model)
    assert compared["vectors"] <= 1e-6
    assert compared["sentences"] <= 2**-11
    assert compared["questions"] == 31
