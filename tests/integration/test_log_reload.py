"""A logger that is reloaded again and again while events come: each is in every sink once."""

import unittest

from all_sinks import AllSinksCase
from test_logger import events


class ReloadTest(AllSinksCase):
    def publish_and_reload(self, pages, change=lambda page: None):
        logger = self.set.start("logger")
        for page in range(pages):
            self.publisher.publish(*events(100, f"p{page}"))
            change(page)
            logger.reload()
        expected = [name for page in range(pages) for name in self.subjects(100, f"p{page}")]
        self.check_sinks(expected)
        self.publisher.publish(*events(1, "last"))
        self.check_sinks(expected + self.subjects(1, "last"))

    def test_a_page_that_is_under_way_is_given_once(self):
        self.publish_and_reload(30)

    def test_so_it_is_when_the_settings_are_others_each_time(self):
        def change(page):
            self.set.config["logger"]["syslog"]["app_name"] = f"name-{page}"
            self.set.config["logger"]["otlp"]["batch"] = 100 + page
            self.set.write_config()
        self.publish_and_reload(15, change)
        self.assertEqual(self.receiver.messages[-1]["app"], "name-14")


if __name__ == "__main__":
    unittest.main()
