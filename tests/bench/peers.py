"""The responder (nginx), and what a user would take instead: HAProxy and the Portkey gateway."""

import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from process import Server, listens

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PORTKEY = "1.15.2"
PATH = "/v1/chat/completions"

# What a chat provider answers: some hundred bytes.
ANSWER = json.dumps({
    "id": "chatcmpl-bench", "object": "chat.completion", "created": 1764000000, "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "Hello, this is the practice of Doctor Ada calling. You have an "
        "appointment tomorrow at nine. Shall we see you then?"}}],
    "usage": {"prompt_tokens": 40, "completion_tokens": 30, "total_tokens": 70}})
BUSY = json.dumps({"error": {"message": "The server is overloaded", "type": "server_error"}})

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 '{answer}'; }}
        location /busy/ {{ return 503 '{busy}'; }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    http-reuse always
frontend in
    bind 127.0.0.1:{port}
    default_backend responder
backend responder
    server one 127.0.0.1:{responder}
"""


def answers(port):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", data=b"{}")
    with urllib.request.urlopen(request, timeout=2) as reply:
        return reply.status == 200


def nginx(stack, folder, port):
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, answer=ANSWER, busy=BUSY))
    return Server(stack, folder, "nginx", ["/usr/sbin/nginx", "-e", folder / "nginx.log", "-p", folder, "-c",
                                           folder / "nginx.conf"], lambda: answers(port))


def haproxy(stack, folder, port, responder):
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, responder=responder))
    return Server(stack, folder, "haproxy", ["/usr/sbin/haproxy", "-db", "-f", folder / "haproxy.cfg"],
                  lambda: answers(port))


def portkey_headers(responder):
    return ["x-portkey-provider: openai", f"x-portkey-custom-host: http://127.0.0.1:{responder}/v1"]


def portkey_install():
    """The script that starts the pinned version, kept beside the builds, and "". None and why, if it cannot
    be had. What it installs is exactly what the lock file names; no script of a package is run."""
    folder = ROOT / "build/bench-peers"
    start = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    try:
        if shutil.which("node") is None or shutil.which("npm") is None:
            subprocess.run([ROOT / "deploy/install-packages", "nodejs", "npm"], check=True, stdout=sys.stderr)
        if not start.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / "peers" / name, folder)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder],
                           check=True, stdout=sys.stderr, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"it could not be installed: {error}"
    return start, ""


def portkey(stack, folder, start, port):
    # Without NODE_ENV=production Node would serve it in its development mode.
    return Server(stack, folder, "portkey", ["node", start, "--headless", f"--port={port}"],
                  lambda: listens(port), {"NODE_ENV": "production"})


def versions():
    """What was compared, as the programs tell it."""
    asked = {"nginx": ["/usr/sbin/nginx", "-v"], "haproxy": ["/usr/sbin/haproxy", "-v"],
             "node": ["node", "--version"], "libcurl": ["pkg-config", "--modversion", "libcurl"],
             "libzmq": ["pkg-config", "--modversion", "libzmq"]}
    told = {"portkey": PORTKEY}
    for name, command in asked.items():
        if shutil.which(command[0]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            told[name] = done.stdout.split("\n")[0]
    return told
