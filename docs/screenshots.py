"""Draw docs/page.png, the README's picture of the page, from a real answer: `python docs/screenshots.py [INDEX]`.

It needs Debian's chromium and the packages of the group dev.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote_plus

from playwright.sync_api import sync_playwright

QUESTION = "In what year did Pakistan and China establish relations?"


def main() -> None:
    """Start the service, ask, and draw."""
    index = sys.argv[1] if len(sys.argv) > 1 else "index"
    serve = [sys.executable, "-m", "askpkcn", "serve", "--port", "0", "--index", index]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        address = process.stdout.readline().split()[0]
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 900, "height": 704})
            page.goto(f"{address}/?q={quote_plus(QUESTION)}")
            page.screenshot(path=Path(__file__).parent / "page.png")
            browser.close()
        process.terminate()


if __name__ == "__main__":
    main()
