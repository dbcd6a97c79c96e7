"""Reaching Ray, an extra: a cluster of one machine that nobody else can reach, or a running one.

Source of the settings: Ray 2.60 as tried. Its servers listen on all interfaces unless it believes that
clusters are not supported here; the switch for that is what keeps a local one on loopback.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import subprocess
import sys
import traceback
from typing import Any, Final

from spiral_core.errors import TrainingError

_LEAST_STORE_BYTES: Final = 80 * 2**20  # Ray refuses less than 75 MiB
_LOOPBACK: Final = "127.0.0.1"
_LAST_BREATH_S: Final = 20.0
_ATTEMPTS: Final = 3
"""Ray gives its agents 15 s to start, which no setting changes (ray-project/ray issue 65983): too little on a
busy machine, where the next attempt finds their files in memory."""


def import_ray() -> Any:
    """Return the module `ray`.

    Raises:
        TrainingError: It is not installed; says how to install it.
    """
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise TrainingError(
            "ray: not installed; the engines 'local' and 'process' do without it. For several machines: "
            "pip install -c constraints.txt -e '.[train,ray]'"
        ) from error


def connect(address: str | None, *, num_cpus: int, store_bytes: int) -> bool:
    """Join a running cluster, or start one on this machine; neither where this process is connected already.

    A local cluster listens on loopback only and asks for a token that only its own processes know.

    Args:
        address: Of a running cluster, "host:6379"; None starts one.
        num_cpus: What a local cluster offers, >= 1.
        store_bytes: Size of a local cluster's object store; at least 80 MiB are taken.

    Returns:
        Whether the connection is ours to end.

    Raises:
        TrainingError: Ray is missing, or cannot start or join; says what it said.
    """
    wanted = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
    if address is None:
        wanted["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    missing = wanted.keys() - os.environ.keys()
    loaded = sys.modules.get("ray")
    if missing and loaded is not None and not loaded.is_initialized():
        raise TrainingError(
            "ray: was imported before its settings were made, which it reads once; set for the whole program "
            + " ".join(f"{name}={wanted[name]}" for name in sorted(missing))
        )
    for name in missing:
        os.environ[name] = wanted[name]
    ray = import_ray()
    if ray.is_initialized():
        return False
    if address is not None:
        settings: dict[str, object] = {"address": address}
    else:
        if os.environ["RAY_AUTH_MODE"] == "token" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        settings = {
            "address": "local",
            "num_cpus": num_cpus,
            "num_gpus": 0,
            "object_store_memory": max(_LEAST_STORE_BYTES, store_bytes),
            "include_dashboard": False,
        }
    for attempt in range(_ATTEMPTS):
        try:
            ray.init(**settings, log_to_driver=False, configure_logging=False)
            break
        except Exception as error:  # Ray raises no better one where its servers start slowly
            if address is not None or attempt == _ATTEMPTS - 1:
                _end_remains(error)
                raise TrainingError(f"ray: {address or 'a local cluster'}: {error}") from error
            _end_remains(error)
    if address is not None:
        return True
    if ray.util.get_node_ip_address() != _LOOPBACK:
        disconnect()
        raise TrainingError(
            "ray: its local cluster listens beyond this machine, unset RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
        )
    return True


def disconnect() -> None:
    """Leave the cluster; one that this process started has ended by then, which Ray does not wait for."""
    ray = import_ray()
    node = ray._private.worker._global_node
    infos = [] if node is None else [info for kind in node.all_processes.values() for info in kind]
    ray.shutdown()
    for info in infos:
        with contextlib.suppress(subprocess.TimeoutExpired):
            info.process.wait(_LAST_BREATH_S)


def _end_remains(error: Exception) -> None:
    """End the servers of a cluster that was not ready in time, which Ray leaves until this process ends."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        node: Any = frame.f_locals.get("self")
        if type(node).__name__ == "Node" and hasattr(node, "kill_all_processes"):
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
            return
