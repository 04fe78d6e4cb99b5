"""Reads CloudEvents JSON with the package of the CloudEvents project, and writes it again.

One event a line. What cannot be read ends the program.
"""

import sys

from cloudevents.core.formats.json import JSONFormat


def main() -> None:
    json = JSONFormat()
    for line in sys.stdin:
        event = json.read(None, line)
        print(json.write(event).decode())


main()
