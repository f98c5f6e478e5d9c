"""What the processes say on stderr arrives at the logger as well: from before there was a broker, over its
restart, up to an orderly end; bounded, and never what the logger itself says."""

import unittest

import msgpack
import zmq

from harness import RingfenceTest, stays, wait_for

WAITING = "waiting for the broker at"


class LinesCase(RingfenceTest):
    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 10}}

    def lines(self, words="", **wanted):
        return [e for e in self.set.events(type="log.line", **wanted) if words in e["data"]["message"]]

    def text_lines(self):
        return [line for line in (self.set.root / "log" / "app.log").read_text().splitlines()
                if " log.line " in line]


class Arriving(LinesCase):
    def test_lines_from_before_the_broker_arrive_with_their_own_time(self):
        gateway = self.set.launch("service-gateway")
        wait_for("the gateway to wait", lambda: gateway.says(WAITING))
        broker = self.set.start("broker")
        self.set.start("logger")
        early = wait_for("the line", lambda: self.lines(WAITING))
        self.assertEqual(len(early), 1)
        line = early[0]
        self.assertEqual((line["subject"], line["severity"], line["data"]["level"], line["data"]["pid"]),
                         ("service-gateway", "info", "info", gateway.popen.pid))
        self.assertTrue(line["origin"].startswith("service-gateway-"))
        ready = wait_for("the broker's first event", lambda: self.set.events(
            type="process.ready", origin=next(e["origin"] for e in self.set.events()
                                              if e["origin"].startswith("broker-"))))
        self.assertLess(line["at"], ready[0]["at"], "the time is when it was said, not when it came")
        self.assertEqual(line["message"], "service-gateway: " + line["data"]["message"])
        self.assertTrue(any(line["message"] in text for text in self.text_lines()))
        self.assertTrue(gateway.says("info: " + line["data"]["message"]), "and it stands on stderr")
        self.assertTrue(broker.alive())

    def test_lines_said_while_the_broker_is_away_arrive_once_when_it_is_back(self):
        broker = self.set.start("broker")
        self.set.start("logger")
        gateway = self.set.start("service-gateway")
        broker.kill()
        wait_for("the gateway to notice", lambda: gateway.says("is silent"))
        gateway.reload()
        self.set.start("broker")
        wait_for("the line", lambda: self.lines("configuration read again", subject="service-gateway"))
        wait_for("the other", lambda: self.lines("is silent", subject="service-gateway"))
        self.set.stop_all()
        for words in ("is silent", "configuration read again"):
            self.assertEqual(len(self.lines(words, subject="service-gateway")), 1, words)
        said = gateway.text()
        for line in self.lines(subject="service-gateway"):
            self.assertIn(line["data"]["message"], said)

    def test_an_orderly_end_waits_for_the_last_lines(self):
        self.set.start("broker")
        self.set.start("logger")
        for life in range(3):
            gateway = self.set.start("service-gateway", f"gateway-{life}")
            gateway.reload()
            gateway.terminate()
            self.assertEqual(gateway.wait(), 0)
        wait_for("all three", lambda: len(self.lines("configuration read again")) == 3)

    def test_the_brokers_own_lines_arrive_too(self):
        broker = self.set.start("broker")
        self.set.start("logger")
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(f"ipc://{self.set.root}/run/ingest")
        socket.send(msgpack.packb({"t": "no.such.message", "v": 1}))
        line = wait_for("the broker's line", lambda: self.lines("a message was refused"))[0]
        self.assertEqual((line["subject"], line["severity"]), ("broker", "warning"))
        self.assertEqual(line["stream"], line["origin"])
        socket.close()
        context.term()
        broker.terminate()
        self.assertEqual(broker.wait(), 0)

    def test_what_the_logger_says_stands_on_its_stderr_alone(self):
        self.set.start("broker")
        logger = self.set.start("logger")
        logger.reload()
        self.set.start("service-gateway").reload()
        wait_for("another's line", lambda: self.lines("configuration read again"))
        self.assertEqual(self.lines(subject="logger"), [])
        self.assertTrue(logger.says("info: configuration read again"))


class Bounds(LinesCase):
    CONFIG = {**LinesCase.CONFIG, "log": {"rate": 0.01, "burst": 2}}

    def test_a_storm_leaves_its_burst_and_one_line_that_counts_the_rest(self):
        self.set.start("broker")
        self.set.start("logger")
        gateway = self.set.start("service-gateway")
        wait_for("the two lines of the burst", lambda: len(self.lines(subject="service-gateway")) >= 1)
        for _ in range(20):
            gateway.reload()
        said = gateway.text().count("service-gateway: info: ")
        self.assertGreater(said, 20)

        def told():
            seen = self.lines(subject="service-gateway")
            return sum("left out here" not in e["data"]["message"] for e in seen) \
                + sum(e["data"].get("left_out", 0) for e in seen) == said
        wait_for("each line to be there, or counted", told)
        self.assertLess(len(self.lines(subject="service-gateway")), 10)
        self.assertIn("they stand on stderr", self.lines("left out here")[0]["message"])

    def test_a_changed_bound_takes_effect_at_once(self):
        self.set.start("broker")
        self.set.start("logger")
        gateway = self.set.start("service-gateway")
        self.set.config["log"] = {"rate": 100, "burst": 100}
        self.set.write_config()
        gateway.reload()
        for _ in range(5):
            gateway.reload()
        wait_for("five lines", lambda: len(self.lines("configuration read again")) >= 5)
        self.set.config["log"]["bus"] = "off"
        self.set.write_config()
        gateway.reload()
        gateway.reload()
        gateway.terminate()
        self.assertEqual(gateway.wait(), 0)
        wait_for("its end", lambda: [e for e in self.set.events(type="process.stopped")
                                     if e["subject"].startswith("service-gateway-")])
        # Its last word is from before the level was changed.
        self.assertEqual(len(self.lines("configuration read again")), 6)


class Reading(LinesCase):
    def test_tail_shows_them_as_they_were_said(self):
        self.set.start("broker")
        self.set.start("service-gateway").reload()
        shown = wait_for("the line", lambda: [
            line for line in self.set.cli("replay", "log.", check=0).stdout.splitlines()
            if "read again" in line])
        self.assertRegex(shown[0], r" info     log.line/service-gateway  service-gateway: configuration read again$")
        warnings = self.set.cli("replay", "log.", "--severity", "warning", check=0).stdout
        self.assertNotIn("read again", warnings)

    def test_lines_alone_set_off_no_alert_and_no_further_lines(self):
        self.set.start_all()
        self.set.processes["service-gateway"].reload()
        wait_for("the line", lambda: self.lines("configuration read again", subject="service-gateway"))
        count = len(self.set.events())
        stays("quiet", lambda: len(self.set.events()) == count, 1.5)
        self.assertEqual(self.set.events(type="alert.sent"), [])


if __name__ == "__main__":
    unittest.main()
