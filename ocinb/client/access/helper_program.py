"""Running a credential helper: a program that is told a name and says what it has for it (K-22)."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading

OUTPUT_LIMIT = 64 * 1024
SECONDS = 10.0


def found(name: str) -> str | None:
    """Where the program `name` is in PATH."""
    program = shutil.which(name)
    # Windows looks here before it looks in PATH.
    return program if program is not None and os.path.isabs(program) else None


def said(command: list[str], told: str) -> bytes | None:
    """What `command` prints when told `told`; None when it takes too long or says too much."""
    output: list[bytes] = []
    try:
        process = subprocess.Popen(  # noqa: S603  # a checked name, found in PATH, and no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None
    # Read aside: a grandchild may keep the pipe open for longer than the helper lives.
    reader = threading.Thread(target=lambda: output.append(_talk(process, told)), daemon=True)
    try:
        reader.start()
        reader.join(SECONDS)
        in_time = not reader.is_alive()
    finally:
        process.kill()
        process.wait()
    return output[0] if in_time and output and len(output[0]) <= OUTPUT_LIMIT else None


def _talk(process: subprocess.Popen[bytes], told: str) -> bytes:
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        try:
            process.stdin.write(told.encode())
            process.stdin.close()
        except OSError:
            pass  # it did not want to hear the name; perhaps it answers all the same
        return process.stdout.read(OUTPUT_LIMIT + 1)
