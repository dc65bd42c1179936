"""Texts that ship with edgebert, for golden answers and for drift where no texts are given.

All written for this purpose. They cover what goes wrong in practice: ragged lengths, accents, CJK,
emoji, right-to-left script, control characters, an empty text and one longer than any model reads.
"""

from __future__ import annotations

SENTENCES = (
    "The kettle whistled while rain ran down the kitchen window.",
    "Could you move our meeting to Thursday afternoon?",
    "Refunds are paid within five working days of the return.",
    "She has never liked the film, and the sequel did not change her mind.",
    "Not bad at all for a first attempt.",
    "A delayed train is better than a cancelled one.",
    "The patch fixes a memory leak in the image decoder.",
    "Interest rates rose again, so fewer families could buy a house.",
    "He plays the cello in a small orchestra in Ljubljana.",
    "How long do I boil an egg so that the yolk stays soft?",
    "The committee rejected the proposal by seven votes to four.",
    "My card was charged twice for the same order.",
    "Two dogs chased a red ball across the beach.",
    "The vaccine reduced hospital admissions among older adults.",
    "Turn the volume down, the baby is asleep.",
    "Their new album is louder, faster and far less interesting.",
    "Photosynthesis turns light, water and carbon dioxide into sugar.",
    "Please send the invoice to accounts@example.com before 31/12.",
    "Nobody expected the underdog to win the final.",
    "The bridge closes at night because of repairs.",
    "Is there a vegetarian option on the lunch menu?",
    "Anna told Ben that the parcel had arrived from Oslo.",
    "The battery lasts for about nine hours of video.",
    "Wolves have returned to forests where they were hunted out a century ago.",
    "Le café de la gare ferme à vingt heures.",
    "Ça ne marche pas, même après une mise à jour.",
    "Die Straße ist wegen Bauarbeiten für zwei Wochen gesperrt.",
    "¿Dónde está la estación de autobuses más cercana?",
    "O relatório será publicado amanhã de manhã.",
    "Zażółć gęślą jaźń, napisał uczeń w zeszycie.",
    "Поезд в Новосибирск отправляется в полночь.",
    "今天下午三点在会议室见面。",
    "这家餐馆的面条很好吃,但是服务太慢了。",
    "请把客厅的灯关掉,然后打开空调。",
    "新しい駅は来年の春に開業する予定です。",
    "내일은 비가 올 것 같으니 우산을 챙기세요.",
    "يفتح المتحف أبوابه في التاسعة صباحا.",
    "दिल्ली में आज मौसम साफ़ रहेगा।",
    "great service 👍🏽 will come back 🎉",
    "v2.3.1-rc4 fails with errno=28 on /dev/sda1",
)
"""Forty sentences in a dozen languages and scripts."""

_PARAGRAPH = (
    "The harbour was quiet in the early morning. Fishing boats lay along the quay, their nets "
    "still wet from the night, and a single crane turned slowly above the containers. On the "
    "hill behind the town the first lights went on in the windows of the hospital."
)

EDGE_CASES = (
    "",
    " ",
    "a",
    "?!",
    "Café naïve Ångström Straße",
    "cafe\u0301 with a combining accent",
    "北京大学 and Tokyo 東京 in one line",
    "👩‍👩‍👧‍👦 family, flag 🇨🇭, skin tone 👋🏿",
    "zero\u200bwidth and non\u00a0breaking",
    "tab\tnew\nline and NUL\x00byte",
    "supercalifragilisticexpialidocious " * 3,
    _PARAGRAPH,
    " ".join([_PARAGRAPH] * 12),
)
"""Texts at the corners: the last one is longer than a model of 512 positions reads."""

GOLDEN_TEXTS = (*SENTENCES[::2], *EDGE_CASES)
"""What every bundle is proved with when it is made, and again on the device."""

GOLDEN_PAIRS = (
    (SENTENCES[9], SENTENCES[0]),
    (SENTENCES[20], _PARAGRAPH),
    (SENTENCES[33], SENTENCES[32]),
    (SENTENCES[11], ""),
    (SENTENCES[21], EDGE_CASES[-1]),
    (EDGE_CASES[-1], SENTENCES[27]),
    (EDGE_CASES[-1], EDGE_CASES[-1]),
)
"""Pairs, for models that read two texts at once: short and long on either side."""
