"""The system calls and the files that a query worker keeps, by the kernel's own means; nothing can be taken back.

An allow-list: what is not named fails with EPERM, so that a library that tries more than it needs goes on without it.
Linux on x86_64 and aarch64; elsewhere the other walls (resource limits, the guard) stand alone.
Source: seccomp(2), landlock(7); linux/filter.h, linux/seccomp.h, linux/audit.h, linux/landlock.h.
"""

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import platform
import resource
import signal
import struct
from pathlib import Path
from typing import Any, Final

CALLS: Final[dict[str, tuple[int, int]]] = {
    "seccomp": (317, 277),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
"""What confining takes beside prctl(2), by number on x86_64 and on aarch64: a filter around us has to let it pass."""

COMPLAINT_CHARACTERS: Final = 500  # of a line that a worker leaves in the log

_AUDIT: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # how the kernel names a call's convention
_MACHINES: Final = tuple(_AUDIT)

# The number on x86_64 and on aarch64, None where a machine has no such call. In the order of how often a query makes
# them: the filter is read from the top on kernels that keep no table of their own.
_ALLOWED: Final[dict[str, tuple[int | None, int | None]]] = {
    "recvfrom": (45, 207),  # the socket to the parent: no other can be made
    "sendto": (44, 206),
    "getrusage": (98, 165),  # each query's own share of processor time
    "futex": (202, 98),
    "pread64": (17, 67),  # files of a store on disk that were open before the filter
    "brk": (12, 214),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "recvmsg": (47, 212),
    "sendmsg": (46, 211),
    "poll": (7, None),
    "ppoll": (271, 73),
    "readahead": (187, 213),
    "fadvise64": (221, 223),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),  # what the kernel makes of a sleep that a stop interrupted
    "close": (3, 57),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_TO_READ_FILES: Final[dict[str, tuple[int | None, int | None]]] = {  # what the engine asks of a file it has opened
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
}
_OPENAT: Final = (257, 56)
_FCNTL: Final = (72, 25)
_MMAP: Final = (9, 222)
_MPROTECT: Final = (10, 226)
_PRLIMIT: Final = (302, 261)
_TGKILL: Final = (234, 131)

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER_AT: Final = 0  # in struct seccomp_data
_MACHINE_AT: Final = 4
_ARGUMENTS_AT: Final = 16  # eight bytes each; both machines are little-endian, so the low half comes first

_PASS: Final = (_RETURN, 0, 0, 0x7FFF0000)
_REFUSE: Final = (_RETURN, 0, 0, 0x00050000 | errno.EPERM)

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_SET_MODE_FILTER: Final = 1
_GET_ACTION_AVAIL: Final = 2
_ALL_THREADS: Final = 1  # SECCOMP_FILTER_FLAG_TSYNC: a store on disk has threads of its own by then

_REFUSED: Final = "a filter around this process refuses {}"

_Instruction = tuple[int, int, int, int]


_WRITING: Final = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_VERSION: Final = 1  # LANDLOCK_CREATE_RULESET_VERSION: makes no rules, tells whether there could be some
_NO_FLAG: Final = 0xFFFFFFFF  # what no kernel takes
_PATH_BENEATH: Final = 1
_READ: Final = 1 << 2 | 1 << 3  # files, and the names in folders
_ANY_ACCESS: Final = (1 << 13) - 1  # all that the first version of Landlock tells apart


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def missing() -> str | None:
    """Why there can be no filter of system calls here, in a few words; None if there can be one."""
    machine = platform.machine()
    if machine not in _AUDIT:
        return f"no table of system calls for {machine}"
    action = ctypes.c_uint32(_REFUSE[3] & 0xFFFF0000)
    said = _asked("seccomp", _GET_ACTION_AVAIL, 0, ctypes.byref(action))
    if said == -errno.EPERM:
        return _REFUSED.format("seccomp")
    return "this kernel offers no seccomp filter" if said < 0 else None


def missing_for_files() -> str | None:
    """Why `keep_files` cannot be had here, in a few words; None if it can.

    From then on no program that this process runs gains privileges: the kernel answers nobody else.
    """
    _forgo_privileges()
    probes = {
        "landlock_create_ruleset": (None, 0, _VERSION),
        "landlock_add_rule": (-1, _PATH_BENEATH, None, _NO_FLAG),
        "landlock_restrict_self": (-1, _NO_FLAG),
    }
    for name, arguments in probes.items():
        said = _asked(name, *arguments)
        if said == -errno.EPERM:
            return _REFUSED.format(name)
        if said in (-errno.ENOSYS, -errno.EOPNOTSUPP):
            return "this kernel offers no Landlock"
    return None


def _asked(name: str, *arguments: Any) -> int:
    """What the kernel says to one of CALLS: a value, or the number of an error below zero."""
    libc = ctypes.CDLL(None, use_errno=True)
    said: int = libc.syscall(CALLS[name][platform.machine() == "aarch64"], *arguments)
    return said if said >= 0 else -ctypes.get_errno()


def _had(name: str, *arguments: Any) -> int:
    """The value of one of CALLS.

    Raises: OSError if the kernel refuses.
    """
    said = _asked(name, *arguments)
    if said < 0:
        raise OSError(-said, f"{name}: {os.strerror(-said)}")
    return said


def _forgo_privileges() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Asks the kernel to end this process together with the one that forked it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the kernel knew that we want to die with it


def keep_files(folder: Path) -> None:
    """Leaves to this thread, and to those it starts from now on, the reading of the files beneath one folder alone.

    Raises: OSError if the kernel refuses, which it does not where `missing_for_files()` is None.
    """
    _forgo_privileges()
    handled = ctypes.c_uint64(_ANY_ACCESS)
    rules = _had("landlock_create_ruleset", ctypes.byref(handled), ctypes.sizeof(handled), 0)
    beneath = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    rule = ctypes.create_string_buffer(struct.pack("=Qi", _READ, beneath))
    _had("landlock_add_rule", rules, _PATH_BENEATH, rule, 0)
    _had("landlock_restrict_self", rules, 0)
    os.close(beneath)
    os.close(rules)


def complain(line: str) -> None:
    """Says a line on standard error, if that can still be written to: a file may not be, once files may not grow."""
    with contextlib.suppress(OSError):
        os.write(2, f"{line[:COMPLAINT_CHARACTERS]}\n".encode(errors="replace"))


def confine(*, reads_files: bool = False) -> None:
    """Leaves to this process and all its threads only the system calls of a query.

    Shape:  `reads_files` for a store on disk, which opens its files one by one as queries need them.
    Raises: OSError if the kernel refuses, which it does not where `missing()` is None.
    """
    instructions = _filter(platform.machine(), os.getpid(), reads_files=reads_files)
    packed = b"".join(struct.pack("=HBBI", *one) for one in instructions)
    program = _Program(len(instructions), packed)
    _forgo_privileges()
    _had("seccomp", _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))


def _filter(machine: str, process: int, *, reads_files: bool) -> list[_Instruction]:
    """The program that the kernel runs at each system call of a process."""
    column = _MACHINES.index(machine)
    program = [(_LOAD, 0, 0, _MACHINE_AT), (_IF_EQUAL, 1, 0, _AUDIT[machine]), _REFUSE, (_LOAD, 0, 0, _NUMBER_AT)]
    allowed = _ALLOWED | _TO_READ_FILES if reads_files else _ALLOWED
    for number in (numbers[column] for numbers in allowed.values()):
        if number is not None:
            program += _call(number, [_PASS])
    # Only its own limits, and of these only the processor time: who runs as root could raise the others again.
    program += _call(_PRLIMIT[column], [*_argument_is(0, 0), *_argument_is(1, resource.RLIMIT_CPU), _PASS])
    # No signal but to itself: a worker that aborts does so by one.
    program += _call(_TGKILL[column], [*_argument_is(0, process), _PASS])
    for numbers in (_MMAP, _MPROTECT):  # memory, but none that can be run
        program += _call(numbers[column], [*_argument_lacks(2, mmap.PROT_EXEC), _PASS])
    if reads_files:
        program += _call(_OPENAT[column], [*_argument_lacks(2, _WRITING), _PASS])
        commands = [_call(command, [_PASS]) for command in (fcntl.F_GETFD, fcntl.F_SETFD)]
        program += _call(_FCNTL[column], [(_LOAD, 0, 0, _ARGUMENTS_AT + 8), *commands[0], *commands[1], _REFUSE])
    return [*program, _REFUSE]


def _call(number: int, then: list[_Instruction]) -> list[_Instruction]:
    return [(_IF_EQUAL, 0, len(then), number), *then]


def _argument_is(index: int, value: int) -> list[_Instruction]:
    """Goes on only if an argument, of which the kernel too reads 32 bits, has a value."""
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * index), (_IF_EQUAL, 1, 0, value), _REFUSE]


def _argument_lacks(index: int, bits: int) -> list[_Instruction]:
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * index), (_IF_ANY_BIT, 0, 1, bits), _REFUSE]
