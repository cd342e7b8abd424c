"""Files for tests, written by hand where no library writes them: PDFs, Word documents, and broken ones of both."""

import io
import zipfile
from pathlib import Path

import docx


def pdf(pages: list[list[str]], title: str = "Microsoft Word - draft3", encrypt: bytes = b"") -> bytes:
    """Return a PDF of pages of lines in Helvetica; an empty page holds no text, as a scan does not."""
    streams = [_page(lines) for lines in pages]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, stream in enumerate(streams):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    info = b"/Info << /Title (%s) /Author (HP) /CreationDate (D:20200101000000Z) >> " % title.encode("cp1252")
    return assemble(objects, info + encrypt)


def assemble(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Return numbered objects as a PDF file, the first of them the catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


def _page(lines: list[str]) -> bytes:
    told = b"".join(
        b"(%s) Tj T*\n" % line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")
        for line in lines
    )
    return b"BT /F1 11 Tf 14 TL 60 780 Td\n" + told + b"ET"


def word(blocks: list[str | list[list[str]]]) -> bytes:
    """Return a Word document of paragraphs ("# ": its title) and tables, a table being rows of cells."""
    document = docx.Document()
    for block in blocks:
        if isinstance(block, str):
            document.add_paragraph(block.removeprefix("# "), style="Title" if block.startswith("# ") else None)
            continue
        table = document.add_table(len(block), len(block[0]))
        for i, row in enumerate(block):
            for j, cell in enumerate(row):
                table.cell(i, j).text = cell
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_part(archive: bytes, name: str, data: bytes, times: int = 1) -> bytes:
    """Return an archive with one part replaced by `times` copies of data, packed as small as they get."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        with new.open(name, "w", force_zip64=True) as stream:
            for _ in range(times):
                stream.write(data)
    return out.getvalue()


def lying(archive: bytes, name: str, size: int) -> bytes:
    """Return an archive whose directory says that a part unpacks to `size` bytes, whatever it does."""
    data = bytearray(archive)
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        length = int.from_bytes(data[at + 28 : at + 30], "little")
        if data[at + 46 : at + 46 + length] == name.encode():
            data[at + 24 : at + 28] = size.to_bytes(4, "little")
        at += 46
    return bytes(data)


def write(folder: Path, **named: bytes | str) -> None:
    """Write files, `one_md` for one.md."""
    for name, data in named.items():
        file = folder / ".".join(name.rsplit("_", 1))
        file.write_bytes(data.encode() if isinstance(data, str) else data)
