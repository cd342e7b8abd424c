"""A folder with everything that goes wrong: one clear line each, the rest indexed, nothing lost of what was before."""

import json
import os
import re
from pathlib import Path

import pytest
from fakes import HashEncoder
from files import pdf, with_part, word

from askpkcn import building, catalogue, index
from askpkcn.articles import Readings, find
from askpkcn.cli import run
from askpkcn.errors import IndexMismatch, IndexUnwritable
from askpkcn.index import Model, build
from askpkcn.rebuilding import rebuild
from askpkcn.snapshot import open_snapshot
from askpkcn.verify import verify

SENTENCE = "The minister said on Monday that the bridge at Thakot would open in the spring."
NEWLINE, MIRRORED = "two\nlines.txt", "gpj.\u202etxt.md"


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "good.txt").write_text(SENTENCE)
    return folder


@pytest.fixture
def hostile(folder) -> Path:
    """Add one file of each kind that gives no article, and two with names that would break a line or mislead."""
    (folder / "empty.html").write_bytes(b"")
    (folder / "cut.pdf").write_bytes(pdf([[SENTENCE]])[:300])
    (folder / "scan.pdf").write_bytes(pdf([[]]))
    (folder / "bomb.docx").write_bytes(with_part(word([]), "word/document.xml", b" " * 10_000_000, 60))
    (folder / "deep.html").write_text("<div>" * 100_000)
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "around").symlink_to(folder)
    (folder / "out.txt").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.txt")
    os.mkfifo(folder / "pipe")
    for name in ("huge.txt", "huge.jsonl"):
        with (folder / name).open("wb") as stream:
            stream.truncate(500_000_000)  # sparse: it takes no room
    (folder / NEWLINE).write_bytes(b"\0\1")
    (folder / MIRRORED).write_text("")
    return folder


LINES = {
    "empty.html": "holds no text; remove it or fill it",
    "cut.pdf": "is a broken PDF",
    "scan.pdf": "is a PDF that holds no text; if its pages are images, run text recognition",
    "bomb.docx": "would unpack to",
    "deep.html": "is HTML nested over 250 deep",
    "loop.txt": "is a link that leads nowhere",
    "around": "is a link to a folder",
    "out.txt": "is a link out of the folder",
    "pipe.txt": "is not a regular file",
    "huge.txt": "is 500 MB, over the limit of 50 MB|is a binary file",
    "huge.jsonl": "line 1 is over the limit of 20 MB",
    NEWLINE: "is a binary file",
    MIRRORED: "holds no text",
}


def test_each_is_told_in_one_line_and_what_was_indexed_stays(hostile, tmp_path):
    built = build([hostile], tmp_path / "index", HashEncoder)
    assert built.articles == 1
    told = {skipped.file.name: skipped.why for skipped in built.skipped}
    assert told.keys() == LINES.keys()
    for name, why in told.items():
        assert re.search(LINES[name], why), why
    assert built.others == {"without suffix": 1}
    assert verify(tmp_path / "index")["articles"] == 1


def test_the_report_shows_names_that_cannot_break_a_line_or_mirror_it(hostile, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(building, "named_model", lambda _name: Model(HashEncoder))
    assert run(["index", str(hostile), "--index", str(tmp_path / "index")]) == 0
    out = capsys.readouterr().out
    assert "two_lines.txt is a binary file" in out
    assert "\u202e" not in out
    assert sum("news/" in line for line in out.splitlines()) == len(LINES)
    assert run(["index", str(hostile), "--json", "--index", str(tmp_path / "index")]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["skipped"]) == len(LINES)
    assert len([line for line in err.splitlines() if line.startswith("skipped: ")]) == len(LINES)


def test_strict_fails_on_the_first_and_nothing_is_2(hostile, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(building, "named_model", lambda _name: Model(HashEncoder))
    where = ["--index", str(tmp_path / "index")]
    assert run(["index", str(hostile / "good.txt"), *where]) == 0
    live = open_snapshot(tmp_path / "index").name
    assert run(["index", str(hostile), "--strict", *where]) == 2
    assert capsys.readouterr().err.endswith("(--strict: nothing was written)\n")
    (hostile / "good.txt").unlink()
    assert run(["index", str(hostile), *where]) == 2
    assert capsys.readouterr().err.startswith("error: no article found in ")
    assert open_snapshot(tmp_path / "index").name == live


def test_a_file_without_permission_is_told_and_tried_again(folder, tmp_path, monkeypatch):
    (folder / "shut.txt").write_text("Nobody may read this, they said on Monday.")
    opening = Path.open

    def refuse(self: Path, *arguments, **named):
        if self.name == "shut.txt":
            raise PermissionError(13, "Permission denied")
        return opening(self, *arguments, **named)

    model = Model(HashEncoder, "hashes", "hashes")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        first = build([folder], tmp_path / "index", model)
    (skipped,) = first.skipped
    assert re.fullmatch(r".*shut\.txt cannot be read \(Permission denied\); check its permissions", skipped.why)
    again = build([folder], tmp_path / "index", model)  # nothing else has changed
    assert (again.articles, again.skipped) == (2, ())


def broken(file: Path) -> None:
    file.write_bytes(b"\0\1 no text any more")


def emptied(file: Path) -> None:
    file.write_text("")


def piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def linked_nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to("/nowhere/told.txt")


def half_written(file: Path) -> None:
    """Turn it into an export whose last line is cut."""
    file.write_text('{"id": "1", "te')


@pytest.mark.parametrize("spoil", [broken, emptied, piped, linked_nowhere, half_written])
def test_what_was_indexed_stays_until_its_file_can_be_read_again_or_is_removed(folder, tmp_path, spoil):
    name = "told.jsonl" if spoil is half_written else "told.txt"
    told = '{"id": "1", "text": "Nong Rong spoke on Tuesday."}\n' if spoil is half_written else "Nong Rong spoke."
    (folder / name).write_text(told)
    (folder / "zz.txt").write_text("Nothing else was said that day.")
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    spoil(folder / name)
    kept = build([folder], at, model)
    assert (kept.articles, kept.changes.unchanged, kept.changes.removed) == (3, 3, 0)
    assert [skipped.file.name for skipped in kept.skipped] == [name]
    note = f"{folder / name}: what it told before stays in the index until it can be read again or is removed"
    assert kept.notes == (note,)
    again = build([folder], at, model)
    assert (again.snapshot, again.articles, again.notes) == (kept.snapshot, 3, (note,))
    with pytest.raises(
        IndexMismatch, match=rf"keeps what news/{name} told before, as no fresh build can; mend or remove"
    ):
        rebuild(at, lambda _: model)
    (folder / "more.txt").write_text("More was said on Wednesday.")
    more = build([folder], at, model)
    assert (more.articles, more.changes.new, more.notes) == (4, 1, (note,))
    assert verify(at)["articles"] == 4
    (folder / name).unlink()
    assert build([folder], at, model).changes.removed == 1
    (folder / name).write_text(told)
    assert build([folder], at, model).articles == 4


def test_an_export_keeps_the_records_that_a_broken_line_may_have_held(folder, tmp_path):
    rows = [json.dumps({"id": str(i), "text": f"{SENTENCE} {i}"}) + "\n" for i in range(5)]
    (folder / "export.jsonl").write_text("".join(rows))
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    (folder / "export.jsonl").write_text("".join(rows[:3]) + rows[3][:20])
    kept = build([folder], at, model)
    assert (kept.articles, kept.changes.removed) == (6, 0)
    assert kept.notes[0].endswith(
        "export.jsonl: 2 articles that it held before stay in the index until it can be read again or is removed"
    )
    flawed = '{"id": "9", "title": "A photograph"}\n' + rows[0]  # a record without text, and an id twice
    (folder / "export.jsonl").write_text("".join(rows[:3]) + flawed)
    assert build([folder], at, model).changes.removed == 2


def test_a_copy_stays_when_both_it_and_the_first_with_its_text_have_gone_bad(folder, tmp_path):
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("Nong Rong spoke on Tuesday.")
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    (folder / "a.txt").unlink()
    broken(folder / "b.txt")
    kept = build([folder], at, model)
    assert (kept.articles, kept.duplicates) == (2, ())
    assert verify(at)["articles"] == 2


def test_the_articles_of_a_folder_that_cannot_be_entered_stay(folder, tmp_path, monkeypatch):
    (folder / "shut").mkdir()
    (folder / "shut" / "in.txt").write_text("Nobody may read this, they said on Monday.")
    (folder / "shut" / "too.txt").write_text("Nor may anybody read this.")
    (folder / "shut.txt").write_text("This one is beside it.")
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    scanning = os.scandir

    def refuse(place):
        if Path(place).name == "shut":
            raise PermissionError(13, "Permission denied", str(place))
        return scanning(place)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        kept = build([folder], at, model)
    assert (kept.articles, kept.changes.unchanged) == (4, 4)
    assert re.search(r"shut cannot be read \(Permission denied\)", kept.skipped[0].why)
    assert kept.notes == (
        f"{folder}/shut: 2 articles that it held before stay in the index until it can be read again or is removed",
    )
    (folder / "shut" / "in.txt").unlink()
    assert build([folder], at, model).changes.removed == 1


def test_a_disk_that_fills_up_midway_loses_nothing(folder, tmp_path, monkeypatch):
    live = build([folder], tmp_path / "index", HashEncoder).snapshot
    (folder / "new.txt").write_text("Something else was said on Tuesday.")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for module, name in ((index.keywords, "write"), (index.vectors, "write"), (catalogue.Writer, "add")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, full)
            with pytest.raises(IndexUnwritable, match=r"cannot be written \(No space left on device\); free space"):
                build([folder], tmp_path / "index", HashEncoder)
        assert open_snapshot(tmp_path / "index").name == live
        assert verify(tmp_path / "index")["articles"] == 1
    assert build([folder], tmp_path / "index", HashEncoder).articles == 2


def test_many_files_come_in_order_whoever_reads_them(tmp_path):
    for i in range(60):
        name, text = (f"{i:02}.html", f"<html><body><p>{SENTENCE} {i}</p></body></html>")
        (tmp_path / (name if i % 20 == 0 else f"{i:02}.txt")).write_text(text if i % 20 == 0 else f"{SENTENCE} {i}")
    with Readings(workers=3) as readings:
        read = [(found.id, list(pieces)) for found, pieces in readings.read(find([tmp_path]))]
    assert [id for id, _ in read] == [found.id for found in find([tmp_path])]
    assert [pieces[0].text.split()[-1] for _, pieces in read] == [str(i) for i in range(60)]


def test_readings_that_are_left_midway_end_their_workers(tmp_path):
    os.mkfifo(tmp_path / "hangs.pdf")
    (tmp_path / "good.txt").write_text(SENTENCE)
    with Readings(workers=2) as readings:
        hanging = readings._pool.submit(readings._extractors[1].extract, "pdf", tmp_path / "hangs.pdf")
        while readings._extractors[1]._process is None:
            pass
    assert re.search("broke the program|does not start", str(hanging.exception(timeout=30)))
    assert all(extractor._process is None for extractor in readings._extractors)


def test_records_of_an_export_are_remembered_one_by_one(tmp_path):
    rows = [{"id": str(i), "text": f"{SENTENCE} {i}", "source": "Dawn"} for i in range(50)]
    export = tmp_path / "export.jsonl"
    export.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no json\n")
    model = Model(HashEncoder, "hashes", "hashes")
    first = build([export], tmp_path / "index", model)
    assert (first.articles, len(first.skipped)) == (50, 1)
    again = build([export], tmp_path / "index", model)
    assert (again.snapshot, again.skipped[0].why) == (first.snapshot, first.skipped[0].why)
    export.write_text("".join(json.dumps(row) + "\n" for row in rows[1:]))
    changed = build([export], tmp_path / "index", model)
    assert (changed.articles, changed.changes.unchanged, changed.changes.removed) == (49, 49, 1)


def test_what_is_linked_out_of_the_folder_or_from_another_place_in_it_does_not_stay(folder, tmp_path):
    (folder / "in").mkdir()
    for name in ("told.txt", "in/one.txt"):
        (folder / name).write_text(f"What {name} told on Tuesday.")
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    (folder / "told.txt").unlink()
    (folder / "told.txt").symlink_to("/etc/passwd")
    (folder / "in").rename(folder / "moved")
    (folder / "in").symlink_to(folder / "moved")
    built = build([folder], at, model)
    assert (built.articles, built.duplicates, built.notes) == (2, (), ())
    assert built.changes.removed == 2


def test_a_file_that_never_told_anything_is_not_kept(folder, tmp_path):
    (folder / "void.txt").write_text("")
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    piped(folder / "void.txt")
    (folder / "articles.toml").write_text('["good.txt"]\noutlet = "Dawn"\n')
    built = build([folder], at, model)
    assert (built.articles, built.notes) == (1, ())
    assert build([folder], at, model).snapshot == built.snapshot
    rebuild(at, lambda _: model)


def test_what_is_set_for_an_article_that_stays_is_no_misspelt_name(folder, tmp_path):
    (folder / "told.txt").write_text("Nong Rong spoke.")
    (folder / "articles.toml").write_text('["told.txt"]\noutlet = "Dawn"\n')
    model, at = Model(HashEncoder, "hashes", "hashes"), tmp_path / "index"
    build([folder], at, model)
    piped(folder / "told.txt")
    (note,) = build([folder], at, model).notes
    assert "stays in the index" in note
