"""Who sends what to whom stands in messages.def, in the README's table and in the dispatch arrays of the
broker, the client and the worker: all say the same."""

import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
CLIENTS = {"client", "publisher", "subscriber", "any"}


def read(name):
    return (SOURCE / name).read_text(encoding="utf-8")


def catalogue():
    """{name: (type, flow, meaning)} in the order of messages.def."""
    rows = re.findall(r'^MESSAGE\((\w+), "([^"]*)", "([^"]*)", "([^"]*)"\)$',
                      read("include/ringfence/messages.def"), re.MULTILINE)
    return {name: tuple(rest) for name, *rest in rows}


def array(name, of):
    """The body of a constant array in a source file."""
    found = re.search(r"\b" + of + r"\[\] = \{(.*?)^\};", read(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no array {of}"
    return found.group(1)


def handled(name, of):
    """Names of the messages that a source file's array handles."""
    return set(re.findall(r"\bRF_MESSAGE_(\w+)", array(name, of)))


def stops(flow):
    """The stations of a flow, without what stands in parentheses."""
    return [stop.strip() for stop in re.sub(r"\(.*?\)", "", flow).split(">")]


def received_by(who):
    return {name for name, (_, flow, _) in catalogue().items() if set(stops(flow)[1:]) & who}


class Flow(unittest.TestCase):
    def test_the_readmes_table_is_the_catalogue(self):
        rows = re.findall(r"^\| `([^`]+)` \| ([^|]*>[^|]*) \| ([^|]*) \|$", read("README.md"), re.MULTILINE)
        self.assertEqual(rows, list(catalogue().values()))
        self.assertGreater(len(rows), 30)

    def test_the_broker_handles_what_is_sent_to_it_and_nothing_else(self):
        self.assertEqual(handled("services/broker/core.c", "routes"), received_by({"broker"}))

    def test_what_only_workers_send_is_taken_on_their_socket_alone(self):
        routes = dict(re.findall(r"\{RF_MESSAGE_(\w+),\s*([^,]*),", array("services/broker/core.c", "routes")))
        for name, (_, flow, _) in catalogue().items():
            if name in routes:
                on_workers = "RF_SOCKET_WORKERS" in routes[name]
                self.assertEqual(on_workers, stops(flow)[0] == "worker", name)

    def test_a_worker_handles_what_is_sent_to_workers(self):
        # A status is asked for by clients only; the rest of what goes to any goes to workers too.
        self.assertEqual(handled("common/bus/worker_heard.c", "from_workers"),
                         received_by({"worker", "any"}) - {"status_reply"})

    def test_a_client_handles_what_is_sent_to_clients(self):
        calls = set(re.findall(r"message->type == RF_MESSAGE_(\w+)", read("common/bus/call.c")))
        self.assertEqual(handled("common/bus/bus.c", "from_ingest") | calls, received_by(CLIENTS))

    def test_the_page_says_who_writes_which_state(self):
        page = read("common/wire/ringfence-bus.7.in")
        rows = re.findall(r"^\.It (?:Li (\S+/)\S+|anything else) Ta ([a-z ]+) Ta", page, re.MULTILINE)
        named = {"RF_SUBSCRIBER_PREFIX": "services/broker/subscribers.h", "RF_ROSTER_PREFIX": "services/broker/roster.h"}
        of_the_broker = re.search(r"own_prefixes\[\] = \{(.*?)\}", read("services/broker/values.c"), re.DOTALL).group(1)
        own = re.findall(r'"([a-z]+/)"', of_the_broker)
        own += [re.search(name + r' +"(.*)"', read(file)).group(1) for name, file in named.items()
                if name in of_the_broker]
        writers = re.findall(r'\{"([a-z]*/?)", (\w+)\}', array("services/broker/rights.c", "writers"))
        self.assertEqual(writers[-1][0], "")
        self.assertEqual({prefix.split("/")[0] + "/" if prefix else "": role for prefix, role in rows},
                         {**dict.fromkeys(own, "the broker"), **{prefix: role.lower() for prefix, role in writers}})


if __name__ == "__main__":
    unittest.main()
