"""A log of the logger over its rotated and compressed files, read by other programs than ours."""

import gzip
import re
import subprocess

NAME = re.compile(r"\.(\d{8}T\d{6}\.\d{6}Z)\.(\d+)-(\d+)(\.gz|\.zst)?$")


def content(file):
    """Its text, uncompressed."""
    if file.suffix == ".gz":
        return gzip.decompress(file.read_bytes()).decode()
    if file.suffix == ".zst":
        return subprocess.run(["zstd", "-dc", file], check=True, capture_output=True).stdout.decode()
    return file.read_text()


def closed(file):
    """All rotated files of a log as they lie there. Those that are being made are none."""
    return [path for path in sorted(file.parent.glob(f"{file.name}.*")) if NAME.search(path.name)]


def rotated(file):
    """Each of the rotated files of a log once, oldest first: of one that is there twice, as it is for a moment when it
    was compressed, or until the next start after a kill, it is the compressed one."""
    found = {NAME.search(path.name).group(1, 2, 3): path for path in closed(file)}  # the compressed one comes later
    return list(found.values())


def lines(file):
    """All whole lines, of a moment at which no file had its name changed."""
    while True:
        try:
            parts = [*rotated(file), *([file] if file.exists() else [])]
            return [line for part in parts for line in content(part).split("\n")[:-1]]
        except FileNotFoundError:
            continue
