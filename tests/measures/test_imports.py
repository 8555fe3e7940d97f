"""What importing the measures costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_measuring_imports_no_framework_into_this_process() -> None:
    """Runtimes load in the worker process only."""
    code = (
        "import json, sys, measures.latency, measures.quantization, measures.size;"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    frameworks = {"onnx", "onnxruntime", "ai_edge_litert", "tensorflow", "flatbuffers", "panel"}
    assert not frameworks & set(json.loads(done.stdout))
