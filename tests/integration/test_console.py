"""The console over real sockets: signed media paths and health. The signature is made here anew, from the
manual page alone."""

import hashlib
import hmac
import http.client
import os
import signal
import time
import unittest

from harness import RingfenceTest, wait_for

AUDIO = b"not really audio, but bytes\x00\xff"
HASH = hashlib.sha256(AUDIO).hexdigest()


class ConsoleTest(RingfenceTest):
    def setUp(self):
        super().setUp()
        self.media = self.set.root / "media"
        (self.media / f"{HASH}.mp3").write_bytes(AUDIO)

    def ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.set.ports["console"], timeout=20)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def path(self, seconds=60, file=f"{HASH}.mp3", secret="test-media-secret"):
        expiry = int(time.time()) + seconds
        mac = hmac.new(secret.encode(), f"{expiry}/{file}".encode(), "sha256").hexdigest()[:32]
        return f"/media/{expiry}/{mac}/{file}"

    def test_health_follows_the_broker(self):
        self.set.start("console")
        status, headers, body = self.ask("GET", "/healthz")
        self.assertEqual((status, headers["Content-Type"]), (503, "application/json"))
        self.assertIn(b'"reason"', body)
        self.set.start("broker")
        wait_for("the console to find the broker", lambda: self.ask("GET", "/healthz")[0] == 200)
        self.set.processes["broker"].kill()
        wait_for("the console to miss the broker", lambda: self.ask("GET", "/healthz")[0] == 503)

    def test_a_signed_path_gives_the_file_without_a_broker_too(self):
        self.set.start("console")
        status, headers, body = self.ask("GET", self.path())
        self.assertEqual((status, headers["Content-Type"], body), (200, "audio/mpeg", AUDIO))
        status, headers, body = self.ask("HEAD", self.path())
        self.assertEqual((status, headers["Content-Length"], body), (200, str(len(AUDIO)), b""))

    def test_everything_else_is_404(self):
        other = hashlib.sha256(b"other").hexdigest()
        os.symlink("/etc/hostname", self.media / f"{other}.mp3")
        (self.media / "plain.mp3").write_bytes(AUDIO)
        self.set.start("console")
        good = self.path()
        for path in ["/index.htm", "/media/", "/media", f"/media/{HASH}.mp3", self.path(-2),
                     self.path(secret="another"), self.path(file=f"{other}.mp3"),
                     self.path(file="plain.mp3"), self.path(file=f"{'0' * 64}.mp3"),
                     self.path(file=f"../media/{HASH}.mp3"),
                     good.replace(HASH, "%2e%2e/media/" + HASH), good + "/", good + "%00",
                     good.replace(HASH, HASH.upper())]:
            with self.subTest(path):
                self.assertEqual(self.ask("GET", path)[0], 404)
        self.assertEqual(self.ask("POST", good)[0], 404)
        self.assertEqual(self.ask("GET", good)[0], 200)

    def test_a_new_secret_is_taken_by_sighup(self):
        console = self.set.start("console")
        before = self.path()
        self.set.config["telephony"]["media_secret"] = "a new one"
        self.set.write_config()
        console.terminate(signal.SIGHUP)
        after = self.path(secret="a new one")
        wait_for("the new secret", lambda: self.ask("GET", after)[0] == 200)
        self.assertEqual(self.ask("GET", before)[0], 404)


if __name__ == "__main__":
    unittest.main()
