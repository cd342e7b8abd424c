import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import HashEncoder, unit

from askpkcn import embedding, index
from askpkcn import snapshot as layout
from askpkcn.catalogue import Catalogue
from askpkcn.errors import ArticleError, IndexCorrupt, IndexMismatch, IndexMissing, IndexUnwritable
from askpkcn.gathering import Changes, Duplicate
from askpkcn.index import build
from askpkcn.keywords import Keywords
from askpkcn.passages import PassageSettings
from askpkcn.sentence_vectors import SentenceVectors
from askpkcn.snapshot import NAME, facts_of, held, open_snapshot
from askpkcn.vectors import Vectors
from askpkcn.verify import verify

TEXTS = {
    "a.md": "---\ntitle: Kakar in Beijing\noutlet: Dawn\n---\nKakar signed 20 agreements. 😀 He left on Monday.\n",
    "b.txt": "Ties between the two began in 1951.\n\nوزیر اعظم چین گئے۔\n",
    "deep/c.md": "Nobody spoke of the weather.\n",
}


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "texts"
    for name, text in TEXTS.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def at(tmp_path) -> Path:
    return tmp_path / "index"


def make(folder: Path, at: Path, encoder: HashEncoder | None = None, **changes) -> index.Built:
    return build([folder], at, lambda: encoder or HashEncoder(), **changes)


def snapshots(at: Path) -> list[str]:
    return sorted(place.name for place in (at / "snapshots").iterdir())


def passages_of(at: Path) -> list[str]:
    opened = Catalogue(open_snapshot(at).catalogue)
    texts = [passage.text for passage in opened.all_passages()]
    opened.close()
    return texts


def test_a_build_opens_and_its_parts_count_the_same(folder, at, encoder):
    built = make(folder, at, encoder)
    snapshot = open_snapshot(at)
    assert (at / "CURRENT").read_text() == f"{built.snapshot}\n"
    assert (snapshot.name, snapshot.encoder) == (built.snapshot, encoder.card)
    assert (built.articles, built.reused, built.skipped) == (3, 0, ())
    assert built.passages == len(Vectors(snapshot.vectors)) == len(Keywords(snapshot.keywords)) == len(passages_of(at))
    n_sentences = len(SentenceVectors(snapshot.sentences))
    assert snapshot.manifest["counts"] == {"articles": 3, "passages": built.passages, "sentences": n_sentences}
    assert snapshot.manifest["passages"]["budget"] == PassageSettings().budget
    assert verify(at)["snapshot"] == built.snapshot
    assert snapshots(at) == [built.snapshot]  # nothing half-made is left


def sentences_of(at: Path) -> list[str]:
    with closing(Catalogue(open_snapshot(at).catalogue)) as opened:
        return list(opened.all_sentences())


def check_sentences(at: Path, encoder: HashEncoder) -> None:
    """Check that the vectors of all sentences stand in their rows."""
    stored = SentenceVectors(open_snapshot(at).sentences)
    expected = np.stack([unit(encoder.card.name + text) for text in sentences_of(at)])
    assert (stored.rows_at(np.arange(len(stored))) == expected.astype(np.float16)).all()


def test_every_sentence_of_an_article_has_a_vector_in_its_order(folder, at, encoder):
    make(folder, at, encoder)
    assert sentences_of(at) == [
        "Kakar in Beijing",
        "Kakar signed 20 agreements.",
        "😀 He left on Monday.",
        "Ties between the two began in 1951.",
        "وزیر اعظم چین گئے۔",
        "Nobody spoke of the weather.",
    ]
    check_sentences(at, encoder)


LONG = " ".join(f"On day {day} of the visit the ministers signed one more agreement in Beijing." for day in range(40))


def test_passages_share_the_vectors_of_the_sentences_that_they_share(folder, at, encoder):
    (folder / "long.txt").write_text(LONG)
    built = make(folder, at, encoder)
    assert len(sentences_of(at)) == 6 + 40
    assert len(encoder.embedded) == len(set(encoder.embedded)) < built.passages + 6 + 40
    check_sentences(at, encoder)


def test_a_passage_is_embedded_with_its_articles_title_where_it_does_not_begin_with_it(folder, at, encoder):
    (folder / "long.md").write_text(f"---\ntitle: A long visit\n---\n{LONG}\n")
    (folder / "untitled.txt").write_text(LONG + " So it went.")
    make(folder, at, encoder)
    titled = [text for text in encoder.embedded if "A long visit" in text and text != "A long visit"]
    assert len(titled) > 2
    assert all(text.count("A long visit") == 1 for text in titled)
    assert sum(text.startswith("A long visit. On day") for text in titled) == len(titled) - 1
    assert sum(text.startswith("A long visit\n\nOn day 0") for text in titled) == 1
    assert not any("untitled" in text for text in encoder.embedded)
    assert not any(text.startswith("A long visit. ") for text in passages_of(at))  # quotes are of the text alone
    assert verify(at)["articles"] == 5


def test_another_title_is_another_vector_of_passages_but_not_of_sentences(folder, at):
    (folder / "long.md").write_text(f"---\ntitle: A long visit\n---\n{LONG}\n")
    make(folder, at)
    (folder / "long.md").write_text(f"---\ntitle: Forty days\n---\n{LONG}\n")
    again = HashEncoder()
    make(folder, at, again)
    assert "Forty days" in again.embedded
    assert all(text.startswith("Forty days") for text in again.embedded)
    check_sentences(at, again)


def test_vectors_of_another_method_are_not_taken_over(folder, at, monkeypatch):
    (folder / "long.md").write_text(f"---\ntitle: A long visit\n---\n{LONG}\n")
    with monkeypatch.context() as patched:
        patched.setattr(embedding, "METHOD", 0)
        patched.setattr(embedding, "embedded_text", lambda passage, _source: passage.text)
        make(folder, at)
    again = HashEncoder()
    assert make(folder, at, again).reused == 0
    assert any(text.startswith("A long visit. On day") for text in again.embedded)
    check_sentences(at, again)


def test_an_edited_article_has_only_its_new_sentences_embedded_anew(folder, at):
    (folder / "long.txt").write_text(LONG)
    make(folder, at)
    (folder / "a.md").unlink()  # every row moves up
    (folder / "long.txt").write_text(LONG.replace("day 20", "day XX"))
    again = HashEncoder()
    make(folder, at, again)
    sentences = [text for text in again.embedded if text in sentences_of(at)]
    assert sentences == ["On day XX of the visit the ministers signed one more agreement in Beijing."]
    check_sentences(at, again)


def test_vectors_stand_at_the_numbers_of_their_passages(folder, at, encoder):
    make(folder, at, encoder)
    expected = encoder.embed_passages(passages_of(at), lambda _: None)
    assert (Vectors(open_snapshot(at).vectors).rows() == expected).all()


def test_a_second_build_embeds_only_what_changed(folder, at):
    first = make(folder, at)
    (folder / "b.txt").write_text("Ties between the two began in 1950.\n")
    again = HashEncoder()
    second = make(folder, at, again)
    assert second.snapshot != first.snapshot == snapshots(at)[0]
    assert open_snapshot(at).name == second.snapshot
    assert again.embedded == ["Ties between the two began in 1950."]
    assert second.reused == second.passages - 1
    expected = again.embed_passages(passages_of(at), lambda _: None)
    assert (Vectors(open_snapshot(at).vectors).rows() == expected).all()


def test_an_article_that_was_removed_is_gone(folder, at):
    make(folder, at)
    (folder / "b.txt").unlink()
    assert make(folder, at).articles == 2
    assert not any("1951" in text for text in passages_of(at))


def test_another_encoder_reuses_nothing(folder, at):
    make(folder, at)
    other = HashEncoder("other", dimension=8)
    assert make(folder, at, other).reused == 0
    assert open_snapshot(at).encoder == other.card


def test_the_same_weights_with_another_limit_are_another_encoder(folder, at):
    make(folder, at)
    shorter = HashEncoder()
    shorter.card = replace(shorter.card, max_tokens=128)
    assert make(folder, at, shorter).reused == 0
    exported = json.loads((open_snapshot(at).encoder_folder / "encoder.json").read_bytes())
    assert exported["max_tokens"] == 128
    assert len(list(at.glob("encoders/*"))) == 2  # readers of the snapshot before still need theirs


def test_other_settings_are_kept_in_the_manifest(folder, at):
    make(folder, at, settings=PassageSettings(budget=16, overlap=0))
    told = open_snapshot(at).manifest["passages"]
    assert (told["budget"], told["overlap"]) == (16, 0)


def test_a_reader_keeps_its_snapshot_through_a_build(folder, at):
    make(folder, at)
    opened = Catalogue(open_snapshot(at).catalogue)
    before = list(opened.all_passages())
    for _ in range(2 + 1):
        make(folder, at)
    assert list(opened.all_passages()) == before
    opened.close()


def test_old_snapshots_are_dropped(folder, at):
    names = [make(folder, at).snapshot for _ in range(2 + 2)]
    assert snapshots(at) == names[-2:]


def test_progress_is_told_to_its_end(folder, at):
    told: list[tuple[str, int, int]] = []
    built = make(folder, at, report=lambda *row: told.append(row))
    stages = [stage for stage, _, _ in told]
    assert sorted(set(stages), key=stages.index) == ["looking", "reading", "stories", "embedding", "encoder"]
    assert all(done == total for done, total in {stage: row for stage, *row in told}.values())
    assert max(total for stage, _, total in told if stage == "embedding") == built.passages + len(sentences_of(at))


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import HashEncoder
from askpkcn.gathering import Changes, Duplicate
from askpkcn.index import build

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def report(stage, done, total):
    if stage == sys.argv[4] and (sys.argv[5] == "begun" or done == total):
        die()

if sys.argv[4] in ("rename", "replace"):  # the two steps by which a snapshot goes live
    setattr(Path, sys.argv[4], die)
build([Path(sys.argv[2])], Path(sys.argv[3]), lambda: HashEncoder(sys.argv[6]), report=report)
"""


@pytest.mark.parametrize(
    ("stage", "moment", "encoder"),
    [
        *((stage, moment, "other") for stage in ("stories", "embedding", "encoder") for moment in ("begun", "done")),
        *((stage, "begun", "hashes") for stage in ("looking", "reading")),
        ("rename", "other", "other"),
        ("rename", "same", "hashes"),
        ("replace", "same", "hashes"),
    ],
)
def test_a_build_killed_at_any_moment_leaves_the_last_snapshot_live(folder, at, stage, moment, encoder):
    live = make(folder, at).snapshot
    (folder / "new.md").write_text("Something else was said.\n")
    arguments = [str(Path(__file__).parent), str(folder), str(at), stage, moment, encoder]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert open_snapshot(at).name == live
    assert verify(at)["articles"] == 3
    assert make(folder, at).articles == 4
    assert verify(at)["articles"] == 4
    assert not list((at / "snapshots").glob(".*"))


@pytest.mark.parametrize("step", ["rename", "replace"])
def test_a_build_that_fails_while_going_live_leaves_the_last_snapshot_live(folder, at, step, monkeypatch):
    live = make(folder, at).snapshot

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, step, fail)
        with pytest.raises(IndexUnwritable, match=r"cannot be written \(No space left on device\); free space"):
            make(folder, at)
    assert open_snapshot(at).name == live
    make(folder, at)
    assert verify(at)["articles"] == 3


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import HashEncoder
from askpkcn import index, keywords
from askpkcn.errors import IndexUnwritable

def fill(*_):
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

def report(stage, done, total):
    if stage == sys.argv[4]:
        fill()

if sys.argv[4] == "keywords":
    write = keywords.write
    keywords.write = lambda *arguments: (fill(), write(*arguments))
try:
    index.build([Path(sys.argv[2])], Path(sys.argv[3]), lambda: HashEncoder("other", dimension=384), report=report)
except IndexUnwritable as error:
    print(error)
"""


@pytest.mark.parametrize("stage", ["reading", "keywords", "embedding", "encoder"])
def test_a_full_disk_is_told_in_one_line_and_leaves_the_last_snapshot_live(folder, at, stage):
    before = make(folder, at).snapshot
    arguments = [str(Path(__file__).parent), str(folder), str(at), stage]
    full = subprocess.run([sys.executable, "-c", FULL, *arguments], capture_output=True, text=True, timeout=120)
    assert full.returncode == 0, full.stderr
    assert re.fullmatch(r".*index cannot be written \(.+\); free space or name another --index\n", full.stdout)
    assert open_snapshot(at).name == before
    assert snapshots(at) == [before]
    make(folder, at)


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


FILES = (
    "CURRENT",
    "snapshots/*/manifest.json",
    "snapshots/*/catalogue.sqlite",
    "snapshots/*/vectors.faiss",
    "snapshots/*/sentences.npy",
    "snapshots/*/keywords/meta.json",
    "snapshots/*/keywords/*.store",
    "snapshots/*/keywords/*.term",
    "snapshots/*/keywords/*.idx",
    "snapshots/*/keywords/*.pos",
    "snapshots/*/keywords/*.fast",
    "snapshots/*/keywords/*.fieldnorm",
    "encoders/*/encoder.json",
    "encoders/*/tokenizer.json",
    "encoders/*/model.onnx",
    "encoders/*/files.json",
)


def test_the_files_named_here_are_all_there_are(folder, at):
    make(folder, at)
    named = {file for pattern in FILES for file in at.glob(pattern)}
    present = {file for file in at.rglob("*") if file.is_file() and not file.name.endswith(".lock")}
    assert present - named == {file for file in present if file.name == ".managed.json"}
    assert all(list(at.glob(pattern)) for pattern in FILES)


@pytest.mark.parametrize("pattern", [*FILES, "snapshots/*/keywords/.managed.json"])
def test_a_changed_byte_or_a_missing_file_is_found_and_mended_by_a_build(folder, at, pattern):
    make(folder, at)
    (file,) = at.glob(pattern)
    whole = file.read_bytes()
    for place in (0, len(whole) // 2, -1):
        flip(file, place)
        with pytest.raises(IndexCorrupt, match="rebuild it with `askpkcn index PATH --index"):
            open_snapshot(at)
        file.write_bytes(whole)
    file.write_bytes(whole + b"\n")
    with pytest.raises(IndexCorrupt, match="rebuild it with"):
        open_snapshot(at)
    file.unlink()
    with pytest.raises((IndexCorrupt, IndexMissing), match=r"re?build|build one"):
        open_snapshot(at)
    make(folder, at)
    assert verify(at)["articles"] == 3


def test_a_large_file_is_looked_at_in_places_when_it_is_opened_and_in_full_by_verify(folder, at, monkeypatch):
    monkeypatch.setattr(layout, "LARGE", 20_000)
    monkeypatch.setattr(layout, "PLACES", 3)
    monkeypatch.setattr(layout, "PLACE", 16)
    make(folder, at)
    (file,) = at.glob("snapshots/*/catalogue.sqlite")
    whole = file.read_bytes()
    assert len(whole) > 20_000
    for place in (0, (len(whole) - 16) // 2, -1):
        flip(file, place)
        with pytest.raises(IndexCorrupt, match="is not the file that was written"), held(at):
            pass
        file.write_bytes(whole)
    file.write_bytes(whole[:-1])
    with pytest.raises(IndexCorrupt, match="is not the file that was written"), held(at):
        pass
    file.write_bytes(whole)
    text = next(iter(folder.rglob("*.md"))).read_bytes()[-20:].strip()
    flip(file, whole.index(text) + 3)
    with held(at) as snapshot, closing(Catalogue(snapshot.catalogue)) as opened:  # noqa: SIM117
        with pytest.raises(IndexCorrupt, match="is not the one that was indexed; rebuild it with"):
            [opened.article(source.id) for source, _ in opened.sources()]
    with pytest.raises(IndexCorrupt, match="is not the file that was written"):
        verify(at)


def test_a_damaged_listing_of_the_encoder_does_not_stop_a_build(folder, at):
    make(folder, at)
    (listing,) = at.glob("encoders/*/files.json")
    for text in ("{", "{}", "[]"):
        listing.write_text(text)
        make(folder, at)
        assert verify(at)["articles"] == 3


def live(at: Path) -> Path:
    return at / "snapshots" / (at / "CURRENT").read_text().strip()


def manifest(at: Path) -> dict[str, Any]:
    return json.loads((live(at) / "manifest.json").read_bytes())


def rewrite_manifest(at: Path, **changes: object) -> None:
    """Change a manifest and rename its snapshot so that every digest fits again."""
    place, data = live(at), json.dumps(manifest(at) | changes).encode()
    (place / "manifest.json").write_bytes(data)
    name = f"{place.name[:-16]}{hashlib.sha256(data).hexdigest()[:16]}"
    place.rename(place.parent / name)
    (at / "CURRENT").write_text(f"{name}\n")


def test_another_format_names_both_and_the_remedy(folder, at):
    make(folder, at)
    rewrite_manifest(at, format=3)
    with pytest.raises(IndexMismatch, match="has index format 3, this askpkcn reads format 4; rebuild it with"):
        open_snapshot(at)
    make(folder, at)
    assert verify(at)["articles"] == 3


@pytest.mark.parametrize("name", ["", "../../elsewhere", "20261122T074725114601Z-3ce96863a9304ec6", "\xff\0"])
def test_a_current_that_names_no_snapshot_is_corrupt(folder, at, name):
    make(folder, at)
    (at / "CURRENT").write_text(name)
    with pytest.raises(IndexCorrupt, match="which is not there; rebuild it with"):
        open_snapshot(at)


def test_no_index_names_the_command(at):
    with pytest.raises(IndexMissing, match=r"there is no index in .*; build one with `askpkcn index PATH --index"):
        open_snapshot(at)


def tamper(at: Path, statement: str) -> None:
    """Change the catalogue and rebuild the digests, as someone who knows the layout could."""
    file = live(at) / "catalogue.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()
    rewrite_manifest(at, files=manifest(at)["files"] | {file.name: facts_of(file)})
    open_snapshot(at)  # which checks files, not what stands in them


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE articles SET text = replace(text, '20', '21')", "the text of texts/a.md is not the one"),
        ("UPDATE passages SET text = replace(text, '20', '21')", "is not at its offsets in texts/a.md"),
        ("UPDATE passages SET start = start + 1 WHERE number = 1", "passage 1 is not at its offsets"),
        ("UPDATE passages SET article_id = 'gone' WHERE number = 0", "passage 0 is not at its offsets"),
        ("DELETE FROM passages WHERE number = 0", "counts its passages differently"),
        ("UPDATE passages SET end_row = end_row - 1 WHERE number = 0", "passage 0 has the rows of other sentences"),
        ("UPDATE passages SET end_row = first_row WHERE number = 0", "passage 0 has the rows of other sentences"),
        ("UPDATE passages SET first_row = 0 WHERE number = 1", "passage 1 has the rows of other sentences"),
        ("UPDATE passages SET end_row = 99 WHERE number = 2", "counts its sentences differently"),
    ],
)
def test_verify_finds_a_catalogue_that_was_tampered_with(folder, at, statement, fault):
    make(folder, at)
    assert verify(at)["articles"] == 3
    tamper(at, statement)
    with pytest.raises(IndexCorrupt, match=f"{fault}.*; rebuild"):
        verify(at)


def test_a_second_writer_is_told_to_wait(folder, at):
    live = make(folder, at).snapshot
    with (at / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(
            IndexUnwritable, match=r"another askpkcn is writing to .*; wait until it has ended, or name another --index"
        ):
            make(folder, at)
    assert open_snapshot(at).name == live


def test_a_place_that_is_no_folder_cannot_be_written(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexUnwritable, match=r"cannot be written \(.*\); free space or name another --index"):
        make(folder, tmp_path / "file" / "index")
    with pytest.raises(IndexUnwritable, match="cannot be written"):
        make(folder, tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_cannot_be_written(folder, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(IndexUnwritable, match=r"cannot be written \(Permission denied\)"):
        make(folder, tmp_path / "index")


def test_one_bad_file_is_skipped_with_its_reason(folder, at):
    (folder / "bad.md").write_bytes(b"\0\1")
    (folder / "broken.md").write_text("---\ntitle: [\n---\nText.\n")
    built = make(folder, at)
    assert built.articles == 3
    assert [skipped.file.name for skipped in built.skipped] == ["bad.md", "broken.md"]
    assert "is a binary file" in built.skipped[0].why
    assert "broken front matter" in built.skipped[1].why


def test_of_files_with_one_text_the_first_is_kept_and_the_others_named(folder, at):
    shutil.copy(folder / "b.txt", folder / "z.txt")
    built = make(folder, at)
    assert (built.articles, built.skipped) == (3, ())
    assert built.duplicates == (Duplicate("texts/z.txt", "texts/b.txt"),)


def test_changes_are_counted_against_the_live_snapshot(folder, at):
    assert make(folder, at).changes == Changes(new=3, updated=0, unchanged=0, removed=0)
    assert make(folder, at).changes == Changes(new=0, updated=0, unchanged=3, removed=0)
    (folder / "b.txt").write_text("Ties between the two began in 1950.\n")
    (folder / "deep/c.md").unlink()
    (folder / "d.md").write_text("Somebody spoke of the weather.\n")
    assert make(folder, at).changes == Changes(new=1, updated=1, unchanged=1, removed=1)


def test_an_article_of_which_something_else_is_told_is_updated(folder, at):
    make(folder, at)
    (folder / "articles.toml").write_text('["b.txt"]\noutlet = "Dawn"\n')
    built = make(folder, at)
    assert built.changes == Changes(new=0, updated=1, unchanged=2, removed=0)
    assert built.reused == built.passages


def test_without_a_snapshot_that_can_be_read_every_article_is_new(folder, at):
    make(folder, at)
    (open_snapshot(at).catalogue).write_bytes(b"damaged")
    assert make(folder, at).changes == Changes(new=3, updated=0, unchanged=0, removed=0)


def test_strict_stops_at_the_first_file_that_cannot_be_read(folder, at):
    live = make(folder, at).snapshot
    (folder / "bad.md").write_bytes(b"\0\1")
    with pytest.raises(ArticleError, match=r"bad\.md is a binary file.* \(--strict: nothing was written\)"):
        make(folder, at, strict=True)
    assert open_snapshot(at).name == live


def test_files_of_other_kinds_are_counted_by_suffix(folder, at):
    for name in ("a.css", "b.css", "photo.jpg"):
        (folder / name).write_bytes(b"\xff\xd8\xff")
    assert make(folder, at).others == {".css": 2, ".jpg": 1}


def test_a_folder_without_articles_changes_nothing(folder, at, tmp_path):
    live = make(folder, at).snapshot
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArticleError, match=r"no article found in .*empty: it needs files of Markdown, .* with text"):
        make(tmp_path / "empty", at)
    (tmp_path / "empty" / "bad.md").write_bytes(b"\0")
    with pytest.raises(ArticleError, match=r"no article found in .*empty: .*bad\.md is a binary file"):
        make(tmp_path / "empty", at)
    assert open_snapshot(at).name == live


def test_an_encoder_that_fails_leaves_the_last_snapshot_live(folder, at):
    live = make(folder, at).snapshot

    class Failing(HashEncoder):
        def embed_passages(self, texts, progress):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make(folder, at, Failing("failing"))
    assert open_snapshot(at).name == live
    assert snapshots(at) == [live]


def test_names_of_snapshots_are_told_from_other_folders(folder, at):
    assert NAME.fullmatch(make(folder, at).snapshot)
    assert not NAME.fullmatch(".staged")
