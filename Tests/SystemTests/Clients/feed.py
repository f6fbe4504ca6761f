"""A client of the live feed on the `websockets` package, so that the feed is not only understood by our own.

    feed.py PORT SINCE MARK     prints every frame that has changes, and goes on after each loss of the connection
                                behind the last frame it has, until a frame holds MARK
"""

import json
import sys
import time

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

port, since, mark = sys.argv[1], int(sys.argv[2]), sys.argv[3]
while True:
    try:
        with connect(f"ws://127.0.0.1:{port}/live?since={since}") as feed:
            print("connected", file=sys.stderr, flush=True)
            for text in feed:
                frame = json.loads(text)
                assert "reset" not in frame, text
                if frame["changes"]:
                    print(text, flush=True)
                if not frame.get("more"):
                    since = frame["seq"]
                if mark in text:
                    sys.exit(0)
    except (ConnectionClosed, InvalidHandshake, OSError, EOFError):
        time.sleep(0.05)
