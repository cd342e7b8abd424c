"""Vectors outlive a build that is killed: whole blocks are kept, torn and damaged ones are not believed."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEncoder, unit

from askpkcn.index import build
from askpkcn.journal import KEY, KEYS, Journal, Keys, key_of
from askpkcn.sentence_vectors import SentenceVectors
from askpkcn.snapshot import JOURNAL, open_snapshot
from askpkcn.vectors import Vectors

TEXTS = ["one", "two", "three", "four"]
BLOCK = 4 + 2 * (KEY + 64) + 16
ROWS = np.stack([unit(text) for text in TEXTS])


def keys_of(*texts: str) -> Keys:
    return np.array([key_of(text) for text in texts], dtype=KEYS)


@pytest.fixture
def file(tmp_path) -> Path:
    with Journal(tmp_path / "journal", "digest", 16) as journal:
        journal.append(keys_of(*TEXTS[:2]), ROWS[:2])
        journal.append(keys_of(*TEXTS[2:]), ROWS[2:])
    return tmp_path / "journal"


def kept(file: Path, encoder: str = "digest", dimension: int = 16) -> list[str]:
    with Journal(file, encoder, dimension) as journal:
        keys = journal.keys()
        assert (keys == keys_of(*TEXTS[: len(keys)])).all()
        backwards = np.arange(len(keys))[::-1]
        assert len(keys) == 0 or (journal.rows_at(backwards) == ROWS[backwards]).all()
    return TEXTS[: len(keys)]


def test_what_was_appended_is_there_again(file):
    assert kept(file) == TEXTS
    with Journal(file, "digest", 16) as journal:
        journal.append(keys_of("five"), unit("five")[None])
        assert (journal.keys() == keys_of(*TEXTS, "five")).all()
    with Journal(file, "digest", 16) as journal:
        assert (journal.rows_at(np.array([4, 0])) == np.stack([unit("five"), ROWS[0]])).all()


def test_a_digest_that_ends_with_nought_is_kept_whole(file):
    ending = next(text for text in map(str, range(10_000)) if key_of(text).endswith(b"\0"))
    with Journal(file, "digest", 16) as journal:
        journal.append(keys_of(ending, "five"), np.stack([unit(ending), unit("five")]))
    with Journal(file, "digest", 16) as journal:
        assert (journal.keys() == keys_of(*TEXTS, ending, "five")).all()


def test_a_tail_that_was_torn_at_any_byte_costs_its_block_alone(file):
    whole = file.read_bytes()
    for size in range(len(whole) - BLOCK, len(whole)):
        file.write_bytes(whole[:size])
        assert kept(file) == TEXTS[:2]
        with Journal(file, "digest", 16) as journal:
            journal.append(keys_of(*TEXTS[2:]), ROWS[2:])
        assert file.read_bytes() == whole


def test_a_damaged_block_is_cut_off_with_all_after_it(file):
    whole = bytearray(file.read_bytes())
    for place in (len(whole) - BLOCK + 1, len(whole) - BLOCK + 10, len(whole) - 1):
        data = bytearray(whole)
        data[place] ^= 1
        file.write_bytes(data)
        assert kept(file) == TEXTS[:2]
    whole[len(whole) - 2 * BLOCK + 40] ^= 1
    file.write_bytes(whole)
    assert kept(file) == []


def test_another_encoders_journal_or_no_journal_is_begun_anew(file):
    assert kept(file, "other") == []
    assert kept(file) == []
    file.write_bytes(b"no journal")
    assert kept(file) == []
    assert kept(file, dimension=8) == []


BUILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import HashEncoder
from askpkcn.index import build

class Dying(HashEncoder):
    def embed_passages(self, texts, progress):
        if len(self.embedded) >= int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_passages(texts, progress)

build([Path(sys.argv[2])], Path(sys.argv[3]), Dying)
"""


def test_a_build_killed_while_embedding_goes_on_with_its_vectors(tmp_path):
    (tmp_path / "news").mkdir()
    for i in range(2_000):
        (tmp_path / "news" / f"{i:04}.txt").write_text(f"Report number {i} speaks of the bridge at Thakot.\n")
    at = tmp_path / "index"
    arguments = [str(Path(__file__).parent), str(tmp_path / "news"), str(at), "1500"]
    killed = subprocess.run([sys.executable, "-c", BUILD, *arguments], capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (at / JOURNAL).stat().st_size > 1_400 * (KEY + 64)
    again = HashEncoder()
    built = build([tmp_path / "news"], at, lambda: again)
    assert built.passages == 2_000
    assert len(again.embedded) + built.reused == 2_000  # each sentence here is a passage, and embedded once
    assert built.reused >= 0.9 * 1_500
    assert not (at / JOURNAL).exists()
    expected = np.stack([unit("hashes" + f"Report number {i} speaks of the bridge at Thakot.") for i in range(2_000)])
    assert (Vectors(open_snapshot(at).vectors).rows() == expected).all()
    sentences = SentenceVectors(open_snapshot(at).sentences)
    assert (sentences.rows_at(np.arange(2_000)) == expected.astype(np.float16)).all()


def test_a_passage_that_comes_back_is_not_embedded_again(tmp_path):
    folder, at = tmp_path / "news", tmp_path / "index"
    folder.mkdir()
    (folder / "a.txt").write_text("Ties between the two began in 1951.\n")
    (folder / "b.txt").write_text("He went to Beijing.\n")
    build([folder], at, HashEncoder)
    (folder / "b.txt").unlink()
    build([folder], at, HashEncoder)
    (folder / "c.txt").write_text("He went to Beijing.\n")  # in the snapshot before the live one
    again = HashEncoder()
    assert build([folder], at, lambda: again).reused == 2
    assert again.embedded == []


def test_a_text_that_stands_in_several_articles_is_embedded_once(tmp_path):
    (tmp_path / "news").mkdir()
    for name in "ab":
        (tmp_path / "news" / f"{name}.md").write_text(f"---\ntitle: Title {name}\n---\nHe went.\n")
    encoder = HashEncoder()
    paragraph = " ".join(["He went to Beijing on Monday and signed twenty agreements."] * 30)
    for name in "cd":
        (tmp_path / "news" / f"{name}.txt").write_text(f"{paragraph}\n\n{name}\n")
    built = build([tmp_path / "news"], tmp_path / "index", lambda: encoder)
    n_sentences = open_snapshot(tmp_path / "index").manifest["counts"]["sentences"]
    assert len(encoder.embedded) == len(set(encoder.embedded)) < built.passages + n_sentences
    rows = Vectors(open_snapshot(tmp_path / "index").vectors).rows()
    assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-5
    assert [place.name for place in (tmp_path / "index" / "snapshots").iterdir()] == [built.snapshot]
