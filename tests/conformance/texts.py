"""Texts that are easily read wrongly, by name. All written for this purpose."""

from __future__ import annotations

from dataclasses import dataclass

_PROSE = (
    "The kettle whistled while rain ran down the kitchen window, and the committee rejected "
    "the proposal by seven votes to four. Two dogs chased a red ball across the beach. "
)

TEXTS = {
    "empty": "",
    "one blank": " ",
    "blanks only": " \t\n\r\n  ",
    "blanks around": "  a lamp  ",
    "blanks between": "turn   the    volume  down",
    "tabs and newlines": "tab\there\nnew line\r\nthe end",
    "odd blanks": "no\u00a0break thin\u2009 ideographic\u3000em\u2003line\u2028paragraph\u2029end",
    "zero width": "zero\u200bwidth\u200cjoiner\u200dword\u2060 and a soft\u00adhyphen",
    "byte order mark": "\ufeffat the beginning and \ufeff within",
    "controls": "bell\x07 escape\x1b[0m backspace\x08 delete\x7f next\x85line",
    "zero byte": "before\x00after",
    "one letter": "a",
    "punctuation only": "?!... --- ***",
    "punctuation inside": "don't switch-off (the lamp), e.g. at 9:30; it's ok.",
    "quotation marks": "«oui», „nein“, “yes” and ‘no’ — 'it' … \"that\"",
    "numbers": "3.14 1,000,000 007 1e-9 ½ ² ٣ ४ Ⅻ",
    "upper case": "TURN THE VOLUME DOWN",
    "mixed case": "iPhone McDonald eBay STRASSE Straße",
    "dotted and dotless i": "İstanbul ıstanbul Istanbul istanbul",
    "sharp s and final sigma": "ẞ ß ΣΊΣΥΦΟΣ ς σ",
    "accents composed": "café naïve Ångström Zażółć gęślą jaźń",
    "accents combining": "cafe\u0301 nai\u0308ve A\u030angstro\u0308m",
    "marks in any order": "a\u0323\u0307 a\u0307\u0323 q\u0307\u0323 \u0301alone",
    "many marks": "z" + "\u0301\u0316\u0327" * 6 + " after",
    "ligatures and full width": "ﬁre oﬃce ｆｕｌｌ ｗｉｄｔｈ ＡＢＣ１２３",
    "Chinese": "请把客厅的灯关掉,然后打开空调。",
    "Chinese and Latin": "我用Python写code北京2024年",
    "Japanese": "新しい駅は来年の春に開業する予定です。カタカナ ｶﾀｶﾅ",
    "Korean": "내일은 비가 올 것 같으니 우산을 챙기세요.",
    "Korean jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af 한글",
    "rare ideographs": "𠀀𠮷野家 𪚥 豈",
    "Arabic": "يفتح المتحف أبوابه في التاسعة صباحا.",
    "Arabic with vowels": "ٱلسَّلَامُ عَلَيْكُمْ",
    "Hebrew and Latin": "the word שלום means peace \u202ereversed\u202c end",
    "Hindi": "दिल्ली में आज मौसम साफ़ रहेगा।",
    "Thai": "วันนี้อากาศดีมาก",
    "Greek and Cyrillic": "Αθήνα Москва ёлка",
    "mixed scripts": "pаypal with a Cyrillic а, 東京tower, αβγabc",
    "emoji": "great service 👍 will come back 🎉🎉",
    "emoji with a joiner": "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag, 🧑🏽‍💻 at work",
    "emoji of two letters": "🇨🇭🇩🇪 and a lone 🇨",
    "emoji with a variation": "❤️ ❤ ☎︎ 1️⃣",
    "neighbours of the surrogates": "\ud7ff \ue000 \ufffd \U00010000 \U0010fffd",
    "not characters": "\ufffe \uffff \U0001ffff \U0010ffff",
    "private use": "\ue123 \uf8ff \U000f0000",
    "long word": "supercalifragilisticexpialidocious",
    "word of 100 letters": "a" * 100,
    "word of 101 letters": "a" * 101,
    "unknown in a word": "lamp☃lamp snow☃",
    "address": "see https://example.org/a_b?q=1&r=%20#top or mail a.b+c@example.com",
    "code": "def f(x): return {'a': [x**2, -x]}  # ok\n\treturn `y`",
    "special tokens written out": "[CLS] a [SEP] b [PAD] [UNK] <s> c </s> <pad> <unk> |</s>",
    "special tokens in words": "x[SEP]y <S> [cls] [ MASK ] <mask/>",
    "mask": "turn {mask} the lamp",
    "mask without blanks": "turn{mask}the lamp{mask}",
    "marks of pieces written out": "##s ▁the Ġthe @@ </w>",
    "of exactly the length": "a " * 30,
    "of one more": "a " * 31,
    "long": 2 * _PROSE,
    "long in Chinese": "今天下午三点在会议室见面。" * 4,
    "long with emoji": "the lamp 👍🏽 is on 🇨🇭 and off, " * 6,
}
"""`{mask}` stands for the tokenizer's own mask token."""


@dataclass(frozen=True)
class Pair:
    """Two texts, and how they are cut where it is not as the tokenizer's file says."""

    name: str
    first: str
    second: str
    strategy: str = "longest_first"
    direction: str = "right"


_SHORT, _QUESTION = "a red ball", "What did the kettle do?"

PAIRS = (
    Pair("short", "Two dogs", _SHORT),
    Pair("nothing second", _SHORT, ""),
    Pair("nothing first", "", _SHORT),
    Pair("nothing at all", "", ""),
    Pair("long second", _SHORT, _PROSE),
    Pair("long first", _PROSE, _SHORT),
    Pair("both long", _PROSE, _PROSE),
    Pair("emoji and accents", "👩‍👩‍👧‍👦 cafe\u0301", "北京 🇨🇭 naïve"),
    Pair("question", _QUESTION, "The kettle whistled.", "only_second"),
    Pair("question on a long text", _QUESTION, 2 * _PROSE, "only_second"),
    Pair("question on Chinese", "在哪里?", "今天下午三点在会议室见面。" * 4, "only_second"),
    Pair("question on nothing", _QUESTION, "", "only_second"),
    Pair("question on the end of a long text", _QUESTION, 2 * _PROSE, "only_second", "left"),
    Pair("both long, their ends", _PROSE, 2 * _PROSE, direction="left"),
)


@dataclass(frozen=True)
class OtherCut:
    """A text of `TEXTS` that is cut elsewhere than the tokenizer's file says."""

    text: str
    max_length: int
    direction: str = "right"


OTHER_CUTS = (
    OtherCut("long", 8),
    OtherCut("long", 3),
    OtherCut("long", 16, "left"),
    OtherCut("long in Chinese", 16, "left"),
    OtherCut("one letter", 3),
)
