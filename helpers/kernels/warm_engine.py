"""Papermill's engine `warm`: warm kernels, and no waiting where nothing is waited for.

`papermill --engine warm in.ipynb out.ipynb` runs any Python notebook this way, whatever kernel it
names. Jupyter's own client waits in steps (0.2 s of silence before a kernel counts as ready, 0.1 s
between looks at one that leaves); here each wait ends when its event comes.

No secret that the environment holds gets into an output: what a kernel sends is masked as it comes,
before any file is written.
"""

from __future__ import annotations

import re
import time
from queue import Empty

from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec

from ..base.credentials import mask_known
from ..base.earlier_names import EARLIER_NAMES, current_name, rename_notice

PROGRESS = "progress"  # as in `helpers.pages.show`, which imports more than an engine needs


def __getattr__(name: str):
    """Make the engine when it is asked for: papermill does so while it is being imported itself."""
    if name == "WarmEngine":
        return _engine(WarmManager)
    if name == "StockEngine":
        return _engine(None)
    raise AttributeError(f"module {__name__} has no attribute {name}")


class PromptClient(AsyncKernelClient):
    """A client that holds a kernel to be ready as soon as it has answered on both channels."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel has answered; raise RuntimeError when it is late or dead."""
        until = time.monotonic() + (timeout or float("inf"))
        while not await self._has_answered():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _has_answered(self) -> bool:
        asked = self.kernel_info()
        try:
            reply = await self.get_shell_msg(timeout=1)
            if reply["msg_type"] != "kernel_info_reply":
                return False
            while not _is_idle(await self.get_iopub_msg(timeout=0.5), asked):
                pass
        except Empty:
            return False
        self._handle_kernel_info_reply(reply)
        return True


def _masked(content: dict) -> dict:
    """What a message holds, without secrets; the protocol's own words stay, whatever these are.

    >>> _masked({"name": "stdout", "text": "plain"})
    {'name': 'stdout', 'text': 'plain'}
    """
    masked = {field: mask_known(part) for field, part in content.items()}
    if isinstance(content.get("data"), dict):
        masked["data"] = {kind: mask_known(part) for kind, part in content["data"].items()}
    return masked


def take_earlier_names(notebook) -> list[str]:
    """Let parameters that were given by an earlier name set those of today, in the notebook itself.

    Papermill writes what it is given into a cell below the one that holds the defaults. Returns
    the earlier names; a name that the notebook has itself is none.
    """
    own = {name for cell in _tagged(notebook, "parameters") for name in _assigned(cell)}
    found = []
    for cell in _tagged(notebook, "injected-parameters"):
        earlier = [n for n in _assigned(cell) if n in EARLIER_NAMES and n not in own]
        for name in (n for n in earlier if current_name(n) in own):
            cell.source = re.sub(rf"(?m)^{name} =", f"{current_name(name)} =", cell.source)
            found.append(name)
    return found


def _tagged(notebook, tag: str) -> list:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def _assigned(cell) -> list[str]:
    return re.findall(r"(?m)^(\w+)\s*[:=]", cell.source)


def _is_idle(message: dict, asked: str) -> bool:
    return (
        message["msg_type"] == "status"
        and message["content"]["execution_state"] == "idle"
        and message["parent_header"].get("msg_id") == asked
    )


class WarmManager(AsyncKernelManager):
    """A manager that starts the kernel it was asked for through the `warm` provisioner."""

    client_class = f"{__name__}.PromptClient"
    client_factory = PromptClient

    @property
    def kernel_spec(self) -> KernelSpec | None:
        """The kernel's own specification, but for who starts it."""
        spec = super().kernel_spec
        if spec is not None:
            spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": "warm"}}
        return spec


def _client() -> type:
    """Papermill's client, but for what it does with messages."""
    from papermill.clientwrap import PapermillNotebookClient

    class TellingClient(PapermillNotebookClient):
        """A client whose bar says how far a long cell is, where the cell tells; secrets masked."""

        def process_message(self, msg, *arguments, **options):
            """Show what `helpers.pages.show.progress` sends; all else as usual, masked."""
            content = msg["content"] = _masked(msg.get("content", {}))
            if content.get("transient", {}).get("display_id") == PROGRESS and self.nb_man.pbar:
                self.nb_man.pbar.set_postfix_str(content["data"]["text/plain"])
            return super().process_message(msg, *arguments, **options)

    return TellingClient


def _engine(manager: type | None) -> type:
    """An engine whose kernels such a manager starts; None: as Jupyter does."""
    from papermill.engines import NBClientEngine
    from papermill.log import logger

    class Engine(NBClientEngine):
        """Papermill's usual engine with that client, and the manager's kernels."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man, kernel_name, start_timeout=60, execution_timeout=None, **kwargs
        ):
            """Run the cells; arguments as in papermill's own engine."""
            for name in take_earlier_names(nb_man.nb):
                logger.warning(rename_notice(name))
            timeout = execution_timeout or kwargs.get("timeout")
            own = {"kernel_name": kernel_name, "timeout": timeout, "startup_timeout": start_timeout}
            own |= {"log": logger} | ({"kernel_manager_class": manager} if manager else {})
            return _client()(nb_man, **_options(kwargs, own)).execute()

    return Engine


def _options(given: dict, own: dict) -> dict:
    """What papermill was given for a client, and what its engine settles."""
    from papermill.utils import merge_kwargs, remove_args

    return merge_kwargs(remove_args(["input_path", "timeout", "startup_timeout"], **given), **own)
