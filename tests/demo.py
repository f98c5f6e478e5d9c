"""The demo's campaign with its outage (deploy/demo-stage), and its independent reader (deploy/demo-check), for a set
that is run in another way: by a Procfile, in containers, under systemd."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import time

DEPLOY = pathlib.Path(__file__).resolve().parents[1] / "deploy"
CONTACTS = DEPLOY / "contacts.csv"


def load_stage(simulator):
    """deploy/demo-stage as a module, for a set whose simulator is at this address."""
    loader = importlib.machinery.SourceFileLoader("demo_stage", str(DEPLOY / "demo-stage"))
    stage = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(stage)
    stage.SIMULATOR = simulator
    return stage


def play(stage, root, the_set):
    """Plays it with a set that has what deploy/demo-stage's Set has, and stops the set. `root` has its logs in log,
    its mails in mail. Fails unless everything is at the receiving ends as deploy/demo-expected.json has it."""
    story = stage.Story()
    code = stage.play(story, root, the_set)
    assert code == 3, f"'ringfence campaign run' ended with {code}, not 3: {(root / 'log/campaign.txt').read_text()}"
    check = subprocess.run([DEPLOY / "demo-check", root, "--duration", f"{time.monotonic() - story.began:.1f}"],
                           capture_output=True, text=True, check=False)
    print(check.stdout, flush=True)
    assert check.returncode == 0, f"not as expected:\n{check.stdout}{check.stderr}"
