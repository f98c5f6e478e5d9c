#!/usr/bin/python3
"""The layers go one way: services, then common, then include; cores and msgpack stay where they belong."""

import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MADE = {'"forms/builtin.h"'}  # by the build itself
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])', re.MULTILINE)
C_STANDARD = {"<math.h>", "<stdbool.h>", "<stddef.h>", "<stdint.h>", "<string.h>", "<limits.h>"}


def sources(folder):
    return [path for path in sorted((SOURCE / folder).rglob("*")) if path.suffix in (".c", ".h")]


def includes(path):
    return INCLUDE.findall(path.read_text())


class Layers(unittest.TestCase):
    def test_a_service_takes_from_itself_and_from_below_only(self):
        for path in sources("services"):
            service = path.relative_to(SOURCE / "services").parts[0]
            for name in includes(path):
                if not name.startswith('"'):
                    continue
                own = (SOURCE / "services" / service / name.strip('"')).exists()
                common = (SOURCE / "common" / name.strip('"')).exists()
                self.assertTrue(own or common, f"{path}: {name}")

    def test_common_takes_nothing_from_a_service(self):
        for path in sources("common"):
            for name in includes(path):
                if name.startswith('"') and name not in MADE:
                    self.assertTrue((SOURCE / "common" / name.strip('"')).exists(), f"{path}: {name}")

    def test_public_headers_take_nothing_from_common(self):
        for path in sources("include"):
            for name in includes(path):
                self.assertTrue(name.startswith("<"), f"{path}: {name}")

    def test_the_resilience_core_knows_the_c_standard_library_alone(self):
        for path in sources("common/resilience"):
            for name in includes(path):
                own = name.startswith(("<ringfence/", '"resilience/'))
                self.assertTrue(own or name in C_STANDARD, f"{path}: {name}")

    def test_only_the_wire_knows_msgpack(self):
        for folder in ("common", "services"):
            for path in sources(folder):
                if path.parent != SOURCE / "common" / "wire":
                    self.assertNotRegex(path.read_text(), r"\bmsgpack_\w+ *\(", str(path))

    def test_no_core_touches_clock_socket_or_file(self):
        world = re.compile(r"\b(clock_gettime|rf_clock_\w+|zmq_\w+|zsock_\w+|curl_easy_\w+|sqlite3_\w+"
                           r"|fopen|open|read|write|getrandom) *\(")
        for path in SOURCE.glob("services/*/core*.c"):
            code = re.sub(r"//.*|/\*.*?\*/", "", path.read_text())
            self.assertIsNone(world.search(code), f"{path}: {world.search(code)}")


if __name__ == "__main__":
    unittest.main()
