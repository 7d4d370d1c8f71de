"""Tries one way out, as root inside, with arguments that would work: doors.py DOOR [ARGUMENT…]. Prints what opened."""
import ctypes, errno, fcntl, mmap, os, pty, resource, signal, socket, struct, subprocess, sys, time

libc = ctypes.CDLL(None, use_errno=True)
door, rest = sys.argv[1], sys.argv[2:]
word = lambda value: value if isinstance(value, (bytes, ctypes.Array, ctypes.c_void_p)) else ctypes.c_long(value)


def call(name, number, *args):
    """Says so when a system call succeeds, or fails for another reason than a refusal."""
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *map(word, args)) >= 0:
        print("open", name)
    elif ctypes.get_errno() not in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        print("reached", name, errno.errorcode[ctypes.get_errno()])


def attempt(name, act):
    try:
        act()
        print("open", name)
    except OSError:
        pass


def write(path, text):
    attempt(path, lambda: os.write(os.open(path, os.O_WRONLY), text.encode()))


def namespaces():
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80):
        call(f"unshare {flag:#x}", 272, flag)
        call(f"unshare user and {flag:#x}", 272, flag | 0x10000000)
        if flag != 0x80 and (child := libc.syscall(ctypes.c_long(56), ctypes.c_long(flag | 0x10000000 | 17), None, None, None, None)) >= 0:
            if child == 0:
                os._exit(0)
            print("open clone", hex(flag))
    arguments = (ctypes.c_ulong * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
    call("clone3", 435, arguments, 64)
    for kind in ("user", "mnt", "net", "pid", "uts", "ipc", "cgroup"):
        fd = os.open(f"/proc/self/ns/{kind}", os.O_RDONLY)
        call(f"setns {kind}", 308, fd, 0)
    call("setns pidfd", 308, os.pidfd_open(os.getpid()), 0x20000)


def mounts():
    for kind in (b"tmpfs", b"proc", b"sysfs", b"overlay", b"cgroup", b"cgroup2", b"devtmpfs", b"fuse", b"debugfs", b"securityfs", b"bpf", b"btrfs", b"mqueue"):
        call(f"mount {kind}", 165, b"none", b"/mnt", kind, 0, 0)
        call(f"fsopen {kind}", 430, kind, 0)
    call("bind", 165, b"/etc", b"/mnt", 0, 0x1000, 0)
    call("remount", 165, 0, b"/proc/sys", 0, 0x1020, 0)
    call("propagate", 165, 0, b"/", 0, 0x4C000, 0)
    call("umount", 166, b"/proc/sys", 2)
    call("open_tree", 428, -100, b"/proc/sys", 1)
    call("move_mount", 429, -100, b"/proc/sys", -100, b"/mnt", 0)
    call("mount_setattr", 442, -100, b"/proc/sys", 0, (ctypes.c_ulong * 4)(0, 1, 0, 0), 32)
    call("pivot_root", 155, b"/", b"/mnt")


def masked():
    """What is masked or read-only: by its path, by a link to it, by another way to the same file."""
    for path in ("/proc/sys/kernel/core_pattern", "/proc/self/root/proc/sys/kernel/core_pattern", "/proc/thread-self/root/proc/sys/vm/drop_caches", "/proc/1/../sys/kernel/panic"):
        write(path, "1")
    for path in ("/proc/kcore", "/proc/self/root/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/kernel/security/lsm", "/proc/self/root/sys/module/kernel/parameters/panic"):
        try:
            if open(path, "rb").read(16):
                print("read", path)
        except OSError:
            pass
    attempt("rename a mask", lambda: os.rename("/proc/kcore", "/tmp/kcore"))
    attempt("unlink a mask", lambda: os.unlink("/proc/kcore"))
    attempt("chmod a mask", lambda: os.chmod("/proc/sys/kernel", 0o777))


def settings():
    for base, _, names in os.walk("/proc/sys"):
        for name in names:
            attempt(f"{base}/{name}", lambda: os.close(os.open(f"{base}/{name}", os.O_WRONLY)))


def devices_of_sys():
    for base, _, names in os.walk("/sys"):
        for name in names:
            attempt(f"{base}/{name}", lambda: os.close(os.open(f"{base}/{name}", os.O_WRONLY)))


def core_pattern():
    write("/proc/sys/kernel/core_pattern", "|/bin/sh -c 'touch /owned'")
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print("open core limit", flush=True)
        except (ValueError, OSError):
            pass
        os.kill(os.getpid(), signal.SIGQUIT)
    if os.WCOREDUMP(os.waitpid(child, 0)[1]):
        print("open core dumped")


def formats():
    write("/proc/sys/fs/binfmt_misc/register", ":x:M::x::/bin/sh:CF")
    call("binfmt_misc", 165, b"binfmt_misc", b"/proc/sys/fs/binfmt_misc", b"binfmt_misc", 0, 0)


def modules():
    call("init_module", 175, b"x", 1, b"")
    call("finit_module", 313, os.open("/bin/true", os.O_RDONLY), b"", 0)
    call("delete_module", 176, b"loop", 0)
    # Each would make the kernel look for a module.
    for family in range(3, 64):
        if family not in (10, 16):
            attempt(f"socket family {family}", lambda: socket.socket(family, socket.SOCK_RAW))
    for protocol in (33, 115, 132, 136, 256, 262):
        for kind in (1, 2, 3, 5, 6):
            attempt(f"protocol {protocol}", lambda: socket.socket(2, kind, protocol))
    for protocol in range(1, 32):
        attempt(f"netlink {protocol}", lambda: socket.socket(16, 3, protocol))
    one = socket.socket()
    attempt("congestion", lambda: one.setsockopt(6, 13, b"hybla"))
    attempt("upper protocol", lambda: one.setsockopt(6, 31, b"espintcp"))


def packets():
    attempt("raw", lambda: socket.socket(2, 3, 255))
    attempt("raw icmp", lambda: socket.socket(2, 3, 1))
    attempt("raw 6", lambda: socket.socket(10, 3, 58))
    attempt("packet", lambda: socket.socket(17, 3, 0x300))
    attempt("packet by internet", lambda: socket.socket(2, 10, 0x300))
    one = socket.socket(2, 2)
    attempt("transparent", lambda: one.setsockopt(0, 19, 1))
    attempt("mark", lambda: one.setsockopt(1, 36, 1))
    attempt("priority", lambda: one.setsockopt(1, 12, 7))
    attempt("send buffer by force", lambda: one.setsockopt(1, 32, 1 << 24))
    attempt("up", lambda: fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"eth0", 0x1043)))
    attempt("address", lambda: fcntl.ioctl(one, 0x8924, struct.pack("16sH6s", b"eth0", 1, b"\2\0\0\0\0\1")))


def devices():
    for name, mode, device in (("disk", 0o60666, os.makedev(254, 0)), ("loop", 0o60666, os.makedev(7, 0)), ("mem", 0o20666, os.makedev(1, 1)), ("kmsg", 0o20666, os.makedev(1, 11)), ("fuse", 0o20666, os.makedev(10, 229)), ("tun", 0o20666, os.makedev(10, 200)), ("kvm", 0o20666, os.makedev(10, 232)), ("null", 0o20666, os.makedev(1, 3))):
        for place in ("/home/user", "/dev", "/dev/shm", "/run"):
            def make():
                os.mknod(f"{place}/door-{name}", mode, device)
                os.close(os.open(f"{place}/door-{name}", os.O_RDWR))
            attempt(f"{place}/{name}", make)
    for path in ("/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/loop-control", "/dev/vda", "/dev/userfaultfd", "/dev/vsock", "/dev/btrfs-control"):
        attempt(path, lambda: os.open(path, os.O_RDONLY))


def programs_of_the_kernel():
    attributes = ctypes.create_string_buffer(struct.pack("IIII", 2, 4, 4, 1) + bytes(112))
    call("bpf map", 321, 0, attributes, 128)
    call("perf", 298, ctypes.create_string_buffer(struct.pack("IIQ", 1, 128, 0) + bytes(112)), 0, -1, -1, 0)
    call("userfaultfd", 323, 0x80000)
    call("io_uring", 425, 8, ctypes.create_string_buffer(120))
    call("aio", 206, 8, (ctypes.c_ulong * 1)())
    call("memfd_secret", 447, 0)


def keyrings():
    call("add_key", 248, b"user", b"x", b"y", 1, -4)
    call("request_key", 249, b"user", b"x", b"y", -4)
    for ring in (-1, -2, -3, -4, -5):
        call("keyctl", 250, 0, ring, 1)


def end_of_the_host():
    call("reboot", 169, 0xFEE1DEAD, 672274793, 0x1234567)
    call("reboot keys", 169, 0xFEE1DEAD, 672274793, 0)
    call("kexec", 246, 0, 0, 0, 0)
    call("kexec by file", 320, os.open("/bin/true", os.O_RDONLY), -1, 0, b"", 4)
    write("/proc/sysrq-trigger", "h")
    attempt("sleep", lambda: os.open("/sys/power/state", os.O_WRONLY))
    call("swapoff", 168, b"/swap")
    call("acct", 163, b"/home/user/acct")
    call("vhangup", 153)


def clocks():
    now = (ctypes.c_long * 2)(int(time.time()), 0)
    for clock in (0, 7, 8):
        call(f"clock_settime {clock}", 227, clock, now)
    call("settimeofday", 164, now, 0)
    attributes = ctypes.create_string_buffer(struct.pack("I4xq", 0x8000 | 1, 1) + bytes(208))
    call("adjtimex", 159, attributes)
    call("clock_adjtime", 305, 0, attributes)
    attempt("alarm that wakes the host", lambda: os.open("/dev/rtc0", os.O_RDONLY) if libc.timerfd_create(8, 0) < 0 else None)


def terminals():
    one, two = pty.openpty()
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(two, 0x540E, 0)
        attempt("type into a terminal", lambda: fcntl.ioctl(two, 0x5412, b"x"))
        attempt("console", lambda: fcntl.ioctl(two, 0x541D, 0))
        # Line disciplines that nobody has loaded: SLIP, mouse, PPP, X.25, HDLC, GSM.
        for discipline in (1, 2, 3, 6, 13, 21, 25, 29):
            attempt(f"line discipline {discipline}", lambda: fcntl.ioctl(two, 0x5423, struct.pack("i", discipline)))
        attempt("the console's terminal", lambda: os.open("/dev/tty0", os.O_RDWR))
        os._exit(0)
    os.waitpid(child, 0)


def first_process():
    call("ptrace", 101, 16, 1, 0, 0)
    call("seize", 101, 0x4206, 1, 0, 0)
    attempt("its memory", lambda: open("/proc/1/mem", "r+b"))
    attempt("its files", lambda: open("/proc/1/fd/1", "w"))
    buffer = ctypes.create_string_buffer(16)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 16)
    call("process_vm_readv", 310, 1, vector, 1, vector, 1, 0)
    pidfd = os.pidfd_open(1)
    call("pidfd_getfd", 438, pidfd, 1, 0)
    call("kcmp", 312, 1, os.getpid(), 0, 1, 1)
    call("process_madvise", 440, pidfd, vector, 1, 21, 0)
    os.kill(1, signal.SIGKILL)
    os.kill(1, signal.SIGSTOP)


def priority():
    for name, policy in (("fifo", os.SCHED_FIFO), ("round robin", os.SCHED_RR)):
        attempt(name, lambda: os.sched_setscheduler(0, policy, os.sched_param(10)))
    call("deadline", 314, 0, ctypes.create_string_buffer(struct.pack("IIQiIQQQ", 48, 6, 0, 0, 0, 10**7, 10**8, 10**8)), 0)
    attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
    call("disk time", 251, 1, 0, 1 << 13)
    for pid in ("self", "1"):
        write(f"/proc/{pid}/oom_score_adj", "-1000")
    for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_SIGPENDING, resource.RLIMIT_CORE, resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE):
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            def more():
                try:
                    resource.setrlimit(what, (hard, hard + 1))
                except ValueError as error:
                    raise OSError(error)
            attempt(f"limit {what}", more)


def capabilities():
    """A program with more than its caller has, by its file: the bounding set keeps that out."""
    os.system("cp /usr/bin/python3 /home/user/able")
    # Version 2, effective, every capability permitted: root may set that, for its own user namespace.
    os.setxattr("/home/user/able", "security.capability", struct.pack("<IIIII", 0x02000001, 0xFFFFFFFF, 0, 0x1FF, 0))
    try:
        show = ["/home/user/able", "-c", "print(open('/proc/self/status').read())"]
        held = subprocess.run(show, capture_output=True, text=True).stdout
    except OSError:
        held = ""  # its bounding set does not hold what the file wants
    # CAP_SYS_ADMIN is 21, CAP_NET_RAW 13, CAP_NET_ADMIN 12, CAP_SYS_PTRACE 19, CAP_SYS_MODULE 16.
    for line in held.splitlines():
        if line.startswith(("CapPrm", "CapEff", "CapBnd")) and int(line.split()[1], 16) & (1 << 21 | 1 << 13 | 1 << 12 | 1 << 19 | 1 << 16):
            print("open", line)
    for capability in range(41):
        libc.prctl(47, 2, capability, 0, 0)
    now = [int(line.split()[1], 16) for line in open("/proc/self/status") if line.startswith("CapEff")][0]
    if now & (1 << 21 | 1 << 13 | 1 << 12):
        print("open ambient")


def chroot_escape():
    """The way out of a chroot that everybody knows, here from the root of the sandbox itself."""
    (marker,) = rest
    os.makedirs("/home/user/cell", exist_ok=True)
    fd = os.open("/", os.O_RDONLY)
    os.chroot("/home/user/cell")
    os.fchdir(fd)
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
    if os.path.exists(marker):
        print("open", marker)


def roots():
    (marker,) = rest
    up = "../" * 32
    for pid in [name for name in os.listdir("/proc") if name.isdigit()] + ["self", "thread-self"]:
        for way in ("root", "cwd", "root/proc/1/root", "task/1/root"):
            if os.path.exists(f"/proc/{pid}/{way}/{up}{marker}"):
                print("open", pid, way)


def handles():
    """A file by its handle, past every path: the root of the disk has a small inode number."""
    for inode in (1, 2, 5, 256, 257, 258):
        handle = ctypes.create_string_buffer(struct.pack("IiQQI", 20, 0x4D, inode, 5, 0) + bytes(16))
        call(f"handle {inode}", 304, os.open("/", os.O_RDONLY), handle, 0)


def tables_of_calls():
    """System calls by other numbers: those of 32 bits and of x32, whose filters might differ."""
    child = os.fork()
    if child == 0:
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        os._exit(1 if result > 0 else 0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1:
        print("open 32-bit calls")
    for number in (39, 165, 272):
        child = os.fork()
        if child == 0:
            os._exit(1 if libc.syscall(ctypes.c_long(0x40000000 + number), 0, 0, 0, 0, 0) > 0 else 0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1:
            print("open x32 call", number)


def kernel_log():
    call("syslog", 103, 3, ctypes.create_string_buffer(4096), 4096)
    call("clear", 103, 5, 0, 0)
    call("console off", 103, 6, 0, 0)
    attempt("/dev/kmsg", lambda: os.write(os.open("/dev/kmsg", os.O_WRONLY), b"x"))
    for name in ("kallsyms", "modules"):
        try:
            if any(int(line.split()[0], 16) for line in open(f"/proc/{name}")):
                print("open", name)
        except (OSError, ValueError):
            pass


def names():
    for number, value in ((170, b"owned"), (171, b"owned")):
        call("name", number, value, 5)
    write("/proc/sys/kernel/hostname", "owned")


def groups():
    for path in ("/sys/fs/cgroup", "/run/cgroup", "/proc/cgroups"):
        for base, _, files in os.walk(path):
            for file in files:
                if file in ("cgroup.procs", "tasks", "release_agent", "notify_on_release", "memory.max", "memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us", "pids.max", "devices.allow"):
                    write(f"{base}/{file}", "0")
    for version in (b"cgroup", b"cgroup2"):
        call(f"mount {version}", 165, b"none", b"/mnt", version, 0, b"memory" if version == b"cgroup" else 0)
    arguments = (ctypes.c_ulong * 11)(0x200000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, os.open("/proc", os.O_RDONLY))
    call("clone3 into a cgroup", 435, arguments, 88)


globals()[door]()
print("tried")
