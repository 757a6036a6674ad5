"""Start of a confined kernel: report what it opens outside its desk, then be a normal kernel.

Runs as a program of its own inside the jail. The report is a hint for the instructor; the walls
are what keeps a submission in. A pipe can only be added to, so no earlier line can be taken back.
"""

import json
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress

_PIPE = 3
_MOST_REPORTS = 500
_MOST_LETTERS = 300
_TOUCH = {"open", "os.listdir", "os.scandir", "os.chdir", "os.remove", "os.rename", "os.link"}
_TOUCH |= {"os.symlink", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree"}
_COMMAND = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn"}
_NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.sendto"}
_LOCAL = ("localhost", "127.", "::1", "0.0.0.0")  # noqa: S104 - names, nothing is bound


def reporter(visible: tuple[str, ...]) -> Callable[[str, tuple], None]:
    """An audit hook that reports each path outside `visible`, each command and each far host."""
    seen: set[str] = set()
    write, dump, normal, join = os.write, json.dumps, os.path.normpath, os.path.join
    here, decode, roots = os.getcwd, os.fsdecode, tuple(f"{path}/" for path in visible)

    def tell(kind: str, text: str) -> None:
        line = dump([kind, text[:_MOST_LETTERS]]) + "\n"
        if line in seen or len(seen) >= _MOST_REPORTS:
            return
        seen.add(line)
        with suppress(OSError):  # full, or closed by the submission: the grader sees that itself
            write(_PIPE, line.encode())

    def hook(event: str, details: tuple) -> None:
        if event in _TOUCH:
            for path in details[:2]:
                if isinstance(path, (str, bytes)):
                    place = normal(join(here(), decode(path)))
                    if not f"{place}/".startswith(roots):
                        tell("path", place)
        elif event in _COMMAND:
            tell("command", " ".join(map(str, _words(details))))
        elif event in _NETWORK:
            host = _host(event, details)
            if host and not host.startswith(_LOCAL):
                tell("host", host)

    return hook


def _words(details: tuple) -> list:
    """The command's words, of whatever shape the audit event gives them in."""
    first = details[1] if len(details) > 1 and details[1] else details[0]
    words = list(first) if isinstance(first, (list, tuple)) else [first]
    return [os.fsdecode(word) if isinstance(word, bytes) else word for word in words]


def _host(event: str, details: tuple) -> str:
    """The far end's name, empty for a socket that is a file."""
    far = details[0] if event == "socket.getaddrinfo" else details[1]
    far = far[0] if isinstance(far, tuple) and far else far
    if isinstance(far, bytes):
        far = os.fsdecode(far)
    return far if isinstance(far, str) and not far.startswith(("/", "\0")) else ""


def main() -> None:
    """Install the hook if there is a pipe to report to; become the kernel."""
    visible = tuple(json.loads(os.environ.pop("CXR_VISIBLE", "[]")))
    try:
        listening = stat.S_ISFIFO(os.fstat(_PIPE).st_mode)
    except OSError:
        listening = False
    from ipykernel.kernelapp import launch_new_instance

    if listening:
        os.write(_PIPE, b"\n")  # says that the pipe is in use
        sys.addaudithook(reporter(visible))
    launch_new_instance()


if __name__ == "__main__":
    main()
