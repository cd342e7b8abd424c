"""Files to Articles: Markdown, plain text, HTML, PDF, DOCX and JSON Lines.

finding lists the files of a folder and names their articles; kinds tells what a file is; each format has its
module, which gives an Extracted; reading makes Articles of these, many does so for
files side by side. HTML, PDF and DOCX are taken apart in a process
of their own (limits starts it, worker is it), because such files can hang or explode what reads them.

The text of an article is normalised here, once, before any offset exists.
"""

from askpkcn.articles.finding import ACCEPTED, Found, Skipped, Survey, find, survey
from askpkcn.articles.many import Piece, Readings
from askpkcn.articles.markdown import plain_text
from askpkcn.articles.reading import Contents, Reading, code_digest, make, open_reading, read

__all__ = [
    "ACCEPTED",
    "Contents",
    "Found",
    "Piece",
    "Reading",
    "Readings",
    "Skipped",
    "Survey",
    "code_digest",
    "find",
    "make",
    "open_reading",
    "plain_text",
    "read",
    "survey",
]
