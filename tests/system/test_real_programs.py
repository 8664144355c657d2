"""Real clients and a real backend: curl, wrk, and nginx from Debian."""

import hashlib
import os
import pwd
import shutil
import subprocess

import pytest
from lab import addresses, process_table
from lab.certificates import without_sni
from lab.swarmward import connectable

NGINX = """
daemon off;
user {2};
worker_processes 1;
pid {0}/nginx.pid;
error_log {0}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {0}/body;
    proxy_temp_path {0}/proxy;
    fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi;
    gzip on;
    gzip_min_length 100;
    types {{ text/html html; text/plain txt; }}
    server {{
        listen {1}:9000;
        root {0}/www;
        absolute_redirect off;
        location /old {{ return 301 /new; }}
        location /put {{ client_max_body_size 100m; return 201 "taken"; }}
    }}
}}
"""


@pytest.fixture
def nginx(tmp_path):
    folder = tmp_path / "nginx"
    (folder / "www").mkdir(parents=True)
    (folder / "www/index.html").write_text("<h1>nginx</h1>" * 100)
    (folder / "www/big.bin").write_bytes(bytes(range(256)) * 40_000)
    address = addresses.fresh()
    # As whoever we are: to nobody else are these folders open, and a pytest that starts sees to that at any time.
    (folder / "nginx.conf").write_text(NGINX.format(folder, address, pwd.getpwuid(os.geteuid()).pw_name))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-p", folder])
    process_table.wait_until(lambda: connectable((address, 9000)), "nginx listens")
    yield address, folder
    process.terminate()
    process.wait(20)


@pytest.fixture
def curl(serving, nginx, authority):
    address, folder = nginx
    tls = without_sni(authority)
    instance = serving({"web": {"servers": [f"{address}:9000"]}}, {"a.test": "web"}, tls=tls)

    def ask(target, *options):
        host, port = instance.https
        words = ["curl", "-sS", "--cacert", str(instance.authority.ca), "--max-time", "30",
                 "--connect-to", f"a.test:443:{host}:{port}", *options, f"https://a.test{target}"]  # fmt: skip
        done = subprocess.run(words, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    ask.instance, ask.folder = instance, folder
    return ask


def test_curl_fetches_a_page(curl):
    assert curl("/").startswith(b"<h1>nginx</h1>")


def test_curl_fetches_ten_megabytes_whole(curl):
    want = (curl.folder / "www/big.bin").read_bytes()
    assert hashlib.sha256(curl("/big.bin")).digest() == hashlib.sha256(want).digest()


def test_curl_fetches_a_range(curl):
    assert curl("/big.bin", "-r", "256-511") == bytes(range(256))


def test_curl_gets_compressed_content_as_it_is(curl):
    assert curl("/", "--compressed").startswith(b"<h1>nginx</h1>")


def test_curl_asks_again_with_a_validator(curl):
    head = curl("/", "-I").decode()
    tag = next(line.split(": ", 1)[1] for line in head.splitlines() if line.lower().startswith("etag"))
    assert curl("/", "-H", f"If-None-Match: {tag}", "-o", "/dev/null", "-w", "%{http_code}") == b"304"


def test_curl_sends_a_body(curl):
    assert curl("/put", "-X", "PUT", "--data-binary", "x" * 100_000) == b"taken"


def test_curl_sends_a_chunked_body(curl):
    assert curl("/put", "-X", "PUT", "-H", "Transfer-Encoding: chunked", "-d", "x" * 1000) == b"taken"


def test_curl_is_redirected_by_the_backend_within_the_domain(curl):
    assert b"404" in curl("/old", "-L", "--max-redirs", "2", "-w", "%{http_code}")


def test_curl_follows_the_redirect_from_port_80(curl):
    host, port = curl.instance.http
    got = subprocess.run(
        ["curl", "-sS", "-L", "--cacert", str(curl.instance.authority.ca), "--max-time", "30",
         "--connect-to", f"a.test:80:{host}:{port}",
         "--connect-to", f"a.test:{curl.instance.https[1]}:{host}:{curl.instance.https[1]}", "http://a.test/"],
        capture_output=True,
    )  # fmt: skip
    assert got.stdout.startswith(b"<h1>nginx</h1>"), got.stderr


def test_wrk_sees_no_error(curl):
    host, port = curl.instance.https
    done = subprocess.run(
        ["wrk", "-t1", "-c16", "-d2s", "-H", "Host: a.test", f"https://{host}:{port}/"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0 and "requests in" in done.stdout
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout


def test_nginx_gets_and_gives_any_number_on_one_connection(curl):
    with curl.instance.client() as client:
        for _ in range(200):
            assert client.ask().status == 200
