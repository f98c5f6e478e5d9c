"""Templates that a user put in place of ours, at their best and at their worst."""
import json
import pathlib
import tempfile
import unittest

from forms import HOSTILE, alert, forms
from test_mail_forms import Outline, body, parsed


class OwnTemplates(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rf-templates-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ask(self, files, *orders):
        for name, text in files.items():
            (self.folder / name).write_text(text)
        return forms([{"templates": str(self.folder), **order} for order in orders])

    def test_a_mail_in_ones_own_words(self):
        answer = self.ask({"subject.txt": "{{#is_resolved}}OK{{/is_resolved}}{{^is_resolved}}{{severity}}"
                                          "{{/is_resolved}}: {{title}}\n",
                           "email.html": "<ul>{{#facts}}<li>{{label}}={{value}}</li>{{/facts}}</ul>"},
                          {"alert": alert()})[0]
        mail = parsed(answer["form"])
        self.assertEqual(answer["trouble"], "")
        self.assertEqual(mail["Subject"], "error: Provider twilio is down")
        self.assertIn("<li>Provider=twilio</li>", body(mail, "html"))
        self.assertIn("id: 01JDF", body(mail, "plain"), "what is not replaced stays ours")

    def test_nothing_from_outside_breaks_ones_own_html_or_json(self):
        orders = [{"alert": alert(title=value), "channel": channel} for value in HOSTILE
                  for channel in ("email", "webhook")]
        answers = self.ask({"email.html": '<p title="{{title}}">{{title}}</p>',
                            "webhook.json": '{"t": "{{title}}", "f": [{{#lines}}"{{.}}",{{/lines}}null]}'}, *orders)
        for order, answer in zip(orders, answers):
            self.assertEqual(answer["trouble"], "")
            if order["channel"] == "webhook":
                self.assertEqual(set(json.loads(answer["form"])), {"t", "f"})
                continue
            outline = Outline(body(parsed(answer["form"]), "html"))
            self.assertEqual([(tag, [n for n, _ in attributes]) for tag, attributes in outline.tags],
                             [("p", ["title"])])

    def test_what_fails_gives_way_to_ours_and_says_so(self):
        # Right by itself, but a notice's kind is a name that stands there already.
        files = {"webhook.json": '{"{{kind}}": 1, "opened": 2}', "telegram.md": "{{#facts}}{{label}} {{value}}{{/facts}}"}
        hook, message = self.ask(files, {"channel": "webhook", "alert": alert()},
                                 {"channel": "telegram", "alert": alert(text="x\n\n" + "Label:  y\n" * 600)})
        self.assertEqual(json.loads(hook["form"])["data"]["kind"], "opened")
        self.assertRegex(hook["trouble"], "^webhook.json: gives no JSON: line 1, .*; the built-in form was sent$")
        self.assertIn("`01JDF`", json.loads(message["form"])["text"])
        self.assertEqual(message["trouble"], "telegram.md: gives more than 4096 characters; the built-in form was sent")

    def test_what_can_never_work_is_refused_with_its_place(self):
        for name, text, words in (
                ("telegram.md", "*{{title}}*\n{{text}} - {{id}}",
                 "telegram.md:2:10: Telegram refuses '-' as it is; expected \\-"),
                ("telegram.md", "`a.b` \\. [l](http://x.y/?a=b) ||s||\n>q\n.", "telegram.md:3:1: Telegram refuses '.'"),
                ("webhook.json", '{"t": {{title}}}', "webhook.json: with every value there it gives no JSON: line 1"),
                ("webhook.json", '{"t": [{{#lines}}"{{.}}"{{/lines}}]}', "with every value there it gives no JSON"),
                ("webhook.json", '{"a": 1 {{^title}},{{/title}}}', "with every value absent it gives no JSON"),
                ("email.html", "<p>{{name}}</p>", "email.html:1:4: unknown name")):
            for file in self.folder.iterdir():
                file.unlink()
            answer = self.ask({name: text}, {"alert": alert()})[0]
            self.assertIn(words, answer.get("error", "taken"), text)

    def test_ours_can_be_copied_and_give_the_same(self):
        source = pathlib.Path(__file__).parents[3] / "common" / "forms" / "templates"
        files = {file.name: file.read_text() for file in source.iterdir()}
        self.assertEqual(set(files), {"subject.txt", "email.txt", "email.html", "telegram.md"})
        for channel in ("email", "telegram"):
            order = {"channel": channel, "alert": alert()}
            self.assertEqual(self.ask(files, order)[0], forms([order])[0])


if __name__ == "__main__":
    unittest.main()
