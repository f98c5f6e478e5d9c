"""The README's blocks of commands, for the tests that run them word by word.

A block of commands begins with a fence that names it: ```sh NAME. Each is taken by one test at least, which says so
in WHO: test_readme.py holds the README against this table, so that no command stands there that nobody runs."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[1]
TEXT = (SOURCE / "README.md").read_text()

# {block: the tests that call block("NAME") for it}
WHO = {
    "try": ["tests/package/test_bare.py"],
    "tests": ["tests/integration/test_readme.py"],
    "build": ["tests/package/test_bare.py"],
    "foreman": ["tests/integration/test_readme.py", "tests/package/test_bare.py"],
    "campaign": ["tests/integration/test_readme.py", "tests/package/test_bare.py"],
    "call": ["tests/integration/test_readme.py", "tests/package/test_bare.py"],
    "gateways": ["tests/integration/test_procfile.py", "tests/integration/test_demo.py"],
    "package": ["tests/package/test_bare.py"],
    "client": ["tests/package/test_bare.py"],
    "install": ["tests/package/test_package.py"],
    "configure": ["tests/package/test_package.py"],
    "installed": ["tests/package/test_package.py"],
    "second": ["tests/package/test_package.py"],
    "image": ["tests/container/test_image.py"],
    "compose": ["tests/container/test_compose.py"],
    "compose-down": ["tests/container/test_compose.py"],
    "hosts": ["tests/fault/net/set_on_hosts.py"],
    "keys": ["tests/integration/test_readme.py"],
    "allow": ["tests/integration/test_readme.py"],
    "backup": ["tests/integration/test_readme.py"],
    "restore": ["tests/integration/test_readme.py"],
    "init": ["tests/integration/test_readme.py"],
    "check": ["tests/integration/test_readme.py"],
    "doctor": ["tests/integration/test_readme.py"],
    "subscriber": ["tests/integration/test_readme.py"],
    "durable": ["tests/integration/test_readme.py"],
}


def blocks():
    """[(language, name, text)] of all fenced blocks that are not plain text."""
    found, language, name, lines = [], None, None, []
    for line in TEXT.split("\n"):
        fence = re.match(r"```(\S*) ?(.*)$", line)
        if fence is None:
            lines.append(line)
        elif language is None:
            language, name, lines = fence.group(1), fence.group(2), []
        else:
            if language != "":
                found.append((language, name, "\n".join(lines)))
            language = None
    assert language is None, f"the block {name} has no end"
    return found


def block(name):
    """The text of one block, as it stands."""
    (text,) = [text for _, other, text in blocks() if other == name]
    return text
