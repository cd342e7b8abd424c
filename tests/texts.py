"""Texts for property tests: what news and the web put into articles, and worse."""

from hypothesis import strategies as st

PIECES = (
    "Kakar signed 20 agreements in China on Monday.",
    "Gen. Asim Munir met Lt. Col. Khan at 5 p.m. in the U.S. embassy.",
    "“We agree,” said PM Khan.",
    "وزیر اعظم نے چین کا دورہ کیا۔ معاہدوں پر دستخط ہوئے۔",
    "یہ کِتَاب ہے",
    "中国和巴基斯坦。两国关系。",
    "👩‍👩‍👧‍👦 family 👍🏽 and 🇵🇰🇨🇳 flags!",
    "Cafe\u0301 n\u0303 a\u0323\u0308 q\u0307\u0323",
    "\u0301leading mark",
    "😀" * 90,
    "word " * 120,
    "x" * 700,
    "no full stop at all just words and words\nand lines",
    "A\u00a0B\u3000C\u200bD\u00ad",
    "Rs. 5 bn... what?! \"Yes.\" (No.) 1.5 3,000",
    "The minister said on Monday that both of the countries would\nsign the agreement in the coming weeks and that\n"
    "the corridor would bring investment to the whole of the region.",
    "\t \t",
    "a",
)  # fmt: skip
JOINTS = (" ", "\n", "\n\n", "\r\n", "\r\n\r\n", "  ", " \n \n ", "", "\u2028")


def texts(max_pieces: int = 12) -> st.SearchStrategy[str]:
    """Raw text, as a file might hold it: pieces, some repeated, and arbitrary characters, joined in many ways."""
    piece = st.one_of(st.sampled_from(PIECES), st.sampled_from(PIECES[:3]), st.text(max_size=40))
    pairs = st.lists(st.tuples(piece, st.sampled_from(JOINTS)), min_size=1, max_size=max_pieces)
    return pairs.map(lambda rows: "".join(text + joint for text, joint in rows))
