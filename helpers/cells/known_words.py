"""Words that mean missing, yes or no, and the endings of image files."""

from __future__ import annotations

_PLAIN = frozenset(
    {
        "", "-", "--", "---", "?", "??", ".", "n/a", "na", "n.a.", "n.a", "#n/a", "#na", "nan",
        "null", "nil", "none", "(null)", "<na>", "missing", "(missing)", "not available",
        "unknown", "#value!", "#div/0!", "\\n", "nat", "tbd", "—", "–",
    }
)  # fmt: skip
# Of other languages, errors of spreadsheets, empty dates of databases: no numbers and no dates,
# while among names they may be one
IN_OTHER_LANGUAGES = frozenset(
    {
        "k.a.", "k. a.", "keine angabe", "unbekannt", "n.d.", "n. d.", "nd", "s/d", "sin dato",
        "sin datos", "desconocido", "inconnu", "non renseigné", "nc", "n.c.", "n.v.t.", "onbekend",
        "brak", "brak danych", "b.d.", "okänd", "ukendt", "ukjent", "sconosciuto", "desconhecido",
        "neznámé", "bilinmiyor", "н/д", "нет данных", "неизвестно", "未知", "不详", "不明", "暂无",
        "无", "なし", "없음", "غير معروف", "#ref!", "#num!", "#name?", "#null!", "*", "**", "…",
        "...", "0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000",
    }
)  # fmt: skip
MISSING_WORDS = _PLAIN | IN_OTHER_LANGUAGES
SURELY_MISSING = _PLAIN - {"none", "unknown", "missing", ".", "tbd"}
BOOLEANS = {
    "yes": True, "no": False, "y": True, "n": False, "true": True, "false": False,
    "t": True, "f": False, "on": True, "off": False,
    # Of other languages, and as their spreadsheets write them; marks; bytes of a database's bit
    "ja": True, "nein": False, "wahr": True, "falsch": False, "oui": True, "non": False,
    "vrai": True, "faux": False, "sí": True, "si": True, "sì": True, "verdadero": True,
    "falso": False, "vero": True, "sim": True, "não": False, "nao": False, "verdadeiro": True,
    "nee": False, "waar": True, "onwaar": False, "nej": False, "sant": True, "falskt": False,
    "tak": True, "nie": False, "prawda": True, "fałsz": False, "ano": True, "ne": False,
    "igen": True, "nem": False, "da": True, "nu": False, "evet": True, "hayır": False,
    "hayir": False,
    "да": True, "нет": False, "истина": True, "ложь": False, "так": True, "ні": False,
    "ναι": True, "όχι": False, "نعم": True, "لا": False, "כן": True, "לא": False,
    "是": True, "否": False, "はい": True, "いいえ": False, "예": True, "아니오": False,
    "✓": True, "✔": True, "☑": True, "✗": False, "✘": False, "☐": False,
    "b'\\x01'": True, "b'\\x00'": False,
}  # fmt: skip
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
