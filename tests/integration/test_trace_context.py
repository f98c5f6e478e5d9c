"""The traceparent that requests carry to the providers, read by the simulator."""

import hashlib
import unittest

from test_gateway import GatewayTest

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def span_id(*name):
    """What a span is called: written from common/base/trace_context.h, not from its code."""
    return hashlib.sha256(" ".join(str(part) for part in name).encode()).hexdigest()[:16]


def span_of_attempt(trace, call, attempt):
    return span_id(trace, "attempt", attempt["began"], call, attempt["provider"])


class TraceContext(GatewayTest):
    def parents(self, provider, words):
        return [r["traceparent"] for r in self.set.requests(provider, words)]

    def test_each_attempt_carries_the_calls_trace_and_a_span_of_its_own(self):
        self.set.faults({"id": "two", "kind": "status", "status": 503, "count": 2,
                         "match": {"provider": "elevenlabs", "path": "*text-to-speech*"}})
        self.client.speak("s", "Hello Ada", trace=TRACE)
        reply = self.client.wait("s")
        self.assertEqual([a["status"] for a in reply["attempts"]], [503, 503, 200])
        self.assertEqual(self.parents("elevenlabs", "text-to-speech"),
                         [f"00-{TRACE}-{span_of_attempt(TRACE, 's', a)}-01" for a in reply["attempts"]])
        self.assertEqual(len({a["began"] for a in reply["attempts"]}), 3)

    def test_a_question_about_a_call_names_the_contacts_span(self):
        self.client.dial("d", "+12025550100", trace=TRACE)
        sid = self.client.wait("d")["result"]["sid"]
        self.client.send("q", "telephony", "call_status", {"sid": sid}, trace=TRACE)
        self.assertTrue(self.client.wait("q")["ok"])
        self.assertEqual(self.parents("twilio", sid), [f"00-{TRACE}-{span_id(TRACE, 'contact', 0, '')}-01"])

    def test_without_a_trace_of_w3c_there_is_no_header(self):
        self.client.speak("none", "One")
        self.client.speak("other", "Two", trace="order 17")
        self.client.wait_all(["none", "other"])
        self.assertEqual(self.parents("elevenlabs", "text-to-speech"), [None, None])

    def test_it_can_be_turned_off_while_running(self):
        self.set.config["gateway"] = {"trace_context": False}
        self.set.write_config()
        self.set.processes["gateway-0"].reload()
        self.client.speak("off", "Three", trace=TRACE)
        self.assertTrue(self.client.wait("off")["ok"])
        self.assertEqual(self.parents("elevenlabs", "text-to-speech"), [None])


if __name__ == "__main__":
    unittest.main()
