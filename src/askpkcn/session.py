"""Opening ONNX models the one way that both the encoder and the reader need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# Unasked, onnxruntime's packages tell their maker of every process, and keep a file of it. It is read when onnxruntime
# begins, which another library may bring about.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


SLOW = ["SkipLayerNormFusion"]
"""Its one kernel takes five times as long as the two that it stands for (onnxruntime 1.31, benchmarks/stages.py)."""


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(file: Path) -> Any:
    """Return an onnxruntime session on the CPU; the file was optimised when it was written, so nothing is done anew.

    A run takes one thread, that of its caller: one question or window is too little work for two, which would spend
    half their time waiting for each other. Callers run as many side by side as there are cores.
    """
    import onnxruntime

    options = _options(onnxruntime)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def optimise(file: Path, weights: str | None = None) -> None:
    """Rewrite an ONNX file with its graph optimised, which takes longer than all else of opening it.

    Only rewritings that hold on every CPU are kept in the file. With `weights`, large tensors go to a file of that
    name beside it, which is mapped rather than parsed: 90 MB open in half the time.
    """
    import onnxruntime

    partial = file.with_suffix(".partial")
    options = _options(onnxruntime)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(partial)
    if weights is not None:
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", weights)
        options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "1024")
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW)
    partial.replace(file)


def _options(onnxruntime: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return options
