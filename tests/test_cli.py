"""The command line at its edge: real index, real models, exit codes, and what stands on which stream."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import HashEncoder

from askpkcn import building
from askpkcn.cli import run
from askpkcn.engine import Engine

KAKAR = "How many agreements did Kakar sign in China?"
NOBODY = "Who won the cricket world cup in 1992?"


def out_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_ask_prints_the_answer_in_its_sentence_with_citation_and_time(seeds_index, capsys):
    code, out, err = out_of(capsys, "ask", KAKAR, "--index", str(seeds_index))
    assert (code, err) == (0, "")
    assert "«20»" in out
    assert "Pakistani Prime Minister Kakar's Rare Xinjiang Visit, by Umair Jamal, The Diplomat, date unknown" in out
    assert "seeds/kakar-visit.md [" in out
    assert "probability 0." in out
    assert " ms (encode" in out
    assert "\x1b" not in out  # colours are for terminals


def test_ask_json_is_one_object_of_the_documented_schema(seeds_index, capsys):
    code, out, err = out_of(capsys, "ask", KAKAR, "--json", "--index", str(seeds_index))
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert list(answer) == [
        "question",
        "answered",
        "probability",
        "reason",
        "groups",
        "nearest",
        "timings_ms",
        "snapshot",
    ]
    assert answer["answered"] is True
    assert answer["reason"] is None
    quote = answer["groups"][0]["quotes"][0]
    assert list(quote["article"]) == ["id", "title", "outlet", "author", "published", "url"]
    assert quote["article"]["published"] is None
    with Engine(seeds_index) as engine:
        text = engine.article(quote["article"]["id"]).text
    assert text[quote["start"] : quote["end"]] == quote["text"] == "20"
    sentence = quote["sentence"]
    assert text[sentence["start"] : sentence["end"]] == sentence["text"]
    assert set(answer["timings_ms"]) == {"encode", "retrieve", "read", "decide", "total"}


def test_a_question_nobody_can_answer_exits_1_and_shows_what_came_near(seeds_index, capsys):
    code, out, _ = out_of(capsys, "ask", NOBODY, "--index", str(seeds_index))
    assert code == 1
    assert out.startswith("not in these articles")
    assert "nearest, not an answer: seeds/" in out


def test_unanswered_json_has_a_reason_and_nearest_passages(seeds_index, capsys):
    code, out, _ = out_of(capsys, "ask", NOBODY, "--json", "--index", str(seeds_index))
    answer = json.loads(out)
    assert (code, answer["answered"], answer["groups"]) == (1, False, [])
    assert answer["reason"] == "below_threshold"
    assert set(answer["nearest"][0]) == {"article", "text", "start", "end", "start_utf16", "end_utf16"}


def test_filters_that_leave_nothing_say_so(seeds_index, capsys):
    code, out, _ = out_of(capsys, "ask", KAKAR, "--outlet", "Nobody's News", "--json", "--index", str(seeds_index))
    assert code == 1
    assert json.loads(out)["reason"] == "filtered_out"


def test_date_filter_keeps_only_dated_articles_inside(seeds_index, capsys):
    arguments = ("search", "Khan", "--from", "2022-01-01", "--to", "2022-12-31", "--json", "--index", str(seeds_index))
    _, out, _ = out_of(capsys, *arguments)
    assert {hit["article"]["id"] for hit in json.loads(out)["hits"]} == {"seeds/winter-olympics.md"}


def test_undated_articles_that_a_range_leaves_out_are_counted(seeds_index, capsys):
    where = ("--index", str(seeds_index))
    for command in ("ask", "search"):
        _, _, err = out_of(capsys, command, KAKAR, "--from", "2022-01-01", *where)
        assert err == (
            "note: 4 articles without a date were left out by the range of dates; "
            "`askpkcn articles --check` lists them\n"
        )
    _, _, err = out_of(capsys, "search", KAKAR, "--to", "2022-01-01", "--outlet", "the diplomat", *where)
    assert err.startswith("note: 1 article without a date was left out")


def test_outlet_filter_ignores_case(seeds_index, capsys):
    arguments = ("search", "China", "--outlet", "the diplomat", "--json", "--index", str(seeds_index))
    _, out, _ = out_of(capsys, *arguments)
    assert {hit["article"]["id"] for hit in json.loads(out)["hits"]} == {"seeds/kakar-visit.md"}


def test_questions_from_stdin_give_one_object_a_line(seeds_index, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KAKAR}\n\n{NOBODY}\n"))
    code, out, _ = out_of(capsys, "ask", "--json", "--index", str(seeds_index))
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["answered"] for answer in answers] == [True, False]
    assert code == 1


def test_a_bad_line_on_stdin_is_reported_and_the_rest_answered(seeds_index, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"???\n{KAKAR}\n"))
    code, out, err = out_of(capsys, "ask", "--json", "--index", str(seeds_index))
    assert code == 2
    assert len(out.splitlines()) == 1
    assert err.startswith("error: the question is empty")


def test_search_shows_both_ranks(seeds_index, capsys):
    code, out, _ = out_of(capsys, "search", "arms deal with Russia", "--limit", "3", "--index", str(seeds_index))
    assert code == 0
    assert out.startswith("1. seeds/khan-fall.md [")
    assert "dense #1" in out
    assert "keyword #1" in out


def test_articles_lists_all_with_what_is_known(seeds_index, capsys):
    code, out, _ = out_of(capsys, "articles", "--index", str(seeds_index))
    assert code == 0
    assert len(out.splitlines()) == 5
    assert "outlet unknown, 2022-02-07" in out


def test_show_marks_the_quote(seeds_index, capsys):
    _, out, _ = out_of(capsys, "ask", KAKAR, "--json", "--index", str(seeds_index))
    quote = json.loads(out)["groups"][0]["quotes"][0]
    place = f"{quote['start']}:{quote['end']}"
    code, out, _ = out_of(capsys, "show", quote["article"]["id"], "--quote", place, "--index", str(seeds_index))
    assert code == 0
    assert "signed «20» agreements" in out


def test_show_json_holds_the_whole_text(seeds_index, capsys):
    arguments = ("show", "seeds/khan-fall.md", "--json", "--quote", "0:5", "--index", str(seeds_index))
    _, out, _ = out_of(capsys, *arguments)
    shown = json.loads(out)
    assert shown["quote"] == {"text": shown["text"][:5], "start": 0, "end": 5, "start_utf16": 0, "end_utf16": 5}


def test_verify_tells_that_the_index_is_whole(seeds_index, capsys):
    code, out, _ = out_of(capsys, "verify", "--index", str(seeds_index))
    assert code == 0
    assert "is whole: 5 articles" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", ""], "the question is empty"),
        (["ask", "?!"], "the question is empty"),
        (["ask", "why " * 25_000], "99,999 characters, over the limit of 1,000"),
        (["ask", "Who?", "--from", "yesterday"], "--from 'yesterday' is no date; write YYYY-MM-DD"),
        (["ask", "Who?", "--from", "2023-01-01", "--to", "2022-01-01"], "is after --to"),
        (["ask", "Who?", "--groups", "0"], "see `askpkcn --help`"),
        (["ask", "Who?", "--colour"], "No such option"),
        (["fly"], "No such command"),
        (["show", "seeds/nothing.md"], "there is no article 'seeds/nothing.md'"),
        (["show", "seeds/khan-fall.md", "--quote", "5"], "write START:END"),
        (["show", "seeds/khan-fall.md", "--quote", "7:7"], "is no range of the article"),
        (["show", "seeds/khan-fall.md", "--quote", "0:99999999"], "is no range of the article"),
    ],
)
def test_bad_input_is_one_line_with_its_remedy(arguments, message, seeds_index, capsys, monkeypatch):
    monkeypatch.setenv("ASKPKCN_INDEX", str(seeds_index))
    code, out, err = out_of(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


def test_without_an_index_ask_says_how_to_build_one(tmp_path, capsys):
    code, out, err = out_of(capsys, "ask", KAKAR, "--index", str(tmp_path / "none"))
    assert (code, out) == (2, "")
    assert "build one with `askpkcn index PATH --index" in err


@pytest.mark.parametrize("command", ["ask", "search", "articles", "show", "verify"])
def test_a_flipped_byte_is_one_line_for_every_command(command, seeds_index, tmp_path, capsys):
    broken = tmp_path / "index"
    shutil.copytree(seeds_index, broken)
    file = next(broken.glob("snapshots/*/vectors.faiss"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    extra = {"ask": ["Who?"], "search": ["Who?"], "show": ["seeds/khan-fall.md"]}.get(command, [])
    code, out, err = out_of(capsys, command, *extra, "--index", str(broken))
    assert (code, out) == (2, "")
    assert "vectors.faiss is not the file that was written" in err
    assert "rebuild it with `askpkcn index PATH" in err
    assert err.count("\n") == 1


def test_indexing_a_path_that_is_not_there(tmp_path, capsys):
    code, _, err = out_of(capsys, "index", str(tmp_path / "gone"), "--index", str(tmp_path / "index"))
    assert code == 2
    assert "gone does not exist" in err


def test_indexing_a_folder_without_articles(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    code, _, err = out_of(capsys, "index", str(tmp_path / "empty"), "--index", str(tmp_path / "index"))
    assert code == 2
    assert "no article found in" in err
    assert not (tmp_path / "index" / "CURRENT").exists()


def test_a_model_that_is_none_leaves_the_old_index_answering(seeds_index, tmp_path, capsys):
    copied = tmp_path / "index"
    shutil.copytree(seeds_index, copied)
    (tmp_path / "nomodel").mkdir()
    seeds = str(Path(__file__).parent.parent / "seeds")
    code, _, err = out_of(capsys, "index", seeds, "--model", str(tmp_path / "nomodel"), "--index", str(copied))
    assert code == 2
    assert "is not a sentence-transformers model" in err
    assert out_of(capsys, "verify", "--index", str(copied))[0] == 0


@pytest.fixture
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "open_encoder", lambda _model: HashEncoder())


@pytest.mark.usefixtures("without_models")
def test_a_build_ends_with_what_it_did_and_why_anything_was_left_out(tmp_path, capsys):
    news = tmp_path / "news"
    news.mkdir()
    for name in ("good.txt", "same.txt"):
        (news / name).write_text("The dam at Tarnol was finished in 1987.\n", encoding="utf-8")
    (news / "page.html").write_text("<html><body><nav>Home</nav></body></html>", encoding="utf-8")
    (news / "a\nb.pdf").write_bytes(b"%PDF-1.4 cut short")
    (news / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    index = str(tmp_path / "index")
    code, out, err = out_of(capsys, "index", str(news), "--index", index)
    assert (code, err) == (0, "")
    head, *lines = out.splitlines()
    assert head.startswith(f"{index}: 1 articles, 1 passages (0 vectors kept); snapshot 2")
    assert [line.split() for line in lines if line[:3] != "   "][:6] == [
        ["new", "1"],
        ["updated", "0"],
        ["unchanged", "0"],
        ["removed", "0"],
        ["duplicates", "1"],
        ["skipped", "2"],
    ]
    assert "    news/same.txt has the same text as news/good.txt" in lines
    assert any("page.html is a web page without an article's text" in line for line in lines)
    assert any("a_b.pdf is a broken PDF" in line for line in lines)
    assert lines[-1] == "  passed over, as no articles: 1 .jpg"
    assert out_of(capsys, "index", str(news), "--index", index)[1].split()[-1] == ".jpg"
    code, out, _ = out_of(capsys, "index", str(news), "--index", index, "--json")
    assert (code, json.loads(out)["unchanged"]) == (0, 1)


@pytest.mark.usefixtures("without_models")
def test_strict_fails_on_the_first_bad_file_and_writes_nothing(tmp_path, capsys):
    (tmp_path / "good.txt").write_text("The dam at Tarnol was finished in 1987.\n", encoding="utf-8")
    (tmp_path / "bad.txt").write_bytes(b"\0\1")
    code, _, err = out_of(capsys, "index", str(tmp_path), "--strict", "--index", str(tmp_path / "index"))
    assert code == 2
    assert "bad.txt is a binary file" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "index").exists()


@pytest.mark.usefixtures("without_models")
def test_check_lists_what_is_unknown_of_each_article(tmp_path, capsys):
    news = tmp_path / "news"
    news.mkdir()
    (news / "dam.txt").write_text("The dam at Tarnol was finished in 1987.\n", encoding="utf-8")
    told = "title: T\noutlet: Dawn\nauthor: A\npublished: 2020-02-02\nurl: https://d.example"
    (news / "known.md").write_text(f"---\n{told}\n---\nText.\n", encoding="utf-8")
    index = str(tmp_path / "index")
    out_of(capsys, "index", str(news), "--index", index)
    assert out_of(capsys, "articles", "--check", "--index", index)[:2] == (
        0,
        "news/dam.txt: title, outlet, author, published, url unknown\n"
        "1 of 2 articles lack something; set it in articles.toml\n",
    )
    listed = json.loads(out_of(capsys, "articles", "--check", "--json", "--index", index)[1])["articles"]
    assert listed == [
        {"id": "news/dam.txt", "unknown": ["title", "outlet", "author", "published", "url"]},
        {"id": "news/known.md", "unknown": []},
    ]


@pytest.mark.slow
def test_bad_files_among_good_are_reported_and_the_rest_indexed(tmp_path, capsys):
    news = tmp_path / "news"
    news.mkdir()
    (news / "good.txt").write_text("The dam at Tarnol was finished in 1987.\n", encoding="utf-8")
    (news / "binary.txt").write_bytes(b"\x00\x01\x02PNG")
    (news / "latin.txt").write_bytes("Café in Lahore".encode("latin-1"))
    (news / "broken.md").write_text("---\ntitle: [open\n---\nText.\n", encoding="utf-8")
    (news / "twice.txt").write_text("The dam at Tarnol was finished in 1987.\n", encoding="utf-8")
    index = str(tmp_path / "index")
    code, out, err = out_of(capsys, "index", str(news), "--json", "--index", index)
    assert code == 0
    built = json.loads(out)
    assert (built["articles"], built["new"]) == (2, 2)
    assert built["duplicates"] == [{"id": "news/twice.txt", "same_as": "news/good.txt"}]
    assert len(built["skipped"]) == 2
    assert len(err.splitlines()) == 3
    for what in ("binary file", "latin.txt is not UTF-8; it was read as windows-1252", "broken front matter"):
        assert what in err
    code, out, _ = out_of(capsys, "ask", "When was the dam at Tarnol finished?", "--json", "--index", index)
    assert [quote["text"] for quote in json.loads(out)["groups"][0]["quotes"]] == ["1987"]


@pytest.mark.slow
def test_the_program_itself_writes_utf8_and_survives_a_closed_pipe(seeds_index):
    program = [sys.executable, "-m", "askpkcn", "articles", "--index", str(seeds_index)]
    listed = subprocess.run(program, capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
    assert "Pakistan–China" in listed.stdout.decode("utf-8")
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as piped:
        piped.stdout.close()
        assert piped.stderr.read() == b""
