#!/usr/bin/python3
"""The demo's campaign with its outage, by deploy/Procfile with four gateways, as the README starts them."""

import gc
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest
import warnings

from harness import BIN, SOURCE, free_port

sys.path.insert(0, str(SOURCE / "tests"))
import demo  # noqa: E402 (found by the line before)
from readme import block  # noqa: E402

GATEWAYS = 4
PORTS = {port: free_port() for port in (18025, 18080, 18090)}
stage = demo.load_stage(f"http://127.0.0.1:{PORTS[18080]}")


class ProcfileSet(stage.Set):
    """On ports of its own."""

    def __init__(self, root):
        self.root = root
        config = root / "ringfence.yaml"
        config.write_text(re.sub(r"(?<=127\.0\.0\.1:)(18025|18080|18090)\b", lambda port: str(PORTS[int(port[0])]),
                                 (SOURCE / "deploy/ringfence.yaml").read_text()))
        self.environment = dict(os.environ, RF_ROOT=str(root), RF_BIN=str(BIN), RF_CONFIG=str(config),
                                RF_MAILDIR=str(root / "mail"), RF_MAIL_PORT=str(PORTS[18025]))
        self.output = root / "log" / "foreman.log"
        with open(self.output, "wb") as log:
            self.foreman = subprocess.Popen(shlex.split(block("gateways")), cwd=SOURCE, stdout=log,
                                            stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)

    def ready(self):
        return super().ready() and self.output.read_text().count("service-gateway: ready: ") == GATEWAYS


class Demo(unittest.TestCase):
    def test_it_ends_as_expected_with_four_gateways(self):
        root = stage.make_root()
        self.addCleanup(shutil.rmtree, root)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            demo.play(stage, root, ProcfileSet(root))
            gc.collect()
        self.assertEqual([str(warning.message) for warning in caught], [])
        self.assertNotIn("SIGKILL", (root / "log" / "foreman.log").read_text())


if __name__ == "__main__":
    unittest.main()
