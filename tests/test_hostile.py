"""Files that are broken, encrypted, empty, or made to hang or explode what reads them: one line each, and on."""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from files import assemble, lying, pdf, with_part, word

from askpkcn.articles import Found, Reading, limits, open_reading
from askpkcn.articles.limits import Extractor
from askpkcn.errors import ArticleError

SENTENCE = "The minister said on Monday that the bridge at Thakot would open in the spring."
BODY = "word/document.xml"
W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


@pytest.fixture(scope="module")
def reading() -> Iterator[Reading]:
    with open_reading() as opened:
        yield opened


def why(reading: Reading, file: Path) -> str:
    contents = reading.contents(Found(file, file.name))
    assert contents.articles == ()
    (skipped,) = contents.skipped
    assert skipped.why.startswith(f"{file} ")
    return skipped.why.removeprefix(f"{file} ")


def looping_form() -> bytes:
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 4 0 R >> >> /Length 12 >>"
    page = b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /XObject << /X 4 0 R >> >> >>"
    content = b"<< /Length 5 >>\nstream\n/X Do\nendstream"
    return assemble([CATALOGUE, ONE_PAGE, page, form + b"\nstream\n/X Do /X Do \nendstream", content])


def exploding_stream() -> bytes:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * 10_000_000) for _ in range(60)) + packer.flush()
    stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)
    return assemble([CATALOGUE, ONE_PAGE, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>", stream])


ENCRYPTED = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -4 >> /ID [(a)(b)]" % (b"1" * 32, b"2" * 32)
NESTED = b"<w:document %s><w:body>%s</w:body></w:document>" % (W, b"<w:tbl><w:tr><w:tc>" * 50_000)


def entities(declared: bytes) -> bytes:
    return b"<?xml version='1.0'?><!DOCTYPE d [%s]><w:document %s><w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p>" % (
        declared,
        W,
    )


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("empty.pdf", b"", "holds no text; remove it or fill it"),
        ("empty.docx", b"", "holds no text; remove it or fill it"),
        ("empty.html", b"", "holds no text; remove it or fill it"),
        ("empty.jsonl", b"\n", "holds no text; remove it or fill it"),
        ("scan.pdf", pdf([[], []]), "is a PDF that holds no text; if its pages are images, run text recognition"),
        ("cut.pdf", pdf([[SENTENCE]])[:300], "is a broken PDF"),
        ("noise.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 50, "is a broken PDF"),
        ("secret.pdf", pdf([[SENTENCE]], encrypt=ENCRYPTED), "is an encrypted PDF; save a copy without a password"),
        ("loop.pdf", assemble([CATALOGUE, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]), "is a broken PDF"),
        ("form.pdf", looping_form(), "is a PDF that holds no text"),
        ("bomb.pdf", exploding_stream(), "is a PDF that holds no text|is a broken PDF|was given up"),
        ("cut.docx", word([SENTENCE])[:2000], "is a broken Word document"),
        ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is an encrypted or an old Word document"),
        ("blank.docx", word([" "]), "is a Word document that holds no text"),
        ("bomb.docx", with_part(word([]), BODY, b" " * 10_000_000, 12), "would unpack to .* it was not opened"),
        ("liar.docx", lying(with_part(word([]), BODY, b"<a>" * 10**6, 9), BODY, 99), "is a broken Word document"),
        ("outer.docx", with_part(word([]), BODY, entities(b'<!ENTITY x SYSTEM "file:///etc/passwd">')), "declares"),
        ("laughs.docx", with_part(word([]), BODY, entities(b'<!ENTITY y "ha"><!ENTITY x "&y;&y;">')), "declares"),
        ("deep.docx", with_part(word([]), BODY, NESTED), "is a broken Word document"),
        ("deep.html", f"<body>{'<div>' * 100_000}<p>{SENTENCE}".encode(), "is HTML nested over 250 deep"),
        ("menu.html", b"<html><body><nav><a href=x>Home</a></nav></body></html>", "is a web page without an article"),
        ("image.html", b"\x89PNG\0\0\0", "is a binary file|without an article"),
        ("laughs.md", b"---\na: &a [x, x]\nb: [*a, *a]\n---\nText.", "aliases are not read"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)
def test_one_line_says_what_is_wrong(tmp_path, reading, name, data, problem):
    file = tmp_path / name
    file.write_bytes(data)
    told = why(reading, file)
    assert re.search(problem, told), told
    assert "\n" not in told


def test_entities_of_a_page_are_not_followed(tmp_path, reading):
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body><p>{SENTENCE} &x;</p></body></html>'
    (tmp_path / "page.html").write_text(page)
    (article,) = reading.contents(Found(tmp_path / "page.html", "page.html")).articles
    assert article.text == f"{SENTENCE} &x;"


def test_a_file_that_hangs_its_reader_is_given_up_and_the_next_one_read(tmp_path):
    os.mkfifo(tmp_path / "hangs.pdf")  # opening it waits for a writer that never comes
    (tmp_path / "good.pdf").write_bytes(pdf([[SENTENCE]]))
    with closing(Extractor(seconds=1)) as extractor:
        with pytest.raises(ArticleError, match=r"hangs\.pdf took over 1 seconds to read and was given up"):
            extractor.extract("pdf", tmp_path / "hangs.pdf")
        extractor._seconds = 20  # which the next start, on a busy machine, may well need
        assert extractor.extract("pdf", tmp_path / "good.pdf").text == SENTENCE


def test_a_file_that_needs_too_much_memory_is_given_up_and_the_next_one_read(tmp_path):
    (tmp_path / "huge.html").write_text("<html><body>" + "<a href='x'>a</a>" * 400_000)
    (tmp_path / "good.html").write_text(f"<html><body><p>{SENTENCE}</p></body></html>")
    with closing(Extractor(megabytes=300)) as extractor:
        with pytest.raises(
            ArticleError, match=r"huge\.html (took over 300 MB to read and was given up|broke the program)"
        ):
            extractor.extract("html", tmp_path / "huge.html")
        assert extractor.extract("html", tmp_path / "good.html").text == SENTENCE


def test_a_reader_that_dies_is_told_and_started_anew(tmp_path):
    (tmp_path / "good.pdf").write_bytes(pdf([[SENTENCE]]))
    with closing(Extractor()) as extractor:
        extractor.extract("pdf", tmp_path / "good.pdf")
        process = extractor._process
        process.kill()
        process.wait()
        assert extractor.extract("pdf", tmp_path / "good.pdf").text == SENTENCE
        assert extractor._process is not process


@pytest.mark.parametrize("program", ["/bin/false", "/no/python"])
def test_a_reader_that_cannot_start_is_told(tmp_path, monkeypatch, program):
    monkeypatch.setattr(limits.sys, "executable", program)
    why = f"cannot be read, as the process that takes such files apart does not start; check that you may run {program}"
    with pytest.raises(ArticleError, match=rf"one\.pdf {why}"):
        Extractor().extract("pdf", tmp_path / "one.pdf")


def test_a_module_in_the_folder_is_not_imported_by_the_reader(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "good.pdf").write_bytes(pdf([[SENTENCE]]))
    monkeypatch.chdir(tmp_path)
    with closing(Extractor()) as extractor:
        assert extractor.extract("pdf", Path("good.pdf")).text == SENTENCE
    assert not (tmp_path / "ran").exists()


def test_a_huge_file_is_refused_by_its_size(tmp_path, reading):
    for name in ("huge.txt", "huge.html", "huge.pdf", "huge.docx"):
        with (tmp_path / name).open("wb") as stream:
            stream.write(b"%PDF-1.4\n" if name.endswith("pdf") else b"<html>" if name.endswith("html") else b"PK\3\4")
            stream.truncate(500_000_000)  # sparse: it takes no room
        assert "MB, over the limit of" in why(reading, tmp_path / name) or name == "huge.txt"


def test_a_line_of_json_without_end_is_refused_and_the_next_one_read(tmp_path, reading, monkeypatch):
    monkeypatch.setattr("askpkcn.articles.jsonl.MAX_LINE", 100)
    (tmp_path / "export.jsonl").write_text("[" * 1000 + '\n{"text": "Short."}\n' + "[" * 150)
    contents = reading.contents(Found(tmp_path / "export.jsonl", "export.jsonl"))
    assert [article.id for article in contents.articles] == ["export.jsonl#2"]
    assert [skipped.why.split("export.jsonl ")[1][:30] for skipped in contents.skipped] == [
        "line 1 is over the limit of 0 ",
        "line 3 is over the limit of 0 ",
    ]
