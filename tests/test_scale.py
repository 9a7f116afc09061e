"""The pages on scale say what scale.json has, and no more; the rows that are measured are noisy."""

import json

from pyarrow import dataset

from benchmarks import scale
from helpers.base.marked_text import put_between
from tests.small import raw_table


def test_the_pages_are_made_from_the_figures():
    raw = json.loads(scale.RAW.read_text(encoding="utf-8"))
    assert scale.REPORT.read_text(encoding="utf-8") == scale.report(raw)
    page = scale.PAGE.read_text(encoding="utf-8")
    assert page == put_between(page, "make bench-scale", scale.page(raw))


def test_a_straight_line_is_linear_whatever_the_start():
    sizes = {str(n): {"cpu": 5 + 2e-5 * n, "memory": 1} for n in scale.SIZES}
    grown = scale.growth(sizes)
    assert abs(grown["linear"] - 1) < 1e-6 and abs(grown["start"] - 5) < 1e-6
    assert abs(grown["million"] - 20) < 1e-6 and grown["memory"] == 1


def test_so_many_rows_are_written_with_noise_and_copies(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "FILE", 500)
    monkeypatch.setattr(scale, "GROUP", 200)
    raw = raw_table()
    scale.write_rows(raw, 1_200, tmp_path / "rows")
    rows = dataset.dataset(tmp_path / "rows").to_table().to_pandas()
    assert len(list((tmp_path / "rows").iterdir())) == 3 and len(rows) == 1_200
    assert list(rows) == list(raw) and (rows.dtypes == raw.dtypes).all()
    new = rows.merge(raw, how="left", indicator=True)["_merge"].eq("left_only").mean()
    assert 0.3 < new < 0.8  # a tenth of the cells of eight columns are another row's
    texts = rows.astype(str)
    assert 0.03 < (texts == texts.shift(1)).all(axis=1).mean() < 0.08
