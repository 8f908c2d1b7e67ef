"""Pages that name signs in a browser: one asks the server that sent it, the other is whole in itself."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from signs.core.errors import UserError
from signs.deployment.description import Description

SOURCES = Path(__file__).parent / "page"
MAX_BYTES = 10 * 10**6


def of_server(description: Description) -> str:
    """The page that sends photos to `POST /predict` of the server that it came from: HTML."""
    about = f"{_about(description)} Photos go to the server that sent this page, which keeps none."
    return _page("'self'", "page.js", "remote.js", f"start(remote({_literal(about)}));")


def of_model(onnx_model: bytes, description: Description) -> str:
    """The page that holds the model and computes in the browser: HTML, which sends nothing anywhere.

    Args:
        onnx_model: The bytes of an exported ONNX file.
        description: What the model says of itself.

    Raises:
        UserError: The page would be larger than 10 MB.
    """
    graph, weights = _graph(onnx_model)
    told = {
        "about": f"{_about(description)} Your photos stay in this browser: the page sends nothing.",
        "height": description.height,
        "width": description.width,
        "names": description.names,
        "threshold": description.threshold,
    }
    packed = base64.b64encode(gzip.compress(weights, mtime=0)).decode()
    run = f"local({_literal(graph | told)}, {_literal(packed)}).then((model) => start(globalThis.model = model));"
    page = _page("'none'", "page.js", "network.js", "local.js", run)
    if len(page) > MAX_BYTES:
        raise UserError(f"the page has {len(page):,} bytes; at most {MAX_BYTES:,} open well. Export a smaller network")
    return page


def _page(connect: str, *scripts: str) -> str:
    *files, run = scripts
    script = "\n".join([*((SOURCES / name).read_text(encoding="utf-8") for name in files), run])
    page = (SOURCES / "index.html").read_text(encoding="utf-8")
    style = (SOURCES / "page.css").read_text(encoding="utf-8")
    return page.replace("CONNECT", connect).replace("/* STYLE */", style).replace("/* SCRIPT */", script)


def _about(description: Description) -> str:
    return f"The model knows {len(description.classes)} signs."


def _literal(value: Any) -> str:
    """A JavaScript literal that cannot end the script that it stands in."""
    return json.dumps(value).replace("<", "\\u003c")


def _graph(onnx_model: bytes) -> tuple[dict[str, Any], bytes]:
    """The nodes of a graph, where each of its constants lies, and the constants, float32 one after the other."""
    import onnx  # noqa: PLC0415  # the server does without
    from onnx import helper, numpy_helper  # noqa: PLC0415

    graph = onnx.load_model_from_string(onnx_model).graph
    constants, memory = [], bytearray()
    for initializer in graph.initializer:
        array = numpy_helper.to_array(initializer)
        is_whole = array.dtype.kind in "iu"
        constants.append({"name": initializer.name, "shape": array.shape, "whole": is_whole, "offset": len(memory)})
        memory += array.astype(np.float32).tobytes()
    nodes = [
        {
            "operation": node.op_type,
            "inputs": list(node.input),
            "output": node.output[0],
            "attributes": {
                attribute.name: _value(helper.get_attribute_value(attribute)) for attribute in node.attribute
            },
        }
        for node in graph.node
    ]
    return {"nodes": nodes, "constants": constants}, bytes(memory)


def _value(attribute: Any) -> Any:
    return attribute.decode() if isinstance(attribute, bytes) else attribute
