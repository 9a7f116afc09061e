"""Encodings of text files: found by their bytes and letters, said with the alternatives, settable."""

# ruff: noqa: E501 - ruff counts wide letters twice

import random

import pytest

from helpers.base.user_errors import InputError
from helpers.cells.tidy_text import fingerprint, tidy
from helpers.serving.input_pieces import read_in_pieces
from helpers.tables import encodings
from helpers.tables.encodings import decode
from helpers.tables.read_any import read_table

WEST = ("cp1252", "iso8859-1", "iso8859-15", "mac-roman", "cp850")
CENTRAL = ("cp1250", "iso8859-2", "cp852")
# Names and words of a language, and the encodings in which its files come
LANGUAGES = {
    "German": ("München Köln Nürnberg Größe Straße Fußgänger Zürich Schäfer Käse grün Österreich "
               "Jäger Tür Bücher Flügel Höhe Düsseldorf Würzburg", WEST),
    "French": ("Besançon Orléans Genève Liège Nîmes château forêt garçon hôtel été élève déjà naïve "
               "Noël août crème Évreux théâtre", WEST),
    "Spanish": ("Málaga Cádiz León Coruña España niño corazón Mérida Jaén Ávila Córdoba año señor "
                "después también Cáceres", WEST),
    "Portuguese": ("São Brasília João Évora Açores coração ação Setúbal irmã avô você informação "
                   "Guimarães Paraná Goiânia não", WEST),
    "Swedish": ("Malmö Göteborg Västerås Örebro Linköping Umeå Gävle Borås Södertälje Växjö Luleå "
                "Östersund Skellefteå blå kött", WEST),
    "Danish": ("København Århus Ålborg Køge Næstved Helsingør Tromsø Bodø Ålesund Hillerød rød grøn "
               "smørrebrød Rønne Tønsberg", WEST),
    "Icelandic": ("Reykjavík Kópavogur Hafnarfjörður Ísafjörður Sauðárkrókur Húsavík Þór Guðrún "
                  "Björk Sigurðsson maður það hér", WEST[:2]),
    "Polish": ("Łódź Kraków Gdańsk Poznań Wrocław Białystok Częstochowa Rzeszów Toruń Dąbrowa "
               "Świdnica Żory Wałbrzych Gorzów Bełchatów źródło", CENTRAL),
    "Czech": ("Plzeň Děčín Tábor České Budějovice Ústí Králové Třebíč Příbram Břeclav Kroměříž "
              "Žďár Přerov Šumperk Třinec růže", CENTRAL),
    "Hungarian": ("Győr Pécs Székesfehérvár Nyíregyháza Kecskemét Érd Veszprém Békéscsaba "
                  "Hódmezővásárhely Dunaújváros Gödöllő Vác Hűvös", CENTRAL),
    "Romanian": ("Iaşi Timişoara Constanţa Braşov Galaţi Piteşti Bacău Târgu Mureş Botoşani Reşiţa "
                 "Bistriţa Călăraşi Vâlcea Brăila Ploieşti", CENTRAL),
    "Croatian": ("Čakovec Šibenik Požega Poreč Varaždin Đakovo Križevci Županja Kovačić Marić "
                 "Đorđević Špiljak Žepče Škofja Šentjur", CENTRAL),
    "Turkish": ("İstanbul İzmir Eskişehir Diyarbakır Beşiktaş Kadıköy Üsküdar Muğla Aydın Balıkesir "
                "Şanlıurfa Çanakkale Iğdır Çorum Gümüşhane Niğde", ("cp1254", "iso8859-9", "cp857")),
    "Lithuanian": ("Klaipėda Šiauliai Panevėžys Marijampolė Telšiai Kėdainiai Tauragė Ukmergė "
                   "Plungė Šilutė Radviliškis Gargždai žmogų įmonė", ("cp1257", "iso8859-13")),
    "Latvian": ("Rīga Liepāja Jūrmala Rēzekne Jēkabpils Cēsis Kuldīga Bērziņš Kalniņš Ozoliņš Jānis "
                "Ķekava Ādaži Mārupe Līvāni", ("cp1257", "iso8859-13")),
    "Russian": ("Москва Казань Самара Омск Уфа Пермь Воронеж Саратов Тюмень Ижевск Иркутск "
                "Ярославль Томск", ("cp1251", "koi8-r", "iso8859-5", "cp866", "mac-cyrillic")),
    "Ukrainian": ("Київ Харків Одеса Дніпро Львів Запоріжжя Миколаїв Вінниця Полтава Чернігів "
                  "Черкаси Житомир Рівне", ("cp1251", "koi8-u")),
    "Greek": ("Αθήνα Θεσσαλονίκη Πάτρα Λάρισα Ηράκλειο Βόλος Ιωάννινα Χανιά Τρίκαλα Σέρρες Ξάνθη "
              "Καλαμάτα", ("cp1253", "iso8859-7")),
    "Hebrew": ("ירושלים תל אביב חיפה אשדוד נתניה חולון רמת גן אשקלון רחובות הרצליה חדרה",
               ("cp1255", "iso8859-8")),
    "Arabic": ("القاهرة الرياض بغداد دمشق بيروت عمان الدوحة الكويت تونس الجزائر الرباط مسقط",
               ("cp1256", "iso8859-6")),
    "Thai": ("กรุงเทพ เชียงใหม่ ภูเก็ต ขอนแก่น นครราชสีมา อุดรธานี ชลบุรี สงขลา ระยอง", ("cp874",)),
    "Japanese": ("東京 大阪 名古屋 札幌 福岡 京都 神戸 さいたま 広島 千葉 カメラ テレビ", ("cp932", "euc_jp")),
    "Chinese": ("北京 上海 广州 深圳 成都 杭州 武汉 西安 重庆 南京 天津 苏州 长沙", ("gb18030",)),
    "Taiwanese": ("臺北 高雄 臺中 臺南 新竹 桃園 基隆 嘉義 屏東 花蓮 宜蘭 彰化", ("cp950",)),
    "Korean": ("서울 부산 인천 대구 대전 광주 수원 울산 창원 고양 용인 성남", ("cp949",)),
}  # fmt: skip
PAIRS = [(language, page) for language, (_, pages) in LANGUAGES.items() for page in pages]


def table(words, rows: int, seed: int = 0) -> str:
    draw = random.Random(seed)
    lines = (f"{n},{draw.choice(words)},{draw.random():.3f}" for n in range(rows))
    return "\n".join(["id,place,price", *lines, ""])


@pytest.mark.parametrize(("language", "page"), PAIRS)
def test_the_encoding_of_twenty_words_is_found(language, page):
    for seed in range(4):
        text = table(LANGUAGES[language][0].split(), 20, seed)
        found = decode(text.encode(page))
        assert found.text == text, found.note
        assert found.note


def test_of_five_words_nearly_all_are_read_right():
    texts = [(table(LANGUAGES[language][0].split(), 5, seed), page)
             for language, page in PAIRS for seed in range(6)]  # fmt: skip
    right = sum(decode(text.encode(page)).text == text for text, page in texts)
    assert right >= 0.97 * len(texts)


@pytest.mark.parametrize(
    "cells",
    [["£12.50", "£3"], ["20°C"], ["“quoted”", "it’s"], ["2–3", "€5"], ["5 µg", "±2"], ["© 2020"],
     ["café"], ["naïve", "Zoë"], ["José", "O’Brien"], ["Genève"], ["città", "perché"]],
)  # fmt: skip
def test_few_signs_and_accents_are_those_of_western_europe(cells):
    text = table(cells, 9)
    assert decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                  "utf-32", "utf-32-le", "utf-32-be", "iso2022_jp"])  # fmt: skip
@pytest.mark.parametrize("cells", [["Osaka", "Tokyo"], ["東京", "大阪"]])
def test_what_marks_itself_is_certain(name, cells, tmp_path):
    text = table(cells, 12)
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode(name))
    assert read_table(str(file))["place"].isin(cells).all()


def test_the_note_names_the_encoding_the_alternatives_and_the_switch(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(table(LANGUAGES["Polish"][0].split(), 30).encode("cp1250"))
    frame = read_table(str(file))
    (said,) = frame.attrs["oddities"]
    assert "read as Windows-1250 (Central European)" in said
    assert "Windows-1252" in said
    assert "--set encoding=" in said
    assert frame.attrs["encoding"] == "cp1250"


@pytest.mark.parametrize(("name", "page"), [("cp1250", "cp1250"), ("Windows-1250", "cp1250"),
                                            ("latin2", "iso8859-2"), ("UTF8", "utf-8"),
                                            ("ISO-8859-15", "iso8859-15"), ("sjis", "shift_jis"),
                                            ("macroman", "mac-roman")])  # fmt: skip
def test_encodings_go_by_the_names_that_people_use(name, page):
    assert encodings.known_name(name) == page


def test_a_given_encoding_is_used_or_refused(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes("x,y\n1,£ódŸ\n2,b\n".encode("cp1252"))
    assert read_table(str(file), encoding="cp1252")["y"][0] == "£ódŸ"
    assert read_table(str(file), encoding="windows-1250")["y"][0] == "Łódź"
    with pytest.raises(InputError, match="is not UTF-8: line 2 has a byte"):
        read_table(str(file), encoding="utf-8")
    with pytest.raises(InputError, match="there is no encoding 'klingon'"):
        read_table(str(file), encoding="klingon")


def test_utf_8_and_another_encoding_in_one_file():
    known, other = "1,Köln\n" * 6, "2,Größe;Zürich\n" * 5
    both = "3,Köln;".encode() + "Mädchen\n".encode("cp1252")
    found = decode(b"id,x\n" + known.encode() + other.encode("cp1252") + both)
    assert found.text == f"id,x\n{known}{other}3,Köln;Mädchen\n"
    assert "6 are in another encoding (8, 9, 10, 11, 12, …)" in found.note


@pytest.mark.parametrize("page", ["cp932", "gb18030", "cp950"])
def test_characters_that_happen_to_be_valid_utf_8_are_not_taken_for_it(page):
    cells = {"cp932": ["男", "女"], "gb18030": ["男", "女", "联通"], "cp950": ["是", "否"]}[page]
    text = table(cells, 60)
    assert decode(text.encode(page)).text == text


def test_the_encoding_of_training_is_the_likely_one_of_later_rows(tmp_path):
    """Two words can't show what Turkish letters they have; the training file could."""
    file = tmp_path / "later.csv"
    file.write_bytes("n,yes\n1,evet\n2,hayır\n".encode("cp1254"))
    ((_, told),) = read_in_pieces(str(file), "cp1254")
    assert told["yes"].to_pylist() == ["evet", "hayır"]
    file.write_text("n,yes\n1,evet\n2,hayır\n", encoding="utf-8")
    ((_, plain),) = read_in_pieces(str(file), "cp1254")
    assert plain.equals(told)
    file.write_bytes(table(LANGUAGES["Russian"][0].split(), 30).encode("cp1251"))
    ((_, other),) = read_in_pieces(str(file), "cp1254")
    assert set(other["place"].to_pylist()) <= set(LANGUAGES["Russian"][0].split())


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl"])
def test_each_form_of_text_is_decoded(tmp_path, ending):
    cells = LANGUAGES["Turkish"][0].split()
    content = {"csv": "x,y\n" + "".join(f"{c},1\n" for c in cells),
               "tsv": "x\ty\n" + "".join(f"{c}\t1\n" for c in cells),
               "json": "[" + ",".join(f'{{"x": "{c}", "y": 1}}' for c in cells) + "]",
               "jsonl": "".join(f'{{"x": "{c}", "y": 1}}\n' for c in cells)}[ending]  # fmt: skip
    file = tmp_path / f"a.{ending}"
    file.write_bytes(content.encode("cp1254"))
    assert read_table(str(file))["x"].tolist() == cells


# --- Letters that can't be seen ---------------------------------------------------------------

JOINED = ("می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "ന്\u200d", "क्\u200dष", "🏳\ufe0f\u200d🌈",
          "👩🏽\u200d💻")  # fmt: skip
STRAY = ("Os\u200clo", "Os\u200dlo", "\u200cOslo", "Oslo\u200d", "Os\u200blo", "O\u200c\u200dslo",
         "\ufeffOslo")  # fmt: skip


@pytest.mark.parametrize("text", JOINED)
def test_joiners_that_words_and_emoji_need_are_kept(text):
    assert tidy(text) == text


@pytest.mark.parametrize("text", STRAY)
def test_stray_invisible_letters_are_removed(text):
    assert tidy(text) == "Oslo"


def test_a_word_is_one_with_and_without_its_joiner():
    assert fingerprint("می\u200cخواهم") == fingerprint("میخواهم")
