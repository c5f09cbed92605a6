"""Nothing that runs here sees a person's logins, files or network: imported by every conftest, before anything else.

It forces the demo, moves HOME, CODEX_HOME and the folders of Jupyter and of the package's own files to an empty
temporary folder, and refuses every connection that would leave this machine, here and in every process started from
here (kernels, JupyterLab, the command line).
"""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

GUARD = Path(__file__).parent / "guard"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def isolate() -> Path:
    """Moves this process and its children to an empty home; returns it. A second call changes nothing."""
    if home := os.environ.get("QUOTA_TESTS_HOME"):
        return Path(home)
    home = Path(tempfile.mkdtemp(prefix="quota-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    folders = {
        "HOME": "home",
        "USERPROFILE": "home",
        "CODEX_HOME": "home/.codex",
        "APPDATA": "home/data",
        "LOCALAPPDATA": "home/data",
        "XDG_CACHE_HOME": "home/.cache",
        "XDG_CONFIG_HOME": "home/.config",
        "XDG_DATA_HOME": "home/.local/share",
        "IPYTHONDIR": "jupyter/ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "HYPOTHESIS_STORAGE_DIRECTORY": "hypothesis",
    }
    for variable, folder in folders.items():
        # Codex's home stays missing: that is the machine without a login.
        if variable != "CODEX_HOME":
            (home / folder).mkdir(parents=True, exist_ok=True)
        os.environ[variable] = str(home / folder)
    for variable in PROXIES:
        os.environ.pop(variable, None)
        os.environ.pop(variable.lower(), None)
    os.environ |= {
        "QUOTA_TESTS_HOME": str(home),
        "QUOTA_TESTS_NETWORK_LOG": str(home / "network.log"),
        "QUOTA_HELPERS_DEMO": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")])),
    }
    # A runner in the background may have left Ctrl-C ignored, and every process started from here would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path.insert(0, str(GUARD))
    # Another package may have been loaded as sitecustomize already, so this one is run by its path.
    exec(compile((GUARD / "sitecustomize.py").read_text("utf-8"), "sitecustomize.py", "exec"), {})  # noqa: S102
    return home


def network_attempts() -> list[str]:
    """What tried to leave this machine since the run began."""
    log = Path(os.environ["QUOTA_TESTS_NETWORK_LOG"])
    return log.read_text("utf-8").splitlines() if log.exists() else []


HOME = isolate()
