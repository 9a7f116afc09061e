"""A service on a registered model: it loads what an alias names, and follows when the alias moves.

The store is asked in a thread of its own every few seconds, never while a request waits. A store
that goes away, or a version that can't be loaded, changes nothing: the model in service continues.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from ..base.user_errors import InputError
from ..line.run_folder import Run
from ..registry.local_copies import remember, remembered
from ..registry.mlflow_store import StoreError
from ..registry.model_versions import Version, is_address, resolve
from .model_bundle import open_copy
from .prediction_service import Service
from .served_model import Served, served
from .start_service import Options, made_at
from .start_service import service_of as service_of_run

EVERY = 5.0  # seconds between two looks at the store


def load_registered_version(address: str) -> Served:
    """The registered model of an address; where the store is away, the one it named last.

    Raises InputError when there is no such model, or when its file is not the registered one.
    """
    try:
        version = resolve(address)
    except StoreError:
        version = remembered(address)
        if version is None:
            raise
    made = made_at(Run(version.run).path) if version.run else 0.0
    ready = replace(served(open_copy(version)), registered=version, made=made)
    remember(address, version)
    return ready


class Follower:
    """Looks at the store again and again, and reloads a service when its alias has moved.

    `trouble` says what keeps it from that, or is empty.
    """

    def __init__(self, service: Service, address: str, every: float = EVERY):
        self.service, self.address, self.every = service, address, every
        self.trouble = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="registry", daemon=True)

    def start(self) -> Follower:
        """Begin to look."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop looking, without waiting for a request to the store."""
        self._stopped.set()

    def _look_on(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(self.every)

    def look(self) -> None:
        """Take up the version that the alias names now, if it is another one than serves."""
        serves = self.service.now.registered
        try:
            self._take_up(resolve(self.address), serves)
            self.trouble = ""
        except InputError as error:
            self.trouble = f"{serves} goes on serving: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, traffic must not feel it
            self.trouble = f"{serves} goes on serving: {type(error).__name__}"

    def _take_up(self, named: Version, serves: Version | None) -> None:
        if _same(named, serves):
            self.service.now = replace(self.service.now, registered=named)  # its aliases
        else:
            fresh = self.service.loader.submit(load_registered_version, self.address).result()
            self.service.serve(fresh)
            self.service.counters.reloads.add("loaded")


def _same(one: Version, other: Version) -> bool:
    return (one.number, one.model_sha256) == (other.number, other.model_sha256)


def service_of(run: str, options: Options | None = None) -> Service:
    """The service of a run, or of a registered model (`models:/NAME@champion`): it is followed."""
    if not is_address(run):
        return service_of_run(run, options)
    service = service_of_run(run, options, load=load_registered_version)
    service.follower = follow(service, run)
    return service


def follow(service: Service, address: str, every: float = EVERY) -> Follower:
    """Let a service follow the alias of an address from now on."""
    return Follower(service, address, every).start()
