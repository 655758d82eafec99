#!/usr/bin/env python3
"""Stands in for the script of the vendor's images: takes its documented arguments and no other (installation/cloud-platforms/cloud-init.md),
notes what it was told, and gives real NGINX the snippet in its http block. The wallarm module is not public: each directive of it becomes a
variable that NGINX evaluates and logs."""

import argparse
import json
import os
import re
import subprocess

PRESETS = ["proxy", "custom"] if __file__.startswith("/opt/wallarm/") else ["proxy", "mirror", "custom"]

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("-t", "--token", required=True)
parser.add_argument("-H", "--host", default="api.wallarm.com")
parser.add_argument("--skip-register", action="store_true")
parser.add_argument("-p", "--preset", choices=PRESETS)
parser.add_argument("-m", "--mode", choices=["off", "monitoring", "safe_blocking", "block"])
parser.add_argument("--proxy-pass")
parser.add_argument("--libdetection", action="store_true")
parser.add_argument("--global-snippet")
parser.add_argument("--http-snippet")
parser.add_argument("--server-snippet")
parser.add_argument("-l", "--log")
args = parser.parse_args()

with open("/tmp/told.json", "w", encoding="utf-8") as told:
    labels = os.environ.get("WALLARM_LABELS")
    running = os.path.exists("/run/nginx.pid")
    json.dump({"script": __file__, "token": args.token, "host": args.host, "preset": args.preset, "mode": args.mode, "labels": labels, "nginx": running}, told)

with open(args.http_snippet, encoding="utf-8") as file:
    snippet = file.read()
snippet = re.sub(r"^( *)wallarm_force +(\w+) +(\S+);$", r"\1set $told_\2 \3;", snippet, flags=re.M)
snippet = re.sub(r"^( *)wallarm_(application|partner_client_uuid) +(\S+);$", r"\1set $told_\2 \3;", snippet, flags=re.M)
snippet = re.sub(r"^ *wallarm_mode +(monitoring|off);$", "", snippet, flags=re.M)
snippet = snippet.replace("listen 8445;", 'listen 8445;\n    set $told_partner_client_uuid "";')
assert not re.search(r"^ *wallarm_", snippet, flags=re.M), "a directive that is not known here"
names = ["server_addr", "server_port", "response_status", "application", "partner_client_uuid"]
told_format = " ".join(f"{name}=$told_{name}" for name in names)
with open("/etc/nginx/nginx.conf", "w", encoding="utf-8") as conf:
    conf.write(f"""
user root; worker_processes 1; pid /run/nginx.pid; error_log /var/log/nginx/error.log;
events {{ worker_connections 256; }}
http {{
  log_format copies '$request remote_addr=$remote_addr {told_format} length=$request_length';
  access_log /tmp/copies.log copies;
  server {{ listen 127.0.0.8:80; access_log off; location /wallarm-status {{ return 200; }} }}
{snippet}
}}
""")
subprocess.run(["systemctl", "restart", "wallarm.service"], check=True)
