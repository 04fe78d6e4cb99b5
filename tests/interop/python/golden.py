"""The golden vectors (tests/contract/vectors), by the generated messages."""

import importlib
import json
import os
from pathlib import Path

from google.protobuf import json_format, message_factory, symbol_database
from pavane.feed.v1 import feed_service_pb2

FOLDER = Path(os.environ["INTEROP_VECTORS"])


def check():
    """Which vectors came out other than they are."""
    load_all()
    vectors = json.loads((FOLDER / "index.json").read_text())["vectors"]
    wrong = [f"{vector['message']}/{vector['name']}" for vector in vectors if not is_right(vector)]
    return {"count": len(vectors), "wrong": wrong}


def is_right(vector):
    pool = symbol_database.Default().pool
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(vector["message"]))
    binary = (FOLDER / vector["binary"]).read_bytes()
    text = (FOLDER / vector["json"]).read_text()
    decoded = kind.FromString(binary)
    parsed = json_format.Parse(text, kind())
    return (
        encode(decoded) == binary
        and json.loads(json_format.MessageToJson(decoded)) == json.loads(text)
        and encode(parsed) == binary
    )


def encode(message):
    # Entries of maps in the order of their keys.
    return message.SerializeToString(deterministic=True)


def load_all():
    """Messages are known once the module that was generated for their file is loaded."""
    ours = Path(feed_service_pb2.__file__).parents[2]
    for path in ours.glob("**/*_pb2.py"):
        name = path.relative_to(ours.parent).with_suffix("")
        importlib.import_module(".".join(name.parts))
