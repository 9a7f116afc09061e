"""The encodings that a text may be in: their names, and the letters of their languages.

Letters stand in the order of how often they come, roughly; only those outside ASCII are listed.
"""

from __future__ import annotations

from dataclasses import dataclass

WEST = {
    "German": "üäößé",
    "French": "éèàêçôîùâûëïœæ",
    "Spanish": "óíáéñúü",
    "Portuguese": "ãçéáíóêúõâôàü",
    "Italian": "èàòùìé",
    "Catalan": "àóèéíçòúïü",
    "Dutch": "ëéïèöüó",
    "Swedish": "äöåé",
    "Danish": "øåæéöäüó",
    "Icelandic": "ðáíþóöæúéý",
}
CENTRAL = {
    "Polish": "łóęśążćńź",
    "Czech": "íáéěýčřžšůúóňťď",
    "Slovak": "áíéčšýžúľťôňďäĺŕó",
    "Hungarian": "éáöóőüíúű",
    "Romanian": "ăîâşţ",
    "Croatian": "čšžćđ",
    "German": "üäößé",
    "Albanian": "ëç",
}
TURKISH = {"Turkish": "ıüşçğöâîû"}
BALTIC = {
    "Lithuanian": "ėšųąįžūčęý",
    "Latvian": "āīēšļūņžķčģ",
    "Estonian": "äõüöšž",
    "Polish": "łóęśążćńź",
}
CYRILLIC = {
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "Ukrainian": "оанивітреслкдмупязьбгйчхжцюїшєщфґ",
    "Bulgarian": "аоиентрсвлпдмкзябъгучцщжшйюхфь",
    "Serbian": "аиоенрстјукдвмлпзбгшцчжњхљћђџф",
    "Belarusian": "аніеорстклвыяудмпзьгбўчйцэжшхёюф",
    "Macedonian": "аоеитнрвскдлпмузјбгчшцќжхфњљѓџѕ",
}
GREEK = {"Greek": "αοιετσνηυρπκμλςώάίόέγδθύφήβχωψξζϊϋΐΰ"}
HEBREW = {"Hebrew": "יוהלאתרבמשנכםדעחקפגטסזןצךץף"}
ARABIC = {
    "Arabic": "اليمنوتربةعدسفحقكهأجشطصخضذئزثءغىإظؤآ",
    "Persian": "اینردهومتسبلشکزفگعخقجآپحصطچضغظذژثئ",
}
THAI = {"Thai": "านรองกมเ่ีัสวยทลต้ดปคพิหแจะบชุขใ์ไูำถซผณโธศึืฐฝษภญฟ็ฎฉฮฏฬๆฆ"}
VIETNAMESE = {"Vietnamese": "\u0301\u0300\u0323\u0309\u0303đâêôơưă"}
ROMANIAN = {"Romanian": "ăîâșț"}
MALTESE = {"Maltese": "ħżġċàùò"}
WELSH = {"Welsh": "ŵâêôŷîû"}
ASIAN: dict[str, str] = {}  # told by what their characters are: see `encodings`


@dataclass(frozen=True)
class CodePage:
    """An encoding: Python's name, the name people know, its languages, how seldom it is met.

    `seldom` is the evidence (in natural logarithms) that it takes to choose it over the usual one.
    """

    name: str
    title: str
    languages: dict[str, str]
    seldom: float


CODE_PAGES = tuple(
    CodePage(*given)
    for given in (
        ("cp1252", "Windows-1252 (Western European)", WEST, 0),
        ("cp1250", "Windows-1250 (Central European)", CENTRAL, 2),
        ("cp1251", "Windows-1251 (Cyrillic)", CYRILLIC, 2),
        ("cp1254", "Windows-1254 (Turkish)", TURKISH, 2),
        ("cp1257", "Windows-1257 (Baltic)", BALTIC, 3),
        ("cp1253", "Windows-1253 (Greek)", GREEK, 2),
        ("cp1255", "Windows-1255 (Hebrew)", HEBREW, 2),
        ("cp1256", "Windows-1256 (Arabic)", ARABIC, 2),
        ("cp874", "Windows-874 (Thai)", THAI, 2),
        ("cp1258", "Windows-1258 (Vietnamese)", VIETNAMESE, 4),
        ("cp932", "Shift-JIS (Japanese)", ASIAN, 2),
        ("gb18030", "GB18030 (simplified Chinese)", ASIAN, 2),
        ("cp950", "Big5 (traditional Chinese)", ASIAN, 2),
        ("big5hkscs", "Big5-HKSCS (Hong Kong)", ASIAN, 4),
        ("cp949", "EUC-KR (Korean)", ASIAN, 2),
        ("euc_jp", "EUC-JP (Japanese)", ASIAN, 3),
        ("iso8859-1", "ISO-8859-1 (Western European)", WEST, 2),
        ("iso8859-15", "ISO-8859-15 (Western European)", WEST, 3),
        ("iso8859-2", "ISO-8859-2 (Central European)", CENTRAL, 3),
        ("iso8859-5", "ISO-8859-5 (Cyrillic)", CYRILLIC, 4),
        ("iso8859-7", "ISO-8859-7 (Greek)", GREEK, 3),
        ("iso8859-8", "ISO-8859-8 (Hebrew)", HEBREW, 3),
        ("iso8859-6", "ISO-8859-6 (Arabic)", ARABIC, 3),
        ("iso8859-9", "ISO-8859-9 (Turkish)", TURKISH, 3),
        ("iso8859-13", "ISO-8859-13 (Baltic)", BALTIC, 4),
        ("iso8859-4", "ISO-8859-4 (Baltic)", BALTIC, 5),
        ("iso8859-16", "ISO-8859-16 (Romanian)", ROMANIAN, 4),
        ("iso8859-3", "ISO-8859-3 (Maltese)", MALTESE, 6),
        ("iso8859-14", "ISO-8859-14 (Welsh)", WELSH, 6),
        ("koi8-r", "KOI8-R (Russian)", CYRILLIC, 4),
        ("koi8-u", "KOI8-U (Ukrainian)", CYRILLIC, 4),
        ("mac-roman", "Mac Roman", WEST, 4),
        ("mac-latin2", "Mac Central European", CENTRAL, 5),
        ("mac-turkish", "Mac Turkish", TURKISH, 5),
        ("mac-cyrillic", "Mac Cyrillic", CYRILLIC, 5),
        ("mac-greek", "Mac Greek", GREEK, 5),
        ("cp850", "code page 850 (DOS, Western European)", WEST, 4),
        ("cp437", "code page 437 (DOS, US)", WEST, 5),
        ("cp852", "code page 852 (DOS, Central European)", CENTRAL, 5),
        ("cp857", "code page 857 (DOS, Turkish)", TURKISH, 5),
        ("cp775", "code page 775 (DOS, Baltic)", BALTIC, 6),
        ("cp866", "code page 866 (DOS, Cyrillic)", CYRILLIC, 4),
        ("cp737", "code page 737 (DOS, Greek)", GREEK, 5),
    )
)
UNICODE = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 (little endian)",
    "utf-16-be": "UTF-16 (big endian)",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32 (little endian)",
    "utf-32-be": "UTF-32 (big endian)",
    "iso2022_jp": "ISO-2022-JP (Japanese)",
    "iso2022_kr": "ISO-2022-KR (Korean)",
}


def title(name: str) -> str:
    """The name of an encoding that people know.

    >>> title("cp1250"), title("utf-8")
    ('Windows-1250 (Central European)', 'UTF-8')
    """
    known = UNICODE | {page.name: page.title for page in CODE_PAGES}
    return known.get(name, name)
