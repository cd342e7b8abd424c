"""What stands around articles on news sites and in mails, told line by line.

Every pattern is for a whole line. STRONG lines say nothing else anywhere; WEAK words are buttons only in company
of other furniture, or above or below the body; RELATED lines announce headlines of other articles.
"""

from __future__ import annotations

import re

from askpkcn.articles.dates import RELATIVE


def _lines(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


PAYWALL = _lines(
    r"want to (?:read|keep reading|continue reading)(?: more)?\?(?: subscribe .{0,60})?",
    r"subscribe(?: now| today| here)?(?: for| to) "
    r"(?:full|unlimited|digital|continue|read|keep|unlock|our|the newsletter).{0,60}",
    r"subscribe (?:now|today|here)",
    r"already (?:a |an |have an? )?(?:subscriber|subscribed|subscription|account|registered|member)\b.{0,30}",
    r"(?:sign|log) (?:in|up) (?:to|for) (?:continue|read|our|unlimited|the newsletter|free).{0,60}",
    r"sign up (?:for|to) .{0,60}newsletters?\b.{0,40}",
    r"subscribe to (?:a|the|our) .{0,40}newsletters?\b.{0,30}",
    r"get (?:the|our) .{0,40}newsletters? .{0,40}inbox",
    r"this (?:article|content|story) is (?:reserved |available |only )*(?:for|to) .{0,20}"
    r"(?:subscribers|members)(?: only)?",
    r"(?:create|get|open) (?:a|your) free account.{0,40}",
    r"(?:start|begin) your (?:free )?(?:trial|subscription).{0,30}",
    r"unlock (?:this|the full) (?:article|story).{0,30}",
    r"you have (?:\w+ )?(?:free )?articles? (?:left|remaining).{0,40}",
)
COMMENTS = _lines(
    r"(?:leave|post|add|write) (?:a |your )?(?:comment|reply)s?",
    r"(?:no|\d[\d,]*) comments?(?: yet)?",
    r"comments? ?\(\d[\d,]*\)(?: closed)?",
    r"(?:view|show|load|read)(?: all| more)?(?: \d+)? comments",
    r"comments are (?:closed|off|disabled).{0,30}",
    r"be the first to comment.{0,30}",
)
MAIL = _lines(
    r"reply ?(?:reply ?(?:to )?all ?)?forward(?: ?\|)?",
    r"reply to all|replying to x|comments are moderated.{0,150}",
    r"\[message clipped\].{0,40}",
    r"\[quoted text hidden\]",
    r"view entire message",
    r"sent from (?:my|yahoo) .{0,40}",
    r"get outlook for \w+",
    r"-+ ?(?:forwarded|original) message ?-+",
    r"begin forwarded message:?",
    r"on .{6,60}(?:<[^<>@\s]+@[^<>\s]+>|\bat \d\d?:\d\d.{0,40}) ?wrote:",
    r"you (?:received|are receiving) this (?:message|e-?mail) because .{0,120}",
    r"to unsubscribe.{0,120}",
    r"unsubscribe(?: here| from this list)?",
    r"view (?:this e-?mail )?in (?:your )?browser",
)
BUTTONS = _lines(
    r"home ?(?:[>›»/|] ?[^>›»/|]{1,40}){1,6}",
    r"[-–—_*•·.=~|<>\s]+",
    r"list (?:\d+ of \d+|of \d+ items?)|end of list",
    r"this article is more than \d+ (?:day|week|month|year)s? old",
    r"skip advertisement|ad feedback|(?:image|media) (?:source,? .{1,60}|caption,?)",
    r"explore more on these topics|reuse this content|order reprints.{0,60}|why you can trust .{1,30}",
    r"click to (?:share|e-?mail|print) .{0,80}|(?:facebook|twitter|whatsapp) (?:count|share)",
    r"skip to (?:main |the )?(?:content|navigation)",
    r"(?:[-–—* ]*)advertis(?:e?ment|ing)s?(?:[-–—* ]*| ?[-–—] ?(?:scroll|continue).{0,30})",
    r"(?:story|article) continues (?:below|after).{0,30}",
    r"(?:scroll|swipe)(?: down)? to continue.{0,20}",
    r"sponsored(?: content)?|promoted (?:content|stories)|paid content",
    r"(?:share|tweet|pin|post|save|send|e-?mail|print|bookmark|like) (?:this|it|on|via|to)(?: (?:this |an? )?"
    r"(?:article|story|post|page|item|friend|link|facebook|twitter|x|whatsapp|linkedin|pinterest|reddit|telegram"
    r"|e-?mail|later|list|print|external))*:?",
    r"share (?:full )?(?:article|story)|print (?:article|story|friendly)|copy (?:this )?(?:link|url)|link copied.?",
    r"(?:follow|like|find|join) us(?: on .{0,40})?|follow @\w+|join our .{0,20}(?:channel|group|community)",
    r"download (?:the|our) (?:\w+ ){0,3}app.{0,20}",
    r"listen to (?:this )?(?:article|story).{0,20}",
    r"(?:reading time:? ?)?\d{1,3}[ -]?min(?:ute)?s?(?: of)? read(?:ing)?(?: time)?|reading time:? .{1,12}",
    r"©.{0,80}|copyright (?:©|\(c\)|\d{4}).{0,80}|all rights reserved.?",
    r"\d[\d,.]*[km]? (?:views?|shares?|likes?|reactions?|retweets?|reads|claps|views today)",
    r"loading(?: comments| more)? ?(?:\.\.\.|…)?|like loading ?(?:\.\.\.|…)",
    r"(?:we|this (?:web)?site) uses? cookies.{0,120}|accept (?:all )?cookies|cookie (?:policy|settings|preferences)",
    r"privacy policy|terms (?:of use|of service|and conditions|& conditions)(?: and privacy policy)?",
    r"(?:click|tap) here (?:to|for) .{0,60}",
    r"back to (?:the )?top|continue reading(?: the main story)?(?: below)?",
    r"(?:tags|filed under|topics|categories|posted in):.{0,160}",
    r"add .{0,30} as (?:a )?preferred source.{0,20}",
)
RELATED = _lines(
    r"related(?: (?:articles?|stor(?:y|ies)|posts?|news|content|topics|coverage|reading|links))?:?",
    r"more (?:from|on|in|about|stories|news|like) ?.{0,40}",
    r"(?:read|see|watch) (?:more|also|next):?|also read:?|also in .{0,30}",
    r"you (?:may|might) (?:also )?(?:like|be interested in|enjoy).{0,20}",
    r"recommended(?: (?:for you|stories|reading|articles|by .{0,20}))?:?",
    r"trending(?: now| stories)?|most (?:read|popular|viewed|shared|commented)|top stories|popular(?: posts| stories)?",
    r"latest (?:news|stories|articles|posts)|editor['’]?s['’]? (?:picks?|choice)|up next|next article|don['’]t miss",
    r"in case you missed it|keep reading|more on this story|related topics",
)
LIST_BEGINS = re.compile(r"list of \d+ items?", re.IGNORECASE)
LIST_ENDS = re.compile(r"end of list", re.IGNORECASE)
RELATED_LINK = re.compile(
    r"(?:also read|read also|read more|read|related|see also|watch) ?[:|»>] ?\S.{0,160}", re.IGNORECASE
)
"""A related headline on the line that announces it. In the middle of a body it has no full stop."""
WEAK = frozenset(
    (
        "published|updated|post|share|print|email|e-mail|mail|tweet|facebook|twitter|x|whatsapp|linkedin|pinterest|reddit|telegram"
        "|messenger|instagram|youtube|copy|link|save|bookmark|subscribe|sign in|log in|login|sign up|register"
        "|home|menu|search|close|comment|comments|reply|forward|reply all|top|next|previous|prev|listen|follow"
        "|like|more|overview|gift|advertise|contact|contact us|about us|newsletter|newsletters|the author"
        "|the authors|about the author|about the authors|author|authors|inbox|a a a|aaa|a+|a-|text size|font size"
        "|report|audio|edition|donate|support us|account|my account|notifications|e-paper|epaper|today's paper"
        "|today’s paper|live|share this|download|flipboard|buffer|threads|bluesky|cancel reply|skip|dismiss|play"
        "|pause|video|videos|photos|gallery|podcast|podcasts|share:|tags|tags:"
    ).split("|")
)
SECTIONS = frozenset(
    (
        "world|asia|south asia|east asia|central asia|southeast asia|middle east|europe|africa|americas|us|usa|uk"
        "|pakistan|china|india|afghanistan|national|international|regional|local|news|latest|politics|opinion"
        "|opinions|editorial|editorials|op-ed|comment|analysis|features|feature|blogs|blog|business|economy"
        "|finance|markets|money|security|defence|defense|diplomacy|society|culture|environment|climate|science"
        "|technology|tech|health|education|sport|sports|cricket|lifestyle|entertainment|magazine|front page"
        "|back page|top news|headlines|breaking news|exclusive|explainer|interview|report|reports|special report"
        "|newspaper|columns|columnists|letters|perspectives|the pulse|flashpoints"
    ).split("|")
)
COUNTER = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,5}|\d{1,4}(?:\.\d)?[kKmM]")
_YEAR = re.compile(r"1[0-9]{3}|20\d\d")
_NO_HEADLINE = re.compile(
    r"^(?:file |stock )?(?:photo(?:graph)?|image|picture|illustration|credit|source|courtesy|caption|video)\b"
    r" ?(?:by\b|:|/|—|–|\()|getty images|shutterstock|\b(?:afp|reuters|ap|epa|xinhua)\s?/"
    r"|/\s?(?:afp|reuters|ap|epa|xinhua)\b|\bvia (?:ap|afp|reuters)\b"
    r"|\b(?:subscribe|newsletters?|inbox|cookies|sign up|log in|click here|download our)\b"
    r"|[|>›»].*[|>›»]|[’']s office$| / ",
    re.IGNORECASE,
)
_MIDWAY = re.compile(
    r"(?:skip )?adverti|ad feedback|(?:story|article) continues|scroll|swipe|sponsored|promoted|list |end of list"
    r"|image|media|sign up|subscribe|get |read more|continue reading|keep reading|listen|watch|\d|$",
    re.IGNORECASE,
)
MAIL_HEADER = re.compile(r"(?:from|to|cc|bcc|sent|date|subject|reply-to): ?.*", re.IGNORECASE)


_NARRATED = re.compile(
    r"\b(?:said|says|told|tells|asked|added|argued|explained|he|she|they|him|her|them|his|their|was|were|had|did"
    r"|would|could)\b",
    re.IGNORECASE,
)
"""Furniture speaks to its reader; a line that tells of others is a sentence, whatever it begins with."""


def _bare(line: str) -> str:
    return line.strip(" \t|•·»›→←▼▲*_-–—").rstrip(".:!")


def is_strong(line: str) -> bool:
    """Tell a line that is furniture wherever it stands."""
    if len(line) > 200:
        return False
    patterns = (MAIL,) if _NARRATED.search(line) else (MAIL, PAYWALL, COMMENTS, BUTTONS)
    return any(pattern.fullmatch(line) or pattern.fullmatch(_bare(line)) for pattern in patterns)


def is_midway(line: str) -> bool:
    """Tell furniture that stands in the middle of bodies, too."""
    return bool(_MIDWAY.match(_bare(line)))


def is_weak(line: str) -> bool:
    """Tell a line that is furniture in company of other furniture, or above or below the body."""
    if len(line) > 120:
        return False
    return _bare(line).casefold() in WEAK or bool(RELATIVE.fullmatch(line)) or is_related(line)


def is_related(line: str) -> bool:
    """Tell a line that announces headlines of other articles."""
    return len(line) <= 60 and bool(RELATED.fullmatch(line) or RELATED.fullmatch(_bare(line)))


def is_related_link(line: str) -> bool:
    """Tell a line that announces another article and names it."""
    return bool(RELATED_LINK.fullmatch(line)) and not line.endswith((".", "!", "”", '"'))


def is_no_headline(line: str) -> bool:
    """Tell a picture's credit, an offer, or a row of links: above the body, it may look like a headline."""
    return bool(_NO_HEADLINE.search(line))


def is_section(line: str) -> bool:
    """Tell the name of a part of a newspaper."""
    return _bare(line).casefold() in SECTIONS


def is_counter(line: str) -> bool:
    """Tell a lone number that may count shares or comments; a year does not."""
    return bool(COUNTER.fullmatch(line)) and not _YEAR.fullmatch(line)
