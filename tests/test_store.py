"""Snapshots listed, rolled back, pruned; one writer at a time; readers undisturbed."""

import fcntl
import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import HashEncoder
from test_index import at, folder, make  # noqa: F401

from askpkcn import store
from askpkcn.articles import Reading
from askpkcn.cli import run
from askpkcn.engine import Engine
from askpkcn.errors import IndexCorrupt, IndexMissing
from askpkcn.index import Model, build
from askpkcn.snapshot import held, open_snapshot
from askpkcn.verify import verify

# ruff: noqa: F811


@pytest.fixture
def two(folder: Path, at: Path) -> list[str]:
    """An index of two snapshots: their names, the older first."""
    names = [make(folder, at).snapshot]
    (folder / "d.md").write_text("Something new was said.\n")
    return [*names, make(folder, at).snapshot]


def names(at: Path) -> list[str]:
    return [each.name for each in store.snapshots(at)]


def test_snapshots_are_listed_newest_first_with_size_date_and_which_is_live(two, at):
    newer, older = store.snapshots(at)
    assert [newer.name, older.name] == two[::-1]
    assert (newer.live, older.live) == (True, False)
    assert (newer.articles, older.articles) == (4, 3)
    assert newer.bytes == sum(f.stat().st_size for f in (at / "snapshots" / two[1]).rglob("*") if f.is_file())
    age = datetime.now(UTC) - datetime.fromisoformat(newer.created)
    assert age.total_seconds() < 600
    (at / "snapshots" / two[0] / "manifest.json").write_text("{")
    assert (store.snapshots(at)[1].articles, store.snapshots(at)[1].created) == (None, "")


def test_rollback_makes_the_one_before_live_and_back_again(two, at):
    assert store.rollback(at) == two[0] == open_snapshot(at).name
    assert verify(at)["articles"] == 3
    assert names(at) == two[::-1]  # nothing is dropped
    with pytest.raises(IndexMissing, match=rf"has no snapshot before {two[0]}; `askpkcn snapshots` lists them"):
        store.rollback(at)
    assert store.rollback(at, two[1]) == two[1] == open_snapshot(at).name
    with pytest.raises(IndexMissing, match="has no snapshot 'gone'; `askpkcn snapshots` lists them"):
        store.rollback(at, "gone")


def test_rollback_to_a_damaged_snapshot_changes_nothing(two, at):
    (at / "snapshots" / two[0] / "vectors.faiss").write_bytes(b"damaged")
    with pytest.raises(IndexCorrupt, match="is not the file that was written"):
        store.rollback(at)
    assert open_snapshot(at).name == two[1]


def test_rollback_mends_an_index_whose_live_snapshot_is_damaged(two, at):
    (at / "snapshots" / two[1] / "catalogue.sqlite").write_bytes(b"damaged")
    store.rollback(at)
    assert verify(at)["articles"] == 3


def test_a_build_after_a_rollback_follows_all_that_was(two, folder, at):
    store.rollback(at)
    encoder = HashEncoder()
    built = make(folder, at, encoder)
    assert built.snapshot > two[1]
    assert built.changes.new == 1
    assert encoder.embedded == []  # the vectors of the snapshot that was rolled back are used
    assert names(at) == [built.snapshot, two[0]]


def test_prune_drops_all_but_the_live_one_and_what_is_left_of_killed_builds(two, at):
    (at / "snapshots" / ".staged" / "half").mkdir(parents=True)
    gone, in_use = store.prune(at)
    assert ([each.name for each in gone], in_use) == ([two[0]], [])
    assert sorted(place.name for place in (at / "snapshots").iterdir()) == [two[1]]
    assert verify(at)["articles"] == 4
    assert store.prune(at) == ([], [])


def test_prune_keeps_so_many_of_the_newest_and_the_live_one_always(two, folder, at):
    store.rollback(at)
    assert store.prune(at, keep=1) == ([], [])
    gone, _ = store.prune(at)
    assert [each.name for each in gone] == [two[1]]
    assert names(at) == [two[0]]


def test_prune_drops_nothing_while_nothing_that_can_be_read_is_live(two, at):
    (at / "snapshots" / two[1] / "catalogue.sqlite").write_bytes(b"damaged")
    with pytest.raises(IndexCorrupt):
        store.prune(at)
    assert names(at) == two[::-1]


def test_encoders_that_no_snapshot_needs_go_with_them(two, folder, at):
    make(folder, at, HashEncoder("other"))
    assert len(list((at / "encoders").iterdir())) == 2
    store.prune(at)
    assert len(list((at / "encoders").iterdir())) == 1
    verify(at)


def test_a_snapshot_that_is_held_is_not_dropped(two, folder, at):
    store.rollback(at)
    with held(at) as snapshot:
        store.rollback(at, two[1])
        gone, in_use = store.prune(at)
        assert (gone, [each.name for each in in_use]) == ([], [two[0]])
        (folder / "e.md").write_text("More was said.\n")
        make(folder, at)
        assert two[0] in names(at)
        assert open_snapshot(at, snapshot.name).name == two[0]
    assert [each.name for each in store.prune(at)[0]] == [two[1], two[0]]


def test_an_engine_holds_its_snapshot_until_it_is_closed(seeds_copy, reader, tmp_path):
    engine = Engine(seeds_copy, reader=reader)
    (tmp_path / "one.txt").write_text("A bridge.", encoding="utf-8")
    for text in ("A bridge.", "Two bridges.", "Three bridges."):
        (tmp_path / "one.txt").write_text(text, encoding="utf-8")
        build([tmp_path / "one.txt"], seeds_copy, HashEncoder)
    assert engine.ask("How many agreements did Kakar sign in China?").answered  # loaded only now
    engine.close()
    store.prune(seeds_copy)
    assert len(names(seeds_copy)) == 1


def test_readers_find_an_index_at_every_moment_of_builds(two, folder, at):
    stop, faults, opened = threading.Event(), list[Exception](), 0

    def read() -> None:
        nonlocal opened
        while not stop.is_set():
            try:
                with held(at):
                    opened += 1
            except Exception as error:
                faults.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    for i in range(8):
        (folder / "d.md").write_text(f"Something new was said, number {i}.\n")
        make(folder, at)
        store.prune(at)
    stop.set()
    reading.join()
    assert faults == []
    assert opened > 8


@pytest.mark.parametrize("command", [["rollback"], ["prune"], ["index"]])
def test_a_second_writer_gets_one_line_that_names_the_remedy(two, folder, at, command, capsys):
    with (at / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        paths = [str(folder)] if command == ["index"] else []
        assert run([*command, *paths, "--index", str(at)]) == 2
    err = capsys.readouterr().err
    assert err == f"error: another askpkcn is writing to {at}; wait until it has ended, or name another --index\n"
    assert names(at) == two[::-1]


def test_a_clock_that_was_set_back_does_not_change_the_order(two, folder, at, monkeypatch):
    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=tz)

    with monkeypatch.context() as patched:
        patched.setattr(store, "datetime", Earlier)
        (folder / "e.md").write_text("More was said.\n")
        built = make(folder, at)
    assert built.snapshot > two[1]
    assert names(at) == [built.snapshot, two[1]]
    assert store.rollback(at) == two[1]


def test_no_index_is_told(at, capsys):
    for command in ("snapshots", "rollback", "prune"):
        assert run([command, "--index", str(at)]) == 2
        assert capsys.readouterr().err == (
            f"error: there is no index in {at}; build one with `askpkcn index PATH --index {at}`\n"
        )
    assert not at.exists()


def test_the_commands_say_what_they_did(two, at, capsys):
    where = ["--index", str(at)]
    assert run(["snapshots", *where]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == two[::-1]
    assert lines[0].endswith("4 articles, 4 passages   live") or "4 articles" in lines[0]
    assert "live" not in lines[1]
    assert run(["snapshots", "--json", *where]) == 0
    listed = json.loads(capsys.readouterr().out)["snapshots"]
    assert [(each["name"], each["live"]) for each in listed] == [(two[1], True), (two[0], False)]
    assert run(["rollback", *where]) == 0
    assert capsys.readouterr().out == f"{two[0]} answers now\n"
    assert run(["rollback", "--to", two[1], "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out) == {"snapshot": two[1]}
    with held(at):
        store.rollback(at)
        assert run(["prune", *where]) == 0
    out, err = capsys.readouterr()
    assert out == "0 snapshots dropped, 0.0 MB\n"
    assert err == f"note: {two[1]} is in use and stays; prune again when its reader has ended\n"
    assert run(["prune", "--json", *where]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["dropped"]] == [two[1]]


KNOWN = Model(HashEncoder, "hashes", "hashes")


def unopened() -> HashEncoder:
    raise AssertionError("the encoder was opened for nothing")


def test_nothing_changed_is_no_new_snapshot_and_opens_no_encoder(folder, at):
    (folder / "bad.md").write_bytes(b"\0\1")
    (folder / "z.txt").write_bytes((folder / "b.txt").read_bytes())
    first = build([folder], at, KNOWN)
    again = build([folder], at, Model(unopened, "hashes", "hashes"))
    assert again.snapshot == first.snapshot
    assert (again.articles, again.passages, again.reused) == (3, first.passages, first.passages)
    assert (again.changes.unchanged, again.changes.new, again.changes.removed) == (3, 0, 0)
    assert (again.duplicates, again.skipped) == (first.duplicates, first.skipped)


def test_what_is_told_of_articles_alone_changes_opens_no_encoder(folder, at):
    first = build([folder], at, KNOWN)
    (folder / "articles.toml").write_text('["b.txt"]\noutlet = "Dawn"\n')
    built = build([folder], at, Model(unopened, "hashes", "hashes"))
    assert built.snapshot != first.snapshot
    assert (built.changes.updated, built.changes.unchanged) == (1, 2)


def test_an_unchanged_file_is_not_read_again(folder, at, monkeypatch):
    build([folder], at, KNOWN)
    read, contents = [], Reading.contents
    monkeypatch.setattr(Reading, "contents", lambda self, found: read.append(found.id) or contents(self, found))
    (folder / "b.txt").write_text("Ties between the two began in 1950.\n")
    build([folder], at, KNOWN)
    assert read == ["texts/b.txt"]


def test_another_path_or_setting_is_a_new_snapshot(folder, at, tmp_path):
    first = build([folder], at, KNOWN)
    moved = tmp_path / "moved" / "texts"
    shutil.copytree(folder, moved)
    second = build([moved], at, KNOWN)
    assert second.snapshot != first.snapshot
    assert second.changes.unchanged == 3
    third = build([moved], at, Model(HashEncoder, "other", "other"))
    assert third.snapshot != second.snapshot
