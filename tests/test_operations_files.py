"""The files for operating the service: every metric in them is shown, and they can be read."""

import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from helpers.base.places import REPOSITORY
from helpers.serving import local_service, log_queue, prediction_service, served_model, shadow_model
from helpers.serving.access_log import AccessLog
from helpers.serving.prediction_log import PredictionLog
from tests.small import bundle_of, post, prepared

DEPLOY = REPOSITORY / "deploy"
PAGE = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
RULES = [rule for group in yaml.safe_load((DEPLOY / "watch/alerts.yml").read_text())["groups"]
         for rule in group["rules"]]  # fmt: skip
DASHBOARD = json.loads((DEPLOY / "watch/dashboard.json").read_text(encoding="utf-8"))
OF_PROMETHEUS = {"up"}  # not shown by the service
NAME = re.compile(r"\b(?:pipeline|process|python)_\w+|\bup\b")


def targets() -> list[tuple[str, str]]:
    """By panel the queries of the dashboard."""
    shown = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"]
             for target in panel.get("targets", [])]  # fmt: skip
    return shown + [(one["name"], one["expr"]) for one in DASHBOARD["annotations"]["list"]]


QUERIES = [(rule["alert"], rule["expr"]) for rule in RULES] + targets()


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """By sample of `/metrics` its sets of labels, of a service with all that it may have."""
    bundle = bundle_of(made := prepared())
    folder = tmp_path_factory.mktemp("log")
    now = served_model.Served(bundle, made=1.0)
    shadow = shadow_model.Shadow("v2", lambda rows: [("no", [0.9, 0.1]) for _ in rows])
    own = prediction_service.Service(now, PredictionLog("", folder), shadow=shadow)
    own.access, own.follower = AccessLog(lambda text: None), SimpleNamespace(trouble="", stop=int)
    row = made.raw.drop(columns="bought").head(1)
    with local_service.serving(bundle, own) as address:
        post(address, local_service.as_json(row))
        own.log.measured = log_queue.log_measures.measured(own.log.log)
        text = requests.get(f"{address}/metrics", timeout=30).text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_every_metric_and_label_in_a_query_is_shown(shown, title, query):
    names = set(NAME.findall(query)) - OF_PROMETHEUS
    assert names or "up" in query, "a query is of some metric"
    assert names - {"process"} <= set(shown), names - set(shown)
    for name, labels in re.findall(r"(\w+)\{([^}]*)\}", query):
        used = set(re.findall(r"(\w+)\s*=", labels)) - {"instance", "job"}  # Prometheus adds those
        assert used <= shown.get(name, set()), (name, used)
    grouped = {one.strip() for some in re.findall(r"\bby \(([^)]*)\)", query)
               for one in some.split(",")}  # fmt: skip
    known = set().union(*(shown[name] for name in names)) if names else set()
    assert grouped - {"instance"} <= known


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_queries_are_whole(title, query):
    assert all(query.count(a) == query.count(b) for a, b in ("()", "[]", "{}"))
    assert query.count('"') % 2 == 0
    assert all(re.fullmatch(r"\d+[smhd]|\$__rate_interval", one)
               for one in re.findall(r"\[([^\]]*)\]", query))  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_has_what_prometheus_takes_and_a_paragraph_of_its_own(rule):
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
    assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]
    assert f"\n### {rule['alert']}\n" in PAGE


def test_the_page_has_the_alarms_in_the_order_of_the_rules_and_no_others():
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_every_metric_on_the_page_is_shown(shown):
    named = set(re.findall(r"`(pipeline_\w+)", PAGE))
    assert named - {"pipeline_"} <= set(shown) | {"pipeline_predict_seconds"}


def test_the_dashboard_has_what_grafana_needs():
    assert DASHBOARD["title"] and DASHBOARD["schemaVersion"] >= 36 and DASHBOARD["uid"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {(place["x"] + x, place["y"] + y) for x in range(place["w"])
               for y in range(place["h"])}  # fmt: skip
        assert not own & cells and place["x"] + place["w"] <= 24, panel["title"]
        cells |= own
    assert {one["name"] for one in DASHBOARD["templating"]["list"]} == {"source", "instance"}


def test_compose_names_files_that_exist_and_asks_for_the_run():
    said = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    mounts = [one.split(":")[0] for service in said["services"].values()
              for one in service["volumes"]]  # fmt: skip
    assert [m for m in mounts if m.startswith(".") and not (DEPLOY / m).exists()] == []
    assert {m for m in mounts if not m.startswith(".")} == set(said["volumes"])
    model = said["services"]["model"]["build"]
    assert (DEPLOY / model["context"] / model["dockerfile"]).exists() and "RUN" in model["args"]
    scraped = yaml.safe_load((DEPLOY / "watch/prometheus.yml").read_text())["scrape_configs"][0]
    assert scraped["static_configs"][0]["targets"] == ["model:8000"]
    assert f'job="{scraped["job_name"]}"' in RULES[0]["expr"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_takes_the_units(tmp_path):
    units = []
    for file in sorted((DEPLOY / "systemd").iterdir()):
        units.append(tmp_path / file.name.replace("@", "@mine"))
        text = file.read_text(encoding="utf-8")
        units[-1].write_text(text.replace("/srv/pipeline/.venv/bin/pipeline", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "@mine" in line]
    assert ours == [] and len(units) == 3
