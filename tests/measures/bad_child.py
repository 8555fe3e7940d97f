"""A worker process that misbehaves as the request asks; stands in for a runtime that does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    """Crash, hang, exit silently, or leave a result that is too large."""
    request = json.loads((folder / "request.json").read_bytes())["request"]
    way = request["way"]
    if way == "crash":
        os.abort()
    if way == "hang":
        # A runtime may start helpers of its own: they must end with it.
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(request["pid_file"]).write_text(str(helper.pid))
        time.sleep(60)
    if way == "give up":
        sys.exit("no more kernels")
    (folder / "result.json").write_text(json.dumps({"text": "x" * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
