import hashlib
import os
from datetime import date
from pathlib import Path

import pytest

from askpkcn import articles
from askpkcn.articles import Found, decoding
from askpkcn.errors import ArticleError
from askpkcn.types import Article

FULL = """---
title: "Kakar Visits Beijing"
outlet: The Diplomat
author: Umair Jamal
published: 2023-11-01
url: https://example.org/kakar
---

Kakar went to Beijing on Monday.
"""


def read(folder: Path, text: str | bytes, name: str = "one.md") -> Article:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return articles.read(Found(file, f"folder/{name}"))


def ids(*paths: Path) -> list[str]:
    return [found.id for found in articles.find(list(paths))]


def test_front_matter_becomes_the_source_and_title_and_byline_the_first_lines(tmp_path):
    one = read(tmp_path, FULL)
    assert one.source.title == "Kakar Visits Beijing"
    assert one.source.outlet == "The Diplomat"
    assert one.source.author == "Umair Jamal"
    assert one.source.published == date(2023, 11, 1)
    assert one.source.url == "https://example.org/kakar"
    assert one.text == "Kakar Visits Beijing\n\nBy Umair Jamal\n\nKakar went to Beijing on Monday."


def test_title_and_byline_that_the_text_has_are_not_put_in_again(tmp_path):
    head = "---\ntitle: Kakar Visits Beijing\nauthor: Umair Jamal\n---\n"
    one = read(tmp_path, head + "# Kakar Visits Beijing\n\nBy Umair Jamal\n\nHe went on Monday.\n")
    assert one.text == "Kakar Visits Beijing\n\nBy Umair Jamal\n\nHe went on Monday."


@pytest.mark.parametrize("value", ["unknown", "Unknown", '""', "null", "~", "n/a", "none"])
def test_unknown_values_are_none(tmp_path, value):
    fields = "".join(f"{name}: {value}\n" for name in ("title", "outlet", "author", "published", "url"))
    found = read(tmp_path, f"---\n{fields}---\nHe went.\n").source
    assert (found.outlet, found.author, found.published, found.url) == (None, None, None, None)
    assert found.title == "one"  # the file's name, where nothing else tells


def test_several_authors_are_joined(tmp_path):
    assert read(tmp_path, "---\nauthor: [Ann Li, Bo Khan]\n---\nText.\n").source.author == "Ann Li, Bo Khan"


def test_front_matter_with_windows_line_ends_and_a_bom(tmp_path):
    one = read(tmp_path, b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert one == read(tmp_path, FULL)


def test_escaped_emoji_in_yaml_is_one_character(tmp_path):
    assert read(tmp_path, '---\ntitle: "Snow \\uD83D\\uDE00 in Beijing"\n---\nText.\n').text.startswith("Snow 😀 in")


@pytest.mark.parametrize("written", ["published: 2022-02-07", "date: 2022-02-07", "published: '2022-02-07T09:30:00'"])
def test_dates_are_read(tmp_path, written):
    assert read(tmp_path, f"---\n{written}\n---\nText.\n").source.published == date(2022, 2, 7)


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("title: [a", "broken front matter at line 3 .*mend its YAML"),
        ("title: a\n\tb: c", "broken front matter at line 3"),
        ("title: " + "[" * 5000, "broken front matter"),
        ("- a\n- b", "no list of `name: value` lines"),
    ],
)
def test_bad_front_matter_names_the_problem_and_the_remedy(tmp_path, block, problem):
    with pytest.raises(ArticleError, match=problem):
        read(tmp_path, f"---\n{block}\n---\nText.\n")


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("2022-02-07", date(2022, 2, 7)),
        ("2022-02-07T23:30:00+05:00", date(2022, 2, 7)),
        ("February 7, 2022", date(2022, 2, 7)),
        ("17/02/2022", date(2022, 2, 17)),
        ("07/02/2022", None),
        ("2022-02-30", None),
        ("last Monday", None),
    ],
)
def test_a_date_in_front_matter_is_read_or_unknown_and_told(tmp_path, told, day):
    file = tmp_path / "a.md"
    file.write_text(f"---\ntitle: A visit\npublished: {told}\n---\nText.\n")
    with articles.open_reading() as reading:
        contents = reading.contents(articles.Found(file, "a.md"))
    (article,) = contents.articles
    assert article.source.published == day
    note = f"{file} says published: {told!r}; write YYYY-MM-DD or unknown; its date is taken as unknown"
    assert contents.notes == (() if day else (note,))


def test_front_matter_that_nothing_closes(tmp_path):
    with pytest.raises(ArticleError, match="opens a front matter with --- that no second --- closes"):
        read(tmp_path, "---\ntitle: a\n\nText.\n")


def test_front_matter_without_a_text(tmp_path):
    with pytest.raises(ArticleError, match="no text besides its front matter"):
        read(tmp_path, "---\ntitle: a\n---\n \n")


def test_empty_front_matter_is_none(tmp_path):
    assert read(tmp_path, "---\n---\nText.\n").text == "Text."


def test_markdown_reads_as_its_rendering_does():
    markdown = (
        "# Head *line*\n\nA [link](http://x.example) and `code`,\nwrapped  \nbroken &amp; ![map](m.png).\n\n"
        "- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nfenced\n```\n\n<b>kept</b>\n"
    )
    assert articles.plain_text(markdown).split("\n\n") == [
        "Head line",
        "A link and code, wrapped\nbroken & map.",
        "one",
        "two",
        "a | b",
        "1 | 2",
        "fenced",
        "kept",
    ]


def test_plain_text_finds_headline_and_byline(tmp_path):
    text = "Home\n\nImran Khan Backs China on Xinjiang\n\nBy Umair Jamal\n\nHe spoke on Monday.\n"
    one = read(tmp_path, text, "one.txt")
    assert (one.source.title, one.source.author) == ("Imran Khan Backs China on Xinjiang", "Umair Jamal")
    assert one.text == "Imran Khan Backs China on Xinjiang\n\nBy Umair Jamal\n\nHe spoke on Monday."


def test_plain_text_without_headline_is_titled_by_its_file(tmp_path):
    one = read(tmp_path, "He spoke.\n\nBy and large that was all.\n", "kakar-visit.txt")
    assert (one.source.title, one.source.author) == ("kakar-visit", None)


def test_digest_is_of_the_text(tmp_path):
    one = read(tmp_path, "\nKhan café.\n")
    assert one.sha256 == hashlib.sha256("Khan café.".encode()).hexdigest()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"PK\x03\x04\0\0", "is a binary file, not text; remove it or convert"),
        (b"\xff\xfe\x00", r"begins with the mark of utf-16 but is not that; save it as UTF-8"),
        (b"", "holds no text; remove it or fill it"),
        (b" \r\n\t\n", "holds no text"),
        (b"\xef\xbb\xbf", "holds no text"),
    ],
)
@pytest.mark.parametrize("name", ["one.md", "one.txt"])
def test_files_without_text_say_what_they_are(tmp_path, data, problem, name):
    with pytest.raises(ArticleError, match=rf"{name} {problem}"):
        read(tmp_path, data, name)


def test_a_file_over_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BYTES", 10)
    with pytest.raises(ArticleError, match="over the limit of 0 MB; split it"):
        read(tmp_path, "x" * 11)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_names_the_reason(tmp_path):
    file = tmp_path / "one.md"
    file.write_text("Text.")
    file.chmod(0)
    with pytest.raises(ArticleError, match=r"cannot be read .Permission denied.; check its permissions"):
        articles.read(Found(file, "one.md"))


def test_a_pipe_is_no_article(tmp_path):
    os.mkfifo(tmp_path / "one.md")
    with pytest.raises(ArticleError, match="is not a regular file"):
        articles.read(Found(tmp_path / "one.md", "one.md"))


def test_a_pipe_in_a_folder_is_skipped_before_it_is_read(tmp_path):
    os.mkfifo(tmp_path / "one.md")
    survey = articles.finding.survey([tmp_path])
    assert survey.found == ()
    assert [each.why for each in survey.skipped] == [
        f"{tmp_path / 'one.md'} is not a regular file; remove it or name another folder"
    ]


def test_a_folder_that_cannot_be_looked_into_stops_nothing(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "one.md").write_text("Text.")
    is_file = Path.is_file

    def denied(self, **how):
        if self.parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(self))
        return is_file(self, **how)

    monkeypatch.setattr(Path, "is_file", denied)
    assert [each.id for each in articles.finding.survey([tmp_path]).found] == [f"{tmp_path.name}/one.md"]


def test_a_missing_path_names_what_to_give(tmp_path):
    with pytest.raises(ArticleError, match="nowhere does not exist; name a folder"):
        articles.find([tmp_path / "nowhere"])


def test_a_file_of_another_type_is_refused_by_name_and_passed_over_in_a_folder(tmp_path):
    (tmp_path / "one.css").write_text("Text.")
    with pytest.raises(ArticleError, match="neither Markdown"):
        articles.find([tmp_path / "one.css"])
    assert ids(tmp_path) == []


def test_ids_come_from_the_folder_and_the_path_within(tmp_path, monkeypatch):
    folder = tmp_path / "seeds"
    (folder / "deep").mkdir(parents=True)
    for name in ("b.md", "a.TXT", "deep/c.markdown"):
        (folder / name).write_text("Text.")
    expected = ["seeds/a.TXT", "seeds/b.md", "seeds/deep/c.markdown"]
    assert ids(folder) == expected
    monkeypatch.chdir(folder)
    assert ids(Path()) == expected  # however the folder is written
    assert ids(Path("../seeds/"), folder) == expected  # and however often
    assert ids(folder / "b.md") == ["b.md"]


def test_two_files_with_one_id_are_refused(tmp_path):
    for name in ("x/seeds", "y/seeds"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.md").write_text("Text.")
    with pytest.raises(ArticleError, match=r"would both be article 'seeds/a\.md'; index the folder above both"):
        articles.find([tmp_path / "x/seeds", tmp_path / "y/seeds"])


def test_files_about_the_folder_hidden_files_and_folders_are_passed_over(tmp_path):
    folder = tmp_path / "seeds"
    for name in ("README.md", "readme.zh.md", "SOURCES.md", "LICENSE.txt", ".hidden.md", ".git/a.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Text.")
    (folder / "named-like-a-file.md").mkdir()
    assert ids(folder) == []


def test_articles_that_only_begin_like_such_files_are_found(tmp_path):
    for name in ("sources-say-kakar-will-go.md", "license-reform.md", "notice to quit.txt"):
        (tmp_path / name).write_text("Text.")
    assert len(ids(tmp_path)) == 3


def test_a_file_name_that_is_no_unicode_or_breaks_lines_gives_a_printable_id_and_title(tmp_path):
    for name in (b"\xff.txt", b"a\nb.txt", b"\xff\xfe.md"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("Text.")
    for found in articles.find([tmp_path]):
        made = articles.read(found).source
        assert (made.id + made.title).encode().decode().isprintable()
