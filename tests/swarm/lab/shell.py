"""Commands, each with an end: nothing in the lab may wait for ever."""

import os
import subprocess
import time

COMMAND_SECONDS = 60
PACE_SECONDS = 0.05

# Nothing of this machine's own Docker, and no proxy between the lab's addresses.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("DOCKER_") and not name.lower().endswith("_proxy")
}


class CommandFailed(AssertionError):
    pass


def run(*words, check=True, seconds=COMMAND_SECONDS, merge=False, **options):
    """Its standard output, with `merge` what it said as errors, too. A command that fails or takes too long says what it said."""
    words = [str(word) for word in words]
    try:
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            text=True, errors="replace", timeout=seconds, env=ENVIRONMENT, stdin=options.pop("stdin", subprocess.DEVNULL), **options,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(f"{' '.join(words)}: no end after {seconds} s") from late
    if check and done.returncode != 0:
        raise CommandFailed(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr or ''}")
    return done.stdout


def wait_until(question, what, seconds=60, pace=PACE_SECONDS):
    """The first true answer; `what` is what did not come."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{seconds} s, and not yet: {what}")
        time.sleep(pace)
