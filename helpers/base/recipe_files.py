"""The files that a recipe of several sources (`sources.yaml`) names, without opening them."""

from __future__ import annotations

from pathlib import Path

from .addresses import is_path

ENDINGS = (".yaml", ".yml")


def is_recipe(source: str) -> bool:
    """Whether a source is a recipe of several, by its ending.

    >>> is_recipe("shop/sources.yaml"), is_recipe("orders.csv")
    (True, False)
    """
    return is_path(source) and source.lower().endswith(ENDINGS)


def source_place(data: str, folder: Path) -> str:
    """Where a source of a recipe is: paths are relative to the recipe's folder.

    >>> source_place("sqlite:////srv/shop.db", Path("recipes"))
    'sqlite:////srv/shop.db'
    """
    if data.startswith("sqlite:///") and not data.startswith("sqlite:////"):
        return f"sqlite:///{(folder / data.removeprefix('sqlite:///')).resolve()}"
    return str(folder / Path(data).expanduser()) if is_path(data) else data


def sources_of(path: Path) -> list[str]:
    """The places of a recipe's sources; none where the file is no recipe."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = content["sources"].values()
        return [source_place(str(one["data"]), path.parent) for one in entries]
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        return []
