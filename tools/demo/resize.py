#!/usr/bin/env python3
"""A handler in Python that makes pictures smaller; it needs nothing but the standard library.

Signalbox starts it once for each slot in use and gives it one dispatch after the other: a line of JSON on standard
input, answered by lines of JSON on standard output. What is for people goes to standard error. Try it by hand:

    echo '{"id": 1, "attempt": 1, "payload": {"width": 64}}' | python3 resize.py

The payload has `width`, and may have `from` and `to`, the paths of pictures in the format PPM (P6). Without `from` it
draws one itself; without `to` the picture is thrown away.
"""
import json
import os
import sys
import zlib


def say(**members):
    print(json.dumps(members), flush=True)


def read_picture(path):
    with open(path, "rb") as file:
        magic, width, height, depth, pixels = file.read().split(maxsplit=4)
    if magic != b"P6" or depth != b"255":
        raise ValueError(f"{path} is no PPM picture with 8 bits a colour")
    return int(width), int(height), pixels


def draw_picture():
    pixels = bytes(value for y in range(480) for x in range(640) for value in (x % 256, y % 256, (x ^ y) % 256))
    return 640, 480, pixels


def resize(job):
    payload = job["payload"]
    new_width = int(payload["width"])
    width, height, pixels = read_picture(payload["from"]) if "from" in payload else draw_picture()
    if not 0 < new_width <= width:
        raise ValueError(f"the width is {new_width}; expected 1 to {width}")
    new_height = max(1, height * new_width // width)
    small = bytearray()
    for y in range(new_height):
        row = (y * height // new_height) * width
        for x in range(new_width):
            start = 3 * (row + x * width // new_width)
            small += pixels[start:start + 3]
        if y % 50 == 0:
            say(progress=100 * y // new_height, text=f"line {y} of {new_height}")
    if "to" in payload:
        # Under its own name only once it is whole: whoever starts this again finds all of it or none.
        with open(payload["to"] + ".new", "wb") as file:
            file.write(b"P6 %d %d 255\n" % (new_width, new_height) + small)
        os.replace(payload["to"] + ".new", payload["to"])
    print(f"process {os.getpid()} made it {new_width} pixels wide", file=sys.stderr, flush=True)
    return {"width": new_width, "height": new_height, "crc32": f"{zlib.crc32(small):08x}"}


# When standard input ends there is nothing more to do.
for line in sys.stdin:
    job = json.loads(line)
    try:
        say(result=resize(job))
    except (KeyError, TypeError, ValueError) as error:
        say(fatal=f"{type(error).__name__}: {error}")  # Another attempt would find the same.
    except OSError as error:
        say(error=str(error))  # The disk may have room, or the file be there, another time.
