"""A real PostgreSQL that goes away in the middle of the rows: one line, and what stood still does.

The server is that of `tests.postgres_server`.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy

from helpers.base.files import sha256
from helpers.base.user_errors import InputError
from helpers.line.run_folder import Run
from helpers.serving import batch_prediction
from helpers.tables import from_database, read_any, tidy_table
from tests.postgres_server import BIN
from tests.small import deployed_run, prepared

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BIN / "initdb").exists(), reason="PostgreSQL is not installed"),
]

# Half of the rows come at once, then one a moment: the query is under way when it is ended. It has
# two lines, which may not hide what the server says, and a name that may not be repeated.
SLOW = (
    "SELECT x, CASE WHEN x > 9000 THEN pg_sleep(0.1)::text END AS hushed\nFROM generate_series"
    "(1, 18000) AS x"
)


def in_the_middle(server, end) -> None:
    """Wait until the slow query is under way, then end it."""
    until = time.monotonic() + 30
    asked = "FROM pg_stat_activity WHERE query LIKE '%hushed%' AND pid <> pg_backend_pid()"
    engine = sqlalchemy.create_engine(server.address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        while not connection.execute(sqlalchemy.text(f"SELECT pid {asked}")).all():
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(0.3)
        end(
            lambda: connection.execute(sqlalchemy.text(f"SELECT pg_terminate_backend(pid) {asked}"))
        )
    engine.dispose()


def terminate(_, end_it) -> None:
    end_it()


def stop_at_once(server, _) -> None:
    server.stop()


@pytest.mark.parametrize("how", [terminate, stop_at_once])
def test_a_server_that_goes_away_is_one_line(postgres, how, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    deployed_run(prepared(), "mine")
    monkeypatch.setattr(
        read_any,
        "read_table",
        lambda source, **_: tidy_table.tidy(from_database.read_sql(source, SLOW), "x"),
    )
    out = tmp_path / "out.csv"
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(batch_prediction.predict_file, "mine", postgres.address, out)
        in_the_middle(postgres, lambda end_it: how(postgres, end_it))
        error = asked.exception(timeout=20)
    if how is stop_at_once:
        postgres.start()
    assert isinstance(error, InputError) and "could not be read" in str(error)
    assert "connection" in str(error)  # what happened to it
    assert "hushed" not in str(error) and "\n" not in str(error)
    assert sorted(p.name for p in tmp_path.iterdir() if "out.csv" in p.name) == []


def command(*arguments, reports):
    environment = os.environ | {"PIPELINE_REPORTS": str(reports)}
    return subprocess.run([sys.executable, "-m", "helpers", "run", *arguments], text=True,
                          capture_output=True, env=environment, timeout=60)  # fmt: skip


def test_a_run_whose_database_goes_away_leaves_all_as_it_was(
    postgres,  # noqa: F811 - the fixture
    tmp_path,
    monkeypatch,
):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = deployed_run(prepared(), "gone")
    before = contents(run)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(command, "--data", postgres.address, "--query", SLOW, "--name", "gone",
                            "--force", "--no-track", reports=tmp_path)  # fmt: skip
        in_the_middle(postgres, lambda end_it: end_it())
        ended = asked.result(timeout=40)
    assert ended.returncode == 2, ended
    assert len(ended.stderr.strip().splitlines()) == 1 and "could not be read" in ended.stderr
    assert contents(run) == before and len(before) > 10


def contents(run: Run) -> dict[str, str]:
    files = [path for path in run.path.rglob("*") if path.is_file()]
    return {path.relative_to(run.path).as_posix(): sha256(path) for path in files}
