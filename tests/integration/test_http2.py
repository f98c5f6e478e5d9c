#!/usr/bin/python3
"""HTTP/2 where a provider offers it, and what a peer does that wants no more of it; never for a dial."""

import re
import subprocess
import unittest

import test_bad_replies
import test_gateway
from h2_server import H2Server
from harness import SOURCE, RingfenceTest, free_port, wait_for


class Http2(RingfenceTest):
    CONFIG = {"defaults": {"retry": {"max_retries": 0}, "breaker": {"failure_threshold": 60}},
              "gateway": {"chains": {"script": ["openai"]}}}

    def setUp(self):
        super().setUp()
        self.certs = self.set.root / "certs"
        subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(self.certs)], check=True,
                       capture_output=True)

    def begin(self, port):
        for provider in self.set.config["providers"].values():
            provider["base_url"] = f"https://localhost:{port}"
            provider["ca_file"] = str(self.certs / "ca.pem")
        self.set.write_config()
        self.set.start("broker")
        self.set.start("service-gateway")
        self.client = test_gateway.Client(self.set)
        self.addCleanup(self.client.close)

    def serve(self):
        self.server = H2Server(self.certs, test_bad_replies.SCRIPT)
        self.addCleanup(self.server.close)
        self.begin(self.server.port)

    def write_all(self, names):
        for name in names:
            self.client.send(name, "script", "write", {"prompt": name})
        return self.client.wait_all(names)

    def test_calls_share_one_connection_of_a_real_server(self):
        page = self.set.root / "www" / "v1" / "chat"
        page.mkdir(parents=True)
        (page / "completions").write_bytes(test_bad_replies.SCRIPT)
        port = free_port()
        log = open(self.set.root / "out" / "nghttpd.log", "wb")
        nghttpd = subprocess.Popen(
            ["nghttpd", "-v", "-a", "127.0.0.1", "-d", str(self.set.root / "www"), str(port),
             str(self.certs / "server.key"), str(self.certs / "server.pem")],
            stdout=log, stderr=subprocess.STDOUT)
        log.close()
        self.addCleanup(nghttpd.wait)
        self.addCleanup(nghttpd.terminate)
        said = self.set.root / "out" / "nghttpd.log"
        wait_for("nghttpd to listen", lambda: "listen" in said.read_text())
        self.begin(port)
        replies = self.write_all([f"w{i}" for i in range(12)])
        self.assertEqual([reply["ok"] for reply in replies], [True] * 12, replies)
        text = wait_for("the log", lambda: said.read_text().count(":method: POST") >= 12 and
                        said.read_text())
        self.assertEqual(len(set(re.findall(r"\[id=(\d+)\]", text))), 1, "connections")

    def test_calls_are_under_way_at_once_on_one_connection(self):
        self.serve()
        self.server.act = lambda connection, stream: "hold"
        self.server.release_at = 8  # not one is answered before all are there
        replies = self.write_all([f"w{i}" for i in range(8)])
        self.assertEqual([reply["ok"] for reply in replies], [True] * 8, replies)
        self.assertEqual(self.server.protocols, ["h2"])

    def test_a_refused_stream_is_sent_again_unread(self):
        self.serve()
        acts = iter(["refuse"])
        self.server.act = lambda connection, stream: next(acts, "ok")
        reply, = self.write_all(["w"])
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(len(reply["attempts"]), 1)
        self.assertEqual(len(self.server.requests), 2)

    def assert_cannot_tell(self, reply):
        """libcurl 7.88 hides that nothing was carried out: see common/http/failure.c. A libcurl that told it
        would let us say "no" here."""
        self.assertEqual((reply["sent"], reply["code"]), ("maybe", "connection_broken"), reply)

    def test_a_goaway_is_transient_and_the_next_call_has_another_connection(self):
        self.serve()
        acts = iter(["goaway"])
        self.server.act = lambda connection, stream: next(acts, "ok")
        reply, = self.write_all(["w"])
        self.assertEqual((reply["class"], len(reply["attempts"])), ("transient", 1), reply)
        self.assert_cannot_tell(reply)
        self.assertEqual(len(self.server.requests), 1)
        self.assertTrue(self.write_all(["again"])[0]["ok"])
        self.assertEqual(len(self.server.protocols), 2)

    def test_a_peer_that_refuses_always_is_transient(self):
        self.serve()
        self.server.act = lambda connection, stream: "refuse"
        reply, = self.write_all(["w"])
        self.assertEqual((reply["class"], len(reply["attempts"])), ("transient", 1), reply)
        self.assert_cannot_tell(reply)
        self.assertLessEqual(len(self.server.requests), 6)
        self.server.act = lambda connection, stream: "ok"
        self.assertTrue(self.write_all(["again"])[0]["ok"])

    def test_a_dial_does_not_speak_http2_so_that_nothing_repeats_it_unseen(self):
        self.serve()
        self.assertTrue(self.write_all(["w"])[0]["ok"])
        self.server.act = lambda connection, stream: "refuse"
        self.client.dial("d", "+12025550100")
        reply = self.client.wait("d")
        self.assertEqual((reply["class"], reply["sent"]), ("ambiguous", "maybe"), reply)
        self.assertEqual(self.server.protocols, ["h2", "http/1.1"])
        self.assertEqual(len(self.server.requests), 1, "of the script alone")


if __name__ == "__main__":
    unittest.main()
