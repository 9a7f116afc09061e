"""The modules that stored models name and that have moved, for whoever opens a file without us."""

from __future__ import annotations

from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec


class EarlierModules(MetaPathFinder, Loader):
    """Finds the modules that types of stored models came from; MLflow's own loader asks for them.

    `helpers` puts it at the end of `sys.meta_path`, so it is asked only for what is nowhere else.
    """

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """A module that is made of types that moved; None for every other name."""
        package, _, module = fullname.partition(".")
        from .trusted_types import MOVED

        known = {name.partition(".")[0] for name in MOVED}
        return ModuleSpec(fullname, self) if package == "helpers" and module in known else None

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module."""

    def exec_module(self, module) -> None:
        """Give the module its types, from where they are now."""
        from .trusted_types import MOVED

        for earlier, now in MOVED.items():
            if module.__name__ == f"helpers.{earlier.partition('.')[0]}":
                home, _, name = now.rpartition(".")
                setattr(module, name, getattr(import_module(home), name))
