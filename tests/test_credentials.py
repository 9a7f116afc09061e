"""Secrets: found however they are typed, passed on by reference, and in no file of a run.

Planted are ten: a password and a key in the address of the data, a key in the SQL of a query, a
token in an address given by --set, one in place of the user, a password named from the environment
and one from `.env`, an API key and an S3 key that only the environment holds, and the password of a
database that cells of a notebook print, show, warn of and raise with.
"""

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pandas as pd
import psutil
import pytest

from helpers.__main__ import main
from helpers.base import addresses, credentials
from helpers.base.user_errors import InputError
from helpers.line.run_folder import Run
from helpers.run import notebook_execution, run_request
from helpers.tables import read_any
from tests.small import raw_table

PLANTED = {
    "pasted password": "Pass/w0rd+of@Data",
    "pasted key": "Key0fTheData",
    "key in SQL": "Key1nTheQuery'",
    "pasted token": "Tok3nOfTheTest",
    "token as user": "Tok3nAsTheUser",
    "named password": "Nam3d&Password",
    "password in .env": "Envf1lePassword#",
    "API key of the service": "Serv1ceApiKey%",
    "key of the storage": "St0rage/AccessKey",
    "password that cells show": 'Sh0wn "Password" <of> cells',
}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """Secrets of one test are not those of the next."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


# --- Found and passed on --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "blank", "secrets"),
    [
        ("postgresql://me:s3cret@h/shop", "postgresql://me:***@h/shop", ["s3cret"]),
        ("--data=mysql://me:p@ss/w?d#1@h/a", "--data=mysql://me:***@h/a", ["p@ss/w?d#1"]),
        ("mysql+pymysql://me:a b'c%40@h:33/a", "mysql+pymysql://me:***@h:33/a", ["a b'c@"]),
        ("https://u:p%2Fw@h:8443/a@b.csv", "https://u:***@h:8443/a@b.csv", ["p/w"]),
        ("https://t0ken@h/x.csv", "https://***@h/x.csv", ["t0ken"]),
        ("https://t0ken:@h/x.csv", "https://***:@h/x.csv", ["t0ken"]),
        ("https://h/x?page=2&api_key=a%2Bb", "https://h/x?page=2&api_key=***", ["a+b"]),
        ("test_data=https://h/x?token=abc", "test_data=https://h/x?token=***", ["abc"]),
        ("simplecache::s3://id:key@b/x.csv", "simplecache::s3://id:***@b/x.csv", ["key"]),
        ("redis://:pw@h", "redis://:***@h", ["pw"]),
        ("SELECT 1 WHERE api_key = 'a:b'", "SELECT 1 WHERE api_key = '***'", ["a:b"]),
        ("FROM csv('https://u:pw@h/x')", "FROM csv('https://u:***@h/x')", ["pw"]),
        ("note=ghp_" + "a1" * 18, "note=***", ["ghp_" + "a1" * 18]),
        ("https://h/x?%74oken=abc&pass=d", "https://h/x?%74oken=***&pass=***", ["abc", "d"]),
        ("zip://a.csv::https://u:pw@h/b.zip", "zip://a.csv::https://u:***@h/b.zip", ["pw"]),
        ("postgresql:/u:p/w@h/a", "postgresql:/u:***@h/a", ["p/w"]),
        ("host=h password=ab,c user=u", "host=h password=***,c user=u", ["ab"]),
        ("a=Authorization: Bearer ab.c", "a=Authorization: Bearer ***", ["ab.c"]),
        ("USER x IDENTIFIED BY 'a b'", "USER x IDENTIFIED BY '***'", ["a b"]),
        (
            "https://hooks.slack.com/services/T0/B0/x1",
            "https://hooks.slack.com/services/***",
            ["T0/B0/x1"],
        ),
    ],
)
def test_what_is_pasted_becomes_a_reference(typed, blank, secrets):
    hidden = credentials.hide(typed)
    names = credentials.REFERENCE.findall(hidden)
    assert [os.environ[name] for name in names] == secrets
    assert credentials.blank(typed) == credentials.blank(hidden) == blank
    assert not any(s in hidden for s in secrets if len(s) > 3)
    assert credentials.hide(hidden) == hidden == credentials.hide(typed)
    assert credentials.pasted(typed) and not credentials.pasted(hidden)


@pytest.mark.parametrize(
    "typed",
    ["a.csv", "flights", "sqlite:///a.db", "https://h:8080/a@b", "https://h/x?keyboard=q&key=",
     "s3://bucket/a:b@c.csv", "postgresql://me@h/shop", "derive=flag = token == 'x'", "C:\\a.csv",
     "derive=password=x / 2", "C:/a:b@c.csv", "data=c:/a:b@c.csv",
     "postgresql://${WHO}:${PASS}@h/shop", "SELECT token FROM t WHERE city = 'Oslo'", "sqlite://"],
)  # fmt: skip
def test_what_is_no_secret_stays(typed):
    assert credentials.hide(typed) == typed and not credentials.pasted(typed)


def test_the_reference_is_that_of_the_address_whatever_the_password_is():
    first, second = (credentials.hide(f"mysql://me:{word}@h/a") for word in ("one1", "two2"))
    assert first == second and credentials.hide("mysql://me:one1@h/b") != first
    assert addresses.from_environment(first) == "mysql://me:two2@h/a"


def test_the_same_address_with_another_password_is_the_same_source(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = Run("mine")
    run.write_json("about.json", {"address": "mysql://me:${DB_PASSWORD}@h/a"})
    run_request.refuse_other_source(run, credentials.hide("mysql://me:one1@h/a"))
    with pytest.raises(InputError, match=r"mysql://me:\*\*\*@h/a, not from mysql://you:\*\*\*@h/a"):
        run_request.refuse_other_source(run, credentials.hide("mysql://you:one1@h/a"))


def test_a_reference_without_its_secret_says_what_to_set():
    hidden = credentials.hide("mysql://me:one1@h/a")
    name = credentials.REFERENCE.findall(hidden)[0]
    del os.environ[name]
    with pytest.raises(InputError, match=f"set {name} to it .export it, or a line in .env."):
        addresses.from_environment(hidden)


def test_a_query_gets_its_secret_as_text(tmp_path):
    base = sqlite3.connect(tmp_path / "shop.db")
    base.execute("CREATE TABLE t (x, api_key)")
    base.execute("INSERT INTO t VALUES (1, ?), (2, 'other')", ["it's:a key"])
    base.commit()
    base.close()
    query = "SELECT x FROM t WHERE api_key = '${QUERY_KEY}'"
    os.environ["QUERY_KEY"] = "it's:a key"
    assert read_any.read_table(f"sqlite:///{tmp_path}/shop.db", query)["x"].tolist() == [1]


def test_a_file_gives_what_the_environment_lacks_but_not_what_decides_which_code_runs(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FROM_SHELL", "shell")
    said = "FROM_FILE='a b#c'\nFROM_SHELL=file\nPYTHONPATH=/evil\nLD_PRELOAD=/evil\n"
    (tmp_path / ".env").write_text(said)
    assert addresses.from_environment("${FROM_FILE} ${FROM_SHELL}") == "a b#c shell"
    assert "/evil" not in (os.environ.get("PYTHONPATH"), os.environ.get("LD_PRELOAD"))


# --- Masked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", PLANTED.values())
def test_a_known_secret_is_masked_in_each_form(secret):
    os.environ["OWN_DATABASE"] = secret
    credentials.hide("mysql://me:${OWN_DATABASE}@h/a")  # from now on it is known for a secret
    forms = [secret, quote(secret), quote_plus(secret), repr(secret), json.dumps(secret)]
    for form in forms:
        assert credentials.mask(f"<{form}>").count("***") == 1
        assert secret not in credentials.mask_known({"text": ["a", form]})["text"][1]
        assert secret not in str(InputError(f"no route: {form}"))


@pytest.mark.parametrize("secret", PLANTED.values())
@pytest.mark.parametrize("before", ["", "u:", "me:", "reader:"])
def test_a_known_secret_is_masked_in_base64_and_percent_codes_of_any_case(secret, before):
    os.environ["OWN_DATABASE"] = secret
    credentials.hide("mysql://me:${OWN_DATABASE}@h/a")
    content = f"{before}{secret}".encode()
    packed = [base64.b64encode(content), base64.urlsafe_b64encode(content)]
    small = re.sub("%..", lambda code: code[0].lower(), quote(secret, safe=""))
    written = json.dumps(json.dumps(secret))
    for form in [*(one.decode() for one in packed), small, quote(quote_plus(secret)), written]:
        assert "***" in credentials.mask_known(f"<{form}>")


@pytest.mark.parametrize("word", ["data", "admin", "2013", "abc", "Text"])
def test_a_password_that_is_a_common_word_does_not_spoil_what_is_said(word):
    credentials.hide(f"mysql://me:{word}@h/a")
    said = f"{word} and {word}base: see mysql://me:{word}@h/a"
    assert credentials.mask_known(said) == f"{word} and {word}base: see mysql://me:***@h/a"


@pytest.mark.parametrize("word", ["metadata", "text/plain", "execution_count"])
def test_a_password_that_is_a_word_of_the_protocol_does_not_break_a_message(word):
    from helpers.kernels.warm_engine import _masked

    credentials.hide(f"mysql://me:{quote(word, safe='')}@h/a")
    content = {"data": {"text/plain": f"it is {word}"}, "metadata": {}, "execution_count": 1}
    masked = _masked(content)
    assert masked == content | {"data": {"text/plain": "it is ***"}}


def test_a_long_text_is_searched_in_no_long_time():
    began = time.process_time()
    for text in ("a-" * 25_000, "a::" * 16_000, "a_token" * 7_000):
        assert credentials.hide(text) == text
    key = "sk-" + "a" * 50_000
    assert re.fullmatch(r"\$\{PIPELINE_SECRET_\w+\}", credentials.hide(key))
    assert time.process_time() - began < 1


def test_secrets_of_the_environment_are_known_by_name_and_by_address(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-key-of-mine")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:store-word@h")
    monkeypatch.setenv("PWD", "/home/somebody")
    said = credentials.mask_known("aws-key-of-mine store-word /home/somebody")
    assert said == "*** *** /home/somebody"


def test_streams_write_no_secret(capsys, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "token-of-the-shop")
    with credentials.masked_streams():
        print("it is token-of-the-shop")
        print("it is token-of-the-shop", file=sys.stderr)
        sys.stdout.writelines(["token-of-", "the-shop"])
        assert not sys.stdout.isatty()
    said = capsys.readouterr()
    assert said.out == "it is ***\n***" and said.err == "it is ***\n"


def test_a_command_line_with_a_secret_is_begun_anew(tmp_path):
    code = (
        "from helpers import __main__ as m\n"
        "m._run = lambda: print(open('/proc/self/cmdline').read().replace(chr(0), ' '))\n"
        "m.main()"
    )
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system has no /proc")
    done = subprocess.run([sys.executable, "-c", code, "push", "x", "mysql://me:cmdline-word@h/a"],
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.stdout.count("cmdline-word") == 0 and "${PIPELINE_SECRET_" in done.stdout


def test_a_traceback_of_a_defect_holds_no_secret(monkeypatch, capsys):
    def broken():
        raise RuntimeError("it is token-of-the-shop")

    monkeypatch.setenv("SHOP_TOKEN", "token-of-the-shop")
    monkeypatch.setattr("helpers.__main__._run", broken)
    monkeypatch.setattr(sys, "argv", ["pipeline"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1 and "RuntimeError: it is ***\n" in said and "-the-shop" not in said


# --- Nothing is left of them ----------------------------------------------------------------------


def forms(secret: str) -> set[bytes]:
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret),
             json.dumps(secret)[1:-1]}  # fmt: skip
    packed = {base64.b64encode(f"reader:{secret}".encode()).decode()}
    return {text.encode() for text in texts | packed}


def holding(folder: Path) -> list[tuple[str, str]]:
    """The files below a folder that hold a secret, and which, those in packed files included."""
    wanted = {(name, form) for name, secret in PLANTED.items() for form in forms(secret)}
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        contents = {path.name: path.read_bytes()}
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                contents |= {f"{path.name}/{n}": packed.read(n) for n in packed.namelist()}
        if path.suffix == ".parquet":
            contents[f"{path.name} as text"] = pd.read_parquet(path).to_csv().encode()
        found += [(n, what) for n, c in contents.items() for what, form in wanted if form in c]
    return found


def test_the_search_finds_what_is_there(tmp_path):
    secrets = list(PLANTED.values())
    pd.DataFrame({"a": [secrets[0]]}).to_parquet(tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("c.html", quote_plus(secrets[1]))
    (tmp_path / "d.json").write_text(json.dumps(secrets[9]))
    assert {what for _, what in holding(tmp_path)} == {list(PLANTED)[i] for i in (0, 1, 9)}


class _Guarded(BaseHTTPRequestHandler):
    """Gives the table to who has the right password, key or token, else 401."""

    table = raw_table().drop(columns=["price"]).to_csv(index=False).encode()

    def do_GET(self):  # noqa: N802
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        given["user"] = base64.b64decode(basic).decode()
        right = given == self.server.doors[parts.path]
        self.send_response(200 if right else 401)
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        self.wfile.write(self.table if right else b"no")

    def log_message(self, *_):
        pass


@pytest.fixture
def guarded():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    server.doors = {
        "/rows.csv": {"user": f"reader:{PLANTED['pasted password']}",
                      "api_key": PLANTED["pasted key"]},
        "/named.csv": {"user": f"reader:{PLANTED['named password']}",
                       "token": PLANTED["password in .env"]},
        "/new.csv": {"user": f"{PLANTED['token as user']}:", "token": PLANTED["pasted token"]},
    }  # fmt: skip
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Watched:
    """Runs commands of the line; keeps what they said and the command lines of all processes."""

    def __init__(self, folder: Path):
        self.folder, self.lines, self.said = folder, set(), ""
        names = ("API key of the service", "key of the storage", "named password")
        variables = ("PIPELINE_API_KEY", "AWS_SECRET_ACCESS_KEY", "SHOP_PASSWORD")
        self.environment = os.environ | {
            "PIPELINE_REPORTS": str(folder / "reports"), "PIPELINE_TRACK": "on",
            **{v: PLANTED[n] for v, n in zip(variables, names, strict=True)},
        }  # fmt: skip

    def __call__(self, *arguments, code: int = 0) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers", *arguments], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment,
        )  # fmt: skip
        watcher = threading.Thread(target=self._watch, args=(process,))
        watcher.start()
        said = process.communicate(timeout=300)[0]
        watcher.join()
        self.said += said
        assert process.returncode == code, credentials.mask(said)
        return said

    def _watch(self, process) -> None:
        mine = psutil.Process(process.pid)
        while process.poll() is None:
            for one in (mine, *_children(mine)):
                try:
                    line = " ".join(one.cmdline())
                except psutil.Error:
                    continue
                # The command itself stands there as typed until it has begun anew
                if one != mine:
                    self.lines.add(line)
                self.last = line
            threading.Event().wait(0.05)


def _children(process) -> list:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


@pytest.mark.slow
def test_no_secret_is_in_any_file_of_a_line_nor_in_a_command_line(tmp_path, guarded):
    run = Watched(tmp_path)
    (tmp_path / ".env").write_text(f"ENV_PASSWORD='{PLANTED['password in .env']}'\n")
    password = quote(PLANTED["pasted password"], safe="")
    data = f"http://reader:{password}@{guarded}/rows.csv?api_key={PLANTED['pasted key']}"
    new = f"http://{PLANTED['token as user']}:@{guarded}/new.csv?token={PLANTED['pasted token']}"
    run("run", "--name", "mine", "--data", data, "--target", "bought", "--set", "trials=1",
        "--set", f"new_data={new}")  # fmt: skip
    again = run("run", "--name", "mine", "--stages", "1", "--no-track", code=2)
    assert "set PIPELINE_SECRET_" in again and again.count("\n") == 1
    run("report", "mine", "--zip")

    base = sqlite3.connect(tmp_path / "shop.db")
    base.execute("CREATE TABLE t (x INTEGER, api_key TEXT)")
    base.executemany("INSERT INTO t VALUES (?, ?)", [(i, PLANTED["key in SQL"]) for i in range(40)])
    base.commit()
    base.close()
    key = PLANTED["key in SQL"].replace("'", "''")
    query = f"SELECT x AS weight, length(api_key) AS height FROM t WHERE api_key = '{key}'"
    named = "http://reader:${SHOP_PASSWORD}@" + guarded + "/named.csv?token=${ENV_PASSWORD}"
    run("explore", f"sqlite:///{tmp_path}/shop.db", "--query", query, "--against", named)

    assert holding(tmp_path / "reports") == []
    everything = f"{run.said} {run.lines}".encode()
    said = [what for what, secret in PLANTED.items() for f in forms(secret) if f in everything]
    assert said == [] and len(run.lines) > 0
    assert "http://reader:***@" in run.said + (tmp_path / "reports/mine/index.html").read_text()


TELLING = """\
import os, sys, warnings, logging
from IPython.display import HTML, Markdown, display
secret = os.environ["SHOP_PASSWORD"]
print(secret); print(secret, file=sys.stderr); warnings.warn(secret); logging.error(secret)
os.write(2, secret.encode())
display(HTML(f"<b>{secret}</b>"), Markdown(secret), metadata={"about": secret})
display({"application/json": {secret: [secret]}}, raw=True)
{secret: os.environ}"""


@pytest.mark.slow
@pytest.mark.parametrize("kernels", [notebook_execution.WARM, notebook_execution.STOCK])
def test_what_a_cell_tells_of_a_secret_is_masked(tmp_path, monkeypatch, kernels):
    import nbformat

    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    secret = PLANTED["password that cells show"]
    monkeypatch.setenv("SHOP_PASSWORD", secret)
    cells = [TELLING, "raise ValueError(f'no route to mysql://me:{secret}@h')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    run = Run("telling")
    with pytest.raises(notebook_execution.CellError, match=r"mysql://me:\*\*\*@h"):
        notebook_execution.execute(run, "telling", notebook, {}, kernels, "telling")
    executed = run.file("notebooks/telling.ipynb").read_text()
    assert executed.count("***") >= 10 and holding(tmp_path) == []
