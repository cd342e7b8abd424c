"""The page in a real browser, as people use it: with a mouse, with a keyboard, with and without scripts, on a phone."""

import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fake_engine import BRIDGE, DAM, FakeEngine
from fakes import article
from playwright.sync_api import expect, sync_playwright

from askpkcn import articles
from askpkcn.server.app import create_app
from askpkcn.server.settings import Settings
from askpkcn.types import Source

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = articles.make(
    Source("evil.md", '<script>document.title="owned"</script>', None, None, None, "javascript:document.title='owned'"),
    '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script> evil \u202eword',
)
LONG = article("A line of a long article.\n" * 400 + "The tunnel at Lowari is 10 km long.", "long.md", "Dawn")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"{CHROMIUM} is missing; install Debian's chromium"
    ),
]


@contextmanager
def served(**settings):
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(lambda: FakeEngine(DAM, BRIDGE, HOSTILE, LONG), Settings(**settings))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://localhost:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="module")
def address():
    with served() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, address):
    """A page that fails the test on any script error or refused resource."""
    context = browser.new_context(base_url=address, permissions=["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    complaints = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert complaints == []


def ask(page, question):
    page.goto("/")
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url("**/?q=*")


def test_asking_reading_and_going_back(page):
    ask(page, "What was finished in 1987?")
    card = page.get_by_role("article")
    expect(card.get_by_role("heading", name="1987")).to_be_visible()
    expect(card.locator("mark")).to_have_text("1987")
    assert page.url.endswith("/?q=What+was+finished+in+1987%3F")  # empty filters are left out
    card.get_by_role("link", name="Read it in the article").click()
    expect(page.locator("mark#quote")).to_have_text("1987")
    page.go_back()
    expect(page.get_by_role("article").locator("mark")).to_have_text("1987")
    expect(page.get_by_label("Your question")).to_have_value("What was finished in 1987?")
    page.get_by_label("Your question").fill("Who sang?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Not in these articles")).to_be_visible()


def test_the_article_view_scrolls_to_the_quote(page):
    ask(page, "How long is the tunnel")
    page.get_by_role("link", name="Read it in the article").click()
    expect(page.locator("mark#quote")).to_be_in_viewport()
    assert page.evaluate("scrollY") > 1000


def test_examples_ask(page):
    page.goto("/")
    page.get_by_role("link", name="Who won the cricket world cup in 1992?").click()
    expect(page.get_by_role("heading", name="Not in these articles")).to_be_visible()
    expect(page.get_by_text("these are not answers")).to_be_visible()


def test_answers_that_differ_stand_side_by_side_and_below_one_another_on_a_phone(page):
    page.set_viewport_size({"width": 1200, "height": 800})
    ask(page, "Do they differ on the dam")
    first, second = (card.bounding_box() for card in page.get_by_role("article").all())
    assert first["y"] == second["y"]
    assert first["x"] < second["x"]
    page.set_viewport_size({"width": 360, "height": 740})
    first, second = (card.bounding_box() for card in page.get_by_role("article").all())
    assert first["y"] < second["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_sources_that_agree_unfold(page):
    ask(page, "Where is the dam")
    more = page.get_by_role("article").locator("details")
    expect(more.locator("blockquote")).to_be_hidden()
    more.get_by_text("1 more quote that agrees").click()
    expect(more.locator("blockquote")).to_be_visible()


def test_filters_work(page):
    page.goto("/")
    page.get_by_label("Your question").fill("Where is the dam")
    page.get_by_text("Filters").click()
    page.get_by_label("Outlet").fill("dawn")
    page.get_by_label("From").fill("2022-01-01")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("article").locator("blockquote")).to_have_count(1)
    expect(page.get_by_label("Outlet")).to_have_value("dawn")


def test_a_quote_is_copied_with_its_citation(page):
    ask(page, "What was finished in 1987?")
    page.get_by_role("button", name="Copy with citation").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("“The dam at Tarnol 😀 was finished in 1987.")
    assert "Dawn, 2022-02-07 (news/dam.md [36:40])" in copied


def test_the_keyboard_is_enough(page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(10):
        if page.evaluate("document.activeElement.id") == "q":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("What was finished in 1987?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_be_visible()


def test_without_scripts_it_asks_and_reads(browser, address):
    with browser.new_context(base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        ask(page, "What was finished in 1987?")
        expect(page.get_by_role("article").locator("mark")).to_have_text("1987")
        expect(page.get_by_role("button", name="Copy with citation")).to_be_hidden()
        page.get_by_role("link", name="Read it in the article").click()
        expect(page.locator("mark#quote")).to_be_in_viewport()


def test_hostile_articles_run_nothing(page):
    ask(page, "Who is evil")
    expect(page.locator("blockquote")).to_contain_text('<img src=x onerror="document.title')
    assert page.title() == "Who is evil – askpkcn"
    assert page.get_by_role("link", name="Original").count() == 0
    page.get_by_role("link", name="Read it in the article").click()
    expect(page.locator("h1")).to_have_text('<script>document.title="owned"</script>')
    assert "\u202e" not in page.content()


def test_people_label_what_they_select(browser, tmp_path):
    file = tmp_path / "labels.jsonl"
    with served(label=file) as address, browser.new_context(base_url=address) as context:
        page = context.new_page()
        ask(page, "How high is it in 1987?")
        page.get_by_role("link", name="Read it in the article").click()
        button = page.get_by_role("button", name="Label: what is selected is right")
        expect(button).to_be_disabled()
        page.evaluate(
            """() => {
                const last = document.querySelector(".text").lastChild;
                const at = last.data.indexOf("40 metres");
                document.getSelection().setBaseAndExtent(last, at, last, at + 9);
            }"""
        )
        button.click()
        expect(page.get_by_text("Your label was kept")).to_be_visible()
        page.get_by_label("Your question").fill("Who sang?")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Label: the articles don't tell").click()
        expect(page.get_by_text("Your label was kept")).to_be_visible()
        assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []
    right, none = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    start = DAM.text.index("40 metres")
    assert right["gold"] == [{"article": DAM.id, "quote": "40 metres", "start": start, "end": start + 9}]
    assert none["answerable"] is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/", "/?q=differ+dam", "/?q=the+dam", "/?q=nothing", "/?q=%3F", "/articles/news/dam.md?start=4&end=7", "/docs"],
)
def test_axe_finds_nothing_serious(path, scheme, browser, address):
    with browser.new_context(base_url=address, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(path)
        found = Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert serious == []
