"""The page: what people read, without scripts, and what hostile articles cannot do to it."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_engine import BRIDGE, DAM, FakeEngine
from fakes import article
from service import client

from askpkcn import articles
from askpkcn.server import page
from askpkcn.types import Source

STATIC = Path(page.__file__).parent / "static"
HTML = {"Accept": "text/html,application/xhtml+xml"}
HOSTILE_TEXT = (
    "<script>alert(1)</script> \"quoted\" 'single' <img src=x onerror=alert(1)> [a](javascript:alert(1)) "
    "{{ 7 * 7 }} {% raw %} &lt;b&gt; \u202egnp.exe\u202c \u2066hidden\u2069 \x1b[31mred\x07 "
    "</mark></blockquote> target 😀"
)
HOSTILE_TITLE = '"><script>alert(2)</script>\u202eeltit'


class Page(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def get(api, path, **params) -> Page:
    response = api.get(path, params=params, headers=HTML)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


@pytest.fixture(scope="module")
def api():
    with client() as opened:
        yield opened


def test_the_first_page_has_a_labelled_box_and_examples(api):
    first = get(api, "/")
    labels = {label.get("for") for label in first.all("label")}
    assert "q" in labels
    assert first.all("form")[0]["method"] == "get"
    examples = [a["href"] for a in first.all("a") if a["href"].startswith("/?q=")]
    assert len(examples) == 3
    assert api.get(examples[0], headers=HTML).status_code == 200
    assert [option["value"] for option in first.all("option")] == ["Dawn"]
    assert first.all("html")[0]["lang"] == "en"
    assert first.all("h1")


def test_an_answer_is_a_card_with_its_quote_marked_and_its_source(api):
    shown = get(api, "/", q="What was finished in 1987?")
    html = api.get("/", params={"q": "What was finished in 1987?"}, headers=HTML).text
    assert "<mark>1987</mark>" in html
    for told in ("Dawn", "2022-02-07", "likely (probability 0.80)", "Read it in the article"):
        assert told in shown.text
    (box,) = [field for field in shown.all("input") if field["name"] == "q"]
    assert box["value"] == "What was finished in 1987?"
    (button,) = [b for b in shown.all("button") if b.get("class") == "copy"]
    assert "hidden" in button  # until a script can copy
    assert button["data-copy"].startswith("“The dam at Tarnol 😀 was finished in 1987.")
    assert "news/dam.md [36:40]" in button["data-copy"]


def test_agreeing_sources_are_folded_and_differing_ones_stand_side_by_side(api):
    agree = get(api, "/", q="Where is a dam?")
    assert len(agree.all("article")) == 1
    assert "1 more quote that agrees" in agree.text
    assert [d.get("class") for d in agree.all("details")] == ["filters", "agreeing"]
    differ = get(api, "/", q="Do they differ on the dam?")
    assert len(differ.all("article")) == 2
    assert "The articles differ: 2 answers" in differ.text


def test_no_answer_is_told_as_none(api):
    none = get(api, "/", q="Who sang?")
    assert "Not in these articles" in none.text
    assert "these are not answers" in none.text
    assert not none.all("mark")
    assert not none.all("article")


def test_filters_stay_in_the_form_and_work(api):
    shown = get(api, "/", q="Where is a dam?", outlet="dawn", **{"from": "2022-01-01", "to": ""})
    assert {f["name"]: f["value"] for f in shown.all("input")} == {
        "q": "Where is a dam?", "outlet": "dawn", "from": "2022-01-01", "to": "",
    }  # fmt: skip
    assert "open" in shown.all("details")[0]
    assert "agrees" not in shown.text
    assert "The filters leave no article" in get(api, "/", q="Where?", outlet="Nobody").text


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"q": "?!"}, 422, "the question is empty"),
        ({"q": "x" * 1001}, 422, "over the limit of 1,000"),
        ({"q": "Who?", "from": "soon"}, 422, "write YYYY-MM-DD"),
        ({"q": "Who?", "from": "2023-01-01", "to": "2022-01-01"}, 422, "swap them"),
    ],
)
def test_what_cannot_be_asked_is_a_page_with_the_question_kept(params, status, words, api):
    response = api.get("/", params=params, headers=HTML)
    shown = Page(response.text)
    assert response.status_code == status
    assert words in shown.text
    assert [field["value"] for field in shown.all("input") if field["name"] == "q"] == [params["q"]]
    assert [p["role"] for p in shown.all("p") if "role" in p] == ["alert"]


def test_the_article_view_marks_the_quote_at_its_offsets(api):
    answer = get(api, "/", q="What was finished in 1987?")
    (link,) = [a["href"] for a in answer.all("a") if a["href"].startswith("/articles/")]
    assert link == "/articles/news/dam.md?start=36&end=40&snapshot=one#quote"
    response = api.get(link, headers=HTML)
    assert '<mark id="quote" tabindex="-1">1987</mark>' in response.text
    assert DAM.text in Page(response.text).text
    assert "indexed anew" not in response.text
    assert "indexed anew" in api.get(link.replace("=one", "=old"), headers=HTML).text
    assert BRIDGE.text in get(api, f"/articles/{BRIDGE.id}").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/articles/nothing.md", 404),
        (f"/articles/{DAM.id}?start=1", 422),
        (f"/articles/{DAM.id}?start=1&end=99999", 422),
        (f"/articles/{DAM.id}?start=٣&end=5", 422),
        (f"/articles/{DAM.id}?start={'9' * 5000}&end=5", 422),
        ("/nowhere", 404),
    ],
)
def test_links_that_lead_nowhere_are_pages_too(path, status, api):
    response = api.get(path, headers=HTML)
    assert response.status_code == status
    assert Page(response.text).all("h1")


@pytest.fixture(scope="module")
def hostile():
    source = Source(
        'a"b/<x>?&#.md', HOSTILE_TITLE, "<b>Out</b>\u202elet", "<i>A</i>", date(2022, 1, 1), "javascript:alert(3)"
    )
    with client(FakeEngine(articles.make(source, HOSTILE_TEXT))) as opened:
        yield opened


@pytest.mark.parametrize("question", ["Where is the target", "Who sang", "What is <script>alert(1)</script>"])
def test_hostile_articles_bring_no_element_and_no_script_into_the_page(question, hostile):
    shown = get(hostile, "/", q=question)
    scripts = shown.all("script")
    assert scripts == [{"src": "/static/page.js", "defer": None}]
    assert not {"img", "i", "b"} & {tag for tag, _ in shown.elements}
    for _, attributes in shown.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert not (attributes.get("href") or "").lower().startswith("javascript:")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", shown.text)
    assert "49" not in shown.text


def test_a_hostile_article_is_shown_whole_and_as_text(hostile):
    answer = get(hostile, "/", q="Where is the target")
    (link,) = [a["href"] for a in answer.all("a") if a["href"].startswith("/articles/")]
    response = hostile.get(link, headers=HTML)
    shown = Page(response.text)
    assert response.status_code == 200
    assert '<mark id="quote" tabindex="-1">target</mark>' in response.text
    assert "<script>alert(1)</script>" in shown.text
    assert len(shown.all("script")) == 1
    assert not any((a.get("href") or "").startswith("javascript") for a in shown.all("a"))


def test_the_api_gives_hostile_text_as_data(hostile):
    response = hostile.get("/v1/ask", params={"q": "Where is the target"})
    quote = response.json()["groups"][0]["quotes"][0]
    assert response.headers["content-type"] == "application/json"
    text = hostile.get("/v1/articles/a%22b/%3Cx%3E%3F%26%23.md").json()["text"]
    assert text[quote["start"] : quote["end"]] == "target"
    assert text.encode("utf-16-le")[2 * quote["start_utf16"] : 2 * quote["end_utf16"]].decode("utf-16-le") == "target"


def test_the_original_opens_at_the_sentence_and_only_over_http():
    assert page.original_link("https://n.example/a", "It is so.") == "https://n.example/a#:~:text=It%20is%20so."
    long = "One two three four five six seven eight nine ten-eleven, twelve & more."
    assert page.original_link("https://n.example/a#top", long) == (
        "https://n.example/a#top:~:text=One%20two%20three%20four%20five,nine%20ten%2Deleven%2C%20twelve%20%26%20more."
    )
    for url in (
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//n.example",
        "file:///etc/passwd",
        "http://[",
        "x",
    ):
        assert page.original_link(url, "It is so.") is None
    source = replace(DAM.source, url="https://n.example/a")
    with client(FakeEngine(articles.make(source, DAM.text))) as api:
        links = [a for a in get(api, "/", q="Which dam").all("a") if a["href"].startswith("https:")]
    assert [a["rel"] for a in links] == ["noopener noreferrer external"]


def test_a_probability_has_words():
    assert [page.likely(p) for p in (0.0, 0.5, 0.7, 0.95, 1.0)] == [
        "uncertain", "more likely than not", "likely", "very likely", "very likely",
    ]  # fmt: skip


def test_the_page_brings_nothing_from_elsewhere_and_is_light(api):
    text = "word " * 400
    many = [article(f"The dam {n}. {text}", f"{n}.md") for n in range(5)]
    with client(FakeEngine(*many)) as other:
        html = other.get("/", params={"q": "Do they differ on the dam"}, headers=HTML).text
    files = {file.name: file.read_text(encoding="utf-8") for file in STATIC.iterdir()}
    assert sum(map(len, files.values())) + len(html) < 60_000
    for name, content in {**files, "page": html}.items():
        outside = set(re.findall(r"https?://[^\"')\s]+", content)) - {"http://www.w3.org/2000/svg"}
        assert not outside, (name, outside)
    assert "@import" not in files["page.css"]
    assert "innerHTML" not in files["page.js"]


def test_the_api_docs_need_no_script_and_tell_everything(api):
    shown = get(api, "/docs")
    for path in api.get("/openapi.json").json()["paths"]:
        assert path in shown.text
    assert "urn:askpkcn:problem:queue-full" in shown.text
    assert len(shown.all("script")) == 1


def test_a_full_queue_is_a_page_with_retry_after(api):
    from askpkcn.server import problems
    from askpkcn.server.problems import Problem

    class Request:
        query_params: dict[str, str] = {}  # noqa: RUF012
        app = SimpleNamespace(state=SimpleNamespace(labels=None))

    response = page.problem(Request(), Problem(problems.QUEUE_FULL, "ask again in about 2 s", {"Retry-After": "2"}))
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert "Too many questions are waiting" in response.body.decode()
