"""Every format, encodings, articles.toml, and what a folder may hold."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from files import pdf, with_part, word, write

from askpkcn import articles
from askpkcn.articles import Contents, Found, html, open_reading
from askpkcn.errors import ArticleError
from askpkcn.types import Article
from askpkcn.unknown import unknown_of

SENTENCE = "The minister said on Monday that the bridge at Thakot would open in the spring."
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OTHER = "Engineers from both countries have worked on it since the flood of last summer."


def contents(file: Path, root: Path | None = None) -> Contents:
    with open_reading() as reading:
        return reading.contents(Found(file, f"news/{file.name}", root))


def one(file: Path) -> Article:
    return articles.read(Found(file, f"news/{file.name}"))


def test_pdf_lines_are_joined_to_paragraphs_and_page_numbers_dropped(tmp_path):
    first = [
        "The Valley Gazette                4",
        "Bridge at Thakot Opens Again",
        "By Ann Li",
        "November 3, 2023",
        "The minister said on Monday that the bridge at Thakot would open in the",
        "spring, and that the inter-",
        "national road to the north would be well-",
        "known once more.",
        "Nobody had a well-known name for it. Engineers of both countries and of a",
        "third one have worked on",
        "1",
    ]
    second = [
        "The Valley Gazette                5",
        "the piers since the flood of last summer, and on the road that leads there.",
        "2",
    ]
    third = ["The Valley Gazette                6", "A third page ends the article with a sentence of its own.", "3"]
    (tmp_path / "bridge.pdf").write_bytes(pdf([first, second, third]))
    article = one(tmp_path / "bridge.pdf")
    assert article.text.split("\n\n") == [
        "Bridge at Thakot Opens Again",
        "By Ann Li",
        "The minister said on Monday that the bridge at Thakot would open in the spring, and that the international "
        "road to the north would be well-known once more.",
        "Nobody had a well-known name for it. Engineers of both countries and of a third one have worked on the piers "
        "since the flood of last summer, and on the road that leads there.",
        "A third page ends the article with a sentence of its own.",
    ]
    assert (article.source.title, article.source.author) == ("Bridge at Thakot Opens Again", "Ann Li")
    assert article.source.published == date(2023, 11, 3)


def test_a_headline_of_two_lines_is_a_pdfs_title_only_where_the_file_says_so(tmp_path):
    lines = ["Bridge at Thakot Opens Again", "After a Year Without One", "By Ann Li", SENTENCE]
    (tmp_path / "bridge.pdf").write_bytes(pdf([lines]))
    assert one(tmp_path / "bridge.pdf").source.title == "bridge"
    (tmp_path / "bridge.pdf").write_bytes(pdf([lines], title="Bridge at Thakot Opens Again After a Year Without One"))
    assert one(tmp_path / "bridge.pdf").source.title == "Bridge at Thakot Opens Again After a Year Without One"
    assert one(tmp_path / "bridge.pdf").source.author == "Ann Li"
    assert one(tmp_path / "bridge.pdf").source.published is None  # the day of saving is no publication


def test_pages_of_images_among_pages_of_text_are_told(tmp_path):
    (tmp_path / "part.pdf").write_bytes(pdf([[SENTENCE], []]))
    assert contents(tmp_path / "part.pdf").notes == (f"{tmp_path}/part.pdf: 1 of 2 pages hold no text",)


def test_word_paragraphs_and_tables_in_their_order(tmp_path):
    blocks = ["Bridge at Thakot Opens Again", "By Ann Li", SENTENCE, [["Year", "Trade"], ["2020", "17 bn"]], OTHER]
    (tmp_path / "bridge.docx").write_bytes(word(blocks))
    article = one(tmp_path / "bridge.docx")
    assert article.text.split("\n\n") == [*blocks[:3], "Year | Trade", "2020 | 17 bn", OTHER]
    # The account of whoever saved the file is no author, and the day of saving no publication.
    assert (article.source.author, article.source.published) == ("Ann Li", None)


def test_a_paragraph_styled_as_title_is_the_title(tmp_path):
    (tmp_path / "bridge.docx").write_bytes(word(["For the Saturday page, please", "# Bridge Opens.", SENTENCE]))
    assert one(tmp_path / "bridge.docx").source.title == "Bridge Opens."


def test_json_lines_give_an_article_each(tmp_path):
    rows = [
        {"id": "a/1", "title": "Bridge Opens", "text": SENTENCE, "source": "Dawn", "authors": ["Ann Li", "Bo Khan"]},
        {"headline": "Road Opens", "body": OTHER, "date": "2023-11-03T10:00:00Z", "link": "https://road.example"},
        {"text": "No more is known of this one.", "publisher": {"name": "Dawn"}, "published": "Nov 3, 2023"},
        {"text": "Its date says nothing.", "published": "last week", "url": "javascript:alert(1)"},
    ]
    lines = [json.dumps(row) for row in rows]
    bad = ["", "{not json", '["a list"]', '{"title": "without a text"}', json.dumps(rows[0])]
    (tmp_path / "export.jsonl").write_text("\n".join([*lines, *bad]), encoding="utf-8")
    made = contents(tmp_path / "export.jsonl")
    told = [(a.id, a.source.title, a.source.outlet, a.source.author, a.source.published) for a in made.articles]
    assert told == [
        ("news/export.jsonl#a/1", "Bridge Opens", "Dawn", "Ann Li, Bo Khan", None),
        ("news/export.jsonl#2", "Road Opens", None, None, date(2023, 11, 3)),
        ("news/export.jsonl#3", "export 3", "Dawn", None, date(2023, 11, 3)),
        ("news/export.jsonl#4", "export 4", None, None, None),
    ]
    assert made.articles[0].text == f"Bridge Opens\n\nBy Ann Li, Bo Khan\n\n{SENTENCE}"
    assert made.articles[1].source.url == "https://road.example"
    assert unknown_of(made.articles[3].source) == ["title", "outlet", "author", "published", "url"]
    assert [skipped.why.split("export.jsonl ")[1].split(";")[0].split(" (")[0] for skipped in made.skipped] == [
        "line 6 is no JSON",
        "line 7 is no JSON object",
        "line 8 has no text",
        "has two records with the id 'a/1'",
    ]
    assert "says published: 'last week'" in made.notes[0]


def test_the_content_decides_what_a_file_is(tmp_path):
    page = f"<!DOCTYPE html><html><body><p>{SENTENCE}</p><p>{OTHER}</p></body></html>"
    write(
        tmp_path, page_md=page, page_php=page, pdf_txt=pdf([[SENTENCE]]), word_pdf=word([SENTENCE]), text_html=SENTENCE
    )
    (tmp_path / "nothing").write_text("no suffix, no markup: passed over")
    survey = articles.survey([tmp_path])
    with open_reading() as reading:
        texts = {found.file.name: reading.contents(found).articles[0].text for found in survey.found}
    assert texts == {
        "page.md": f"{SENTENCE}\n\n{OTHER}",
        "page.php": f"{SENTENCE}\n\n{OTHER}",
        "pdf.txt": SENTENCE,
        "word.pdf": SENTENCE,
        "text.html": SENTENCE,
    }
    assert survey.others == {"without suffix": 1}


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("“The bridge – the café’s own – is open,” she said. Nobody paid.", "cp1252", "windows-1252"),
        (
            "Мост через реку открыли в понедельник, сообщил министр. Никто не платил за проезд по мосту.",
            "cp1251",
            "windows-1251",
        ),
        (
            "大桥于星期一通车，部长说。没有人付过桥费。两国的工程师从去年夏天的洪水以来一直在修桥。",
            "gb18030",
            "gb18030",
        ),
    ],
)
def test_other_encodings_are_found_and_told(tmp_path, text, encoding, shown):
    (tmp_path / "bridge.txt").write_bytes(text.encode(encoding))
    made = contents(tmp_path / "bridge.txt")
    assert made.articles[0].text == text
    assert made.notes == (f"{tmp_path}/bridge.txt is not UTF-8; it was read as {shown}",)


def test_a_few_broken_bytes_do_not_make_another_encoding(tmp_path):
    (tmp_path / "bridge.txt").write_bytes("“Brücke” – café – “naïve” – Köln ".encode() + b"\xe9 end.")
    made = contents(tmp_path / "bridge.txt")
    assert made.articles[0].text == "“Brücke” – café – “naïve” – Köln \ufffd end."
    assert made.notes == (f"{tmp_path}/bridge.txt holds bytes that are not UTF-8; \ufffd stands for each",)


@pytest.mark.parametrize("broken", [1, 3])
def test_a_short_text_with_broken_bytes_keeps_its_one_quote(tmp_path, broken):
    (tmp_path / "a.txt").write_bytes(f"The bridge’s road is open. {SENTENCE}".encode() + b" \x97 end." * broken)
    text = f"The bridge’s road is open. {SENTENCE}" + " \ufffd end." * broken
    assert contents(tmp_path / "a.txt").articles[0].text == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_mark_themselves_need_no_guess(tmp_path, encoding):
    (tmp_path / "bridge.txt").write_bytes(f"Ein Brücke – {SENTENCE}".encode(encoding))
    made = contents(tmp_path / "bridge.txt")
    assert (made.articles[0].text, made.notes) == (f"Ein Brücke – {SENTENCE}", ())


def test_the_charset_that_a_page_declares_is_believed(tmp_path):
    page = f'<html><head><meta charset="iso-8859-1"></head><body><p>{SENTENCE} “Café!”</p><p>{OTHER}</p></body></html>'
    (tmp_path / "page.html").write_bytes(page.encode("cp1252"))
    made = contents(tmp_path / "page.html")
    assert "“Café!”" in made.articles[0].text
    assert made.notes == ()


SIDECAR = """
["*.txt"]
outlet = "Dawn"
published = 2023-11-03

["bridge.txt"]
title = "Bridge at Thakot Opens Again"
author = "Ann Li"
published = "2023-11-04"

["*.md"]
outlet = "Dawn"
title = "Set in the Sidecar"

["export.jsonl#7"]
author = "Bo Khan"

["deep/*"]
url = "https://deep.example"

["misspelt.txt"]
outlet = "Dawn"
"""


def test_articles_toml_sets_what_files_tell_wrongly_or_not_at_all(tmp_path):
    (tmp_path / "deep").mkdir()
    write(
        tmp_path, articles_toml=SIDECAR, bridge_txt=SENTENCE, road_txt=f"A Title of Four Words\n\nBy Bo Khan\n\n{OTHER}"
    )
    write(
        tmp_path, told_md=f"---\noutlet: The Hindu\n---\n{SENTENCE}", export_jsonl=json.dumps({"id": 7, "text": OTHER})
    )
    write(tmp_path / "deep", deep_txt="Deep down.", articles_toml='["deep.txt"]\noutlet = "unknown"\n')
    survey = articles.survey([tmp_path])
    with open_reading() as reading:
        made = {a.source.title: a for found in survey.found for a in reading.contents(found).articles}
        notes = reading.notes()
    sources = {title: article.source for title, article in made.items()}
    bridge = sources["Bridge at Thakot Opens Again"]
    assert (bridge.outlet, bridge.author, bridge.published) == ("Dawn", "Ann Li", date(2023, 11, 4))
    text = made["Bridge at Thakot Opens Again"].text
    assert text == f"Bridge at Thakot Opens Again\n\nBy Ann Li\n\n{SENTENCE}"
    road = sources["A Title of Four Words"]
    assert (road.outlet, road.author, road.published) == ("Dawn", "Bo Khan", date(2023, 11, 3))
    assert sources["Set in the Sidecar"].outlet == "The Hindu"  # front matter wins
    assert sources["export 7"].author == "Bo Khan"
    assert (sources["deep"].outlet, sources["deep"].url) == (None, "https://deep.example")  # the nearer file wins
    assert notes == [
        f'{tmp_path}/articles.toml: ["misspelt.txt"] matches no article; mend the name or remove the table'
    ]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (
            "[bridge.txt]\noutlet = 'Dawn'",
            r'has a table \[bridge\.txt\]; write file names in quotes: \["bridge\.txt"\]',
        ),
        ("outlet = 'Dawn'", "sets 'outlet' outside a table"),
        ("['*']\npaper = 'Dawn'", "sets 'paper' for .*; what can be set is title, outlet, author, published, url"),
        ("['*']\npublished = 'last week'", "says published: 'last week'; write YYYY-MM-DD or unknown"),
        ("['*']\noutlet = 7", 'sets outlet of "\\*" to 7; write it as text in quotes'),
        ("['*'\n", "is no TOML"),
    ],
)
def test_an_articles_toml_that_is_wrong_stops_everything(tmp_path, told, problem):
    write(tmp_path, articles_toml=told, bridge_txt=SENTENCE)
    with pytest.raises(ArticleError, match=f"articles.toml.*{problem}"):
        contents(tmp_path / "bridge.txt", tmp_path)


def test_links_and_what_no_article_is_are_told_or_passed_over(tmp_path):
    folder = tmp_path / "news"
    for name in ("page_files", "linked", "old-index/snapshots"):
        (folder / name).mkdir(parents=True)
    outside = tmp_path / "outside.txt"
    outside.write_text(SENTENCE)
    write(folder, bridge_txt=SENTENCE, page_html="<html>", report_doc="x", photo_jpg=b"\xff\xd8", articles_toml="")
    write(folder / "page_files", ad_html="<html>")
    write(folder / "old-index", export_jsonl="{}")
    (folder / "old-index" / "CURRENT").write_text("x")
    (folder / "out.txt").symlink_to(outside)
    (folder / "in.txt").symlink_to(folder / "bridge.txt")
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "round").symlink_to(folder)
    survey = articles.survey([folder])
    assert [found.id for found in survey.found] == ["news/bridge.txt", "news/in.txt", "news/page.html"]
    assert {
        skipped.file.name: skipped.why.split(f"{skipped.file} ")[1].split(";")[0] for skipped in survey.skipped
    } == {
        "gone.txt": "is a link that leads nowhere",
        "loop.txt": "is a link that leads nowhere",
        "out.txt": "is a link out of the folder",
        "report.doc": "is an old Word file",
        "round": "is a link to a folder, and these are not followed",
    }
    assert survey.others == {".jpg": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "shut").mkdir(mode=0)
    (skipped,) = articles.survey([tmp_path]).skipped
    assert "shut cannot be read (Permission denied)" in skipped.why


TREES = "amber birch cedar dahlia elder fern".split()


def page_of_trees(name: str) -> list[str]:
    """Return a page of a paragraph that goes on over it but for its last line, words of its own in each line."""
    lines = [f"The {tree} of page {name} stands in a line that goes on, as {name}{tree[::-1]} does" for tree in TREES]
    return [*lines[:-1], f"{lines[-1]}."]


def test_the_page_of_each_sentence_of_a_pdf_is_kept(tmp_path):
    share = ["Share this article", "Subscribe for full access"]
    head = ["The Trees of the Thakot Valley Counted", "By Ann Li", ""]
    pages = [[*head, *page_of_trees("one")], [*share, *page_of_trees("two")], [], page_of_trees("four"), share]
    (tmp_path / "trees.pdf").write_bytes(pdf([*pages, page_of_trees("six")]))
    (made,) = contents(tmp_path / "trees.pdf").articles
    assert "Subscribe" not in made.text
    for number, name in ((1, "one"), (2, "two"), (4, "four"), (6, "six")):
        for tree in TREES:
            at = made.text.index(f"The {tree} of page {name}")
            assert made.page(at) == made.page(at + len(tree)) == number, (tree, name)
    assert made.page(0) == made.pages.index(0) + 1 == 1
    (tmp_path / "tree.txt").write_text(SENTENCE)
    assert articles.read(Found(tmp_path / "tree.txt", "tree.txt")).page(5) is None


def test_pages_move_with_a_title_and_a_byline_that_are_put_above(tmp_path):
    write(tmp_path, articles_toml='["*"]\ntitle = "A Title From Elsewhere Altogether"\nauthor = "Bo Khan"\n')
    (tmp_path / "trees.pdf").write_bytes(pdf([page_of_trees("one"), page_of_trees("two")]))
    (made,) = contents(tmp_path / "trees.pdf", tmp_path).articles
    assert made.text.startswith("A Title From Elsewhere Altogether\n\nBy Bo Khan\n\nThe amber")
    assert made.page(made.text.index("The amber of page two")) == 2
    assert made.page(made.text.index("The amber of page two") - 3) == 1


def test_word_is_read_with_all_changes_accepted(tmp_path):
    body = (
        "<w:p><w:r><w:t>The mayor asked for </w:t></w:r><w:ins><w:r><w:t>seventy</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>sixty</w:delText></w:r></w:del>"
        "<w:r><w:t> million</w:t><w:tab/><w:t>rupees.</w:t></w:r></w:p>"
        "<w:ins><w:p><w:r><w:t>A paragraph was put in.</w:t></w:r></w:p></w:ins>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>A control tells of 5 wells.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    (tmp_path / "a.docx").write_bytes(with_part(word([]), "word/document.xml", document.encode()))
    assert one(tmp_path / "a.docx").text == (
        "The mayor asked for seventy million\trupees.\n\nA paragraph was put in.\n\nA control tells of 5 wells."
    )


@pytest.mark.parametrize(
    ("told", "author"),
    [
        ("Tariq Naqash Published May 3, 2021", "Tariq Naqash"),
        ("Tariq Naqash | Updated 3 hours ago", "Tariq Naqash"),
        ("Tariq Naqash, Lahore", "Tariq Naqash"),
        ("Tariq Naqash, Sana Mir", "Tariq Naqash, Sana Mir"),
        ("Mahnur", "Mahnur"),
        ("Published May 3, 2021", None),
        ("Published by Jane Doe", "Jane Doe"),
    ],
)
def test_an_author_is_a_person_without_when_and_from_where(told, author):
    assert html._author(told, "Dawn") == author


def test_a_page_that_was_cut_off_says_so(tmp_path):
    page = f"<html><body><article><p>{SENTENCE}</p><p>The minister added that the keeper"
    (tmp_path / "a.html").write_text(page)
    (note,) = contents(tmp_path / "a.html").notes
    assert note == f"{tmp_path}/a.html ends without </body>: if it was cut off, save it anew"


def test_a_page_that_only_asks_for_javascript_is_none(tmp_path):
    page = "<html><body><noscript>You need to enable JavaScript to run this app.</noscript><p></p></body></html>"
    (tmp_path / "a.html").write_text(page)
    (skipped,) = contents(tmp_path / "a.html").skipped
    assert "is a web page without an article's text" in skipped.why


def test_html_in_a_record_is_read_as_it_is_rendered(tmp_path):
    text = (
        "<p>The <b>mayor</b>\nstays.</p><p>Two &amp; three<br>went.</p><script>x()</script><!-- no --><ul><li>One</ul>"
    )
    record = {"text": text, "title": "A < B"}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n" + json.dumps({"text": "If 3<b and b>2, stay."}) + "\n")
    first, second = contents(tmp_path / "a.jsonl").articles
    assert first.text == "A < B\n\nThe mayor stays.\n\nTwo & three\nwent.\n\nOne"
    assert second.text == "If 3<b and b>2, stay."


def test_a_short_line_of_a_narrow_column_does_not_cut_its_sentence(tmp_path):
    lines = [
        "Hospital of Larkana Gets a Ward",
        "The ward was opened",
        "by the minister of health on Monday. It has 24",
        "beds.",
    ]
    (tmp_path / "a.pdf").write_bytes(pdf([[*lines, "Nobody paid for it."]]))
    assert one(tmp_path / "a.pdf").text.split("\n\n")[1:] == [
        "The ward was opened by the minister of health on Monday. It has 24 beds.",
        "Nobody paid for it.",
    ]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a\ud83d middle</p><p>rest</p>", "a middle\n\nrest"),
        ("<p>first</p>" + "<div>" * 3000 + "deep" + "</div>" * 3000 + "<p>rest</p>", "first\n\ndeep\n\nrest"),
        ("First with <em>stress</em>.\n\nSecond\nline.\n\nThird.", "First with stress.\n\nSecond line.\n\nThird."),
        ("<p>Use it. <script> tag is bad</p><p>And on.</p>", "Use it. tag is bad\n\nAnd on."),
        ("<p>One</p><script>x('</p>')</script><p>Two</p>", "One\n\nTwo"),
        ("<p>a" + "<b> </b>" * 20_000 + "b</p>", "a b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\n\nc"),
    ],
)
def test_a_piece_of_html_loses_no_word(tmp_path, markup, text):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": markup}) + "\n")
    assert contents(tmp_path / "a.jsonl").articles[0].text == text
