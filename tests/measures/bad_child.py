"""A worker process that misbehaves as the request asks; stands in for a runtime that does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from measures.runners import child


def main(folder: Path) -> None:
    """Crash, hang, go over a limit, exit silently, or leave a result that is too large."""
    request = json.loads((folder / "request.json").read_bytes())["request"]
    way = request.get("way", "")
    if not way:  # a real request: the model's name says what becomes of it
        if "crash" in Path(request["path"]).name:
            os.abort()
        child.main(folder)
        return
    if way == "crash":
        os.abort()
    if way == "hang":
        # A runtime may start helpers of its own: they must end with it.
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(request["pid_file"]).write_text(str(helper.pid))
        time.sleep(60)
    if way == "spin":
        child.limit(0.5 / (os.cpu_count() or 1), 2 << 30, 1 << 30)
        while True:
            pass
    if way == "fill the disk":
        child.limit(60, 2 << 30, 2 << 20)
        with (folder / "profile.json").open("wb") as file:
            for _ in range(4):
                file.write(bytes(1 << 20))
                file.flush()
    if way == "give up":
        sys.exit("no more kernels")
    (folder / "result.json").write_text(json.dumps({"text": "x" * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
