"""What protovalidate says of messages.

Reads lines `TYPE BASE64` and writes for each the paths of what is wrong, as a sorted JSON list.
"""

import base64
import json
import pathlib
import sys

import protovalidate
from google.protobuf import descriptor_pool, message_factory


def import_stubs() -> None:
    """Makes the types of all stubs on the path known."""
    for folder in map(pathlib.Path, sys.path):
        for package in ("pavane", "shop"):
            for stub in (folder / package).rglob("*_pb2.py"):
                name = stub.relative_to(folder).with_suffix("")
                __import__(".".join(name.parts))


def path(violation) -> str:
    """The way to a field, as in `events[3].attributes["region"]`."""
    text = ""
    elements = violation.proto.field.elements if violation.proto.field else []
    for element in elements:
        text += ("." if text else "") + element.field_name
        subscript = element.subscript
        if subscript is not None:
            key = subscript.value
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text


def main() -> None:
    import_stubs()
    pool = descriptor_pool.Default()
    for line in sys.stdin:
        name, encoded = line.rstrip("\n").split(" ")
        message = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))()
        message.ParseFromString(base64.b64decode(encoded))
        found = protovalidate.collect_violations(message)
        print(json.dumps(sorted(path(violation) for violation in found)))


main()
