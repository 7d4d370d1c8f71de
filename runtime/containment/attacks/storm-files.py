"""What `storm.py` lets many processes do: with sockets and files."""


def passed_sockets():
    """Sockets that only each other hold: a thread of the kernel looks for them."""
    while going():
        pairs = []
        try:
            for _ in range(60):
                pairs.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
            for (one, two), (next_one, next_two) in zip(pairs, pairs[1:] + pairs[:1]):
                fds = array.array("i", [next_one.fileno(), next_two.fileno()])
                one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)], socket.MSG_DONTWAIT)
        except OSError:
            pass
        for one, two in pairs:
            one.close()
            two.close()


def sockets():
    while going():
        some = [socket.socket(family, kind) for family in (1, 2, 10) for kind in (1, 2)]
        for one in some:
            one.close()


def loopback():
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    while going():
        try:
            one = socket.create_connection(server.getsockname(), 1)
            server.accept()[0].close()
            one.close()
        except OSError:
            time.sleep(0.001)


def datagrams():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while going():
        for _ in range(100):
            try:
                one.sendto(b"x" * 1000, ("127.0.0.1", 9))
            except OSError:
                pass


def pipes():
    """One byte goes to and fro: each time somebody sleeps and somebody is woken."""
    there, back = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(there[1])
        while os.read(there[0], 1):
            os.write(back[1], b"x")
        os._exit(0)
    while going():
        os.write(there[1], b"x")
        os.read(back[0], 1)
    os.close(there[1])


def epolls():
    while going():
        one, two = select.epoll(), select.epoll()
        read, write = os.pipe()
        one.register(read)
        two.register(one.fileno())
        for fd in (read, write):
            os.close(fd)
        one.close()
        two.close()


def routes():
    """Dumps of links, for which the kernel takes the lock of all networks."""
    one = socket.socket(16, socket.SOCK_RAW, 0)
    ask = (32).to_bytes(4, "little") + (18).to_bytes(2, "little") + (0x301).to_bytes(2, "little") + bytes(24)
    while going():
        try:
            one.send(ask)
            one.recv(65536)
            one.recv(65536, socket.MSG_DONTWAIT)
        except OSError:
            pass


def watches():
    while going():
        fd = libc.inotify_init()
        if fd < 0:
            time.sleep(0.001)
            continue
        for path in (b"/tmp", b"/home", b"/usr"):
            libc.inotify_add_watch(fd, path, 0xFFF)
        os.close(fd)


def filter_of(length):
    code = b"".join((4).to_bytes(2, "little") + bytes(2) + n.to_bytes(4, "little") for n in range(length - 1))
    code += (6).to_bytes(2, "little") + bytes(2) + (0x7FFF0000).to_bytes(4, "little")
    buffer = ctypes.create_string_buffer(code, len(code))
    return buffer, (ctypes.c_ulong * 2)(length, ctypes.addressof(buffer))


def socket_filters():
    """Programs that the kernel compiles, in a table that all share."""
    code, program = filter_of(4000)
    kept = []
    while going():
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if libc.setsockopt(one.fileno(), 1, 26, program, 16) < 0 or len(kept) > 200:
            kept.clear()
        kept.append(one)


def call_filters():
    code, program = filter_of(2000)
    while going():
        child = os.fork()
        if child == 0:
            libc.prctl(38, 1, 0, 0, 0)
            for _ in range(8):
                libc.syscall(word(317), word(1), word(0), program)
            os._exit(0)
        os.waitpid(child, 0)


def memory_files():
    while going():
        fd = os.memfd_create("x")
        os.write(fd, bytes(65536))
        os.close(fd)


def segments():
    libc.shmat.restype = ctypes.c_void_p
    while going():
        segment = libc.shmget(0, word(1 << 20), 0o600)
        at = libc.shmat(segment, None, 0)
        if segment >= 0:
            libc.shmctl(segment, 0, None)
            ctypes.memset(at, 1, 4096)
            libc.shmdt(ctypes.c_void_p(at))


def policies():
    parameter = os.sched_param(0)
    while going():
        for policy in (os.SCHED_BATCH, os.SCHED_IDLE, os.SCHED_OTHER):
            try:
                os.sched_setscheduler(0, policy, parameter)
            except OSError:
                pass
        os.setpriority(os.PRIO_PROCESS, 0, min(19, os.getpriority(os.PRIO_PROCESS, 0) + 1))


def process_files():
    while going():
        for name in ("self/smaps", "self/mountinfo", "stat", "self/maps", "net/tcp", "self/status"):
            try:
                with open(f"/proc/{name}", "rb") as file:
                    file.read()
            except OSError:
                pass


def small_files():
    directory = f"/home/user/small{os.getpid()}"
    os.mkdir(directory)
    n = 0
    while going():
        n += 1
        try:
            with open(f"{directory}/{n % 500}", "wb") as file:
                file.write(b"x")
            os.rename(f"{directory}/{n % 500}", f"{directory}/other")
            os.unlink(f"{directory}/other")
        except OSError:
            pass


def flushes():
    fd = os.open(f"/home/user/flush{os.getpid()}", os.O_CREAT | os.O_WRONLY)
    while going():
        os.write(fd, b"x" * 4096)
        libc.syncfs(fd)


def file_locks():
    import fcntl

    fd = os.open("/home/user/locked", os.O_CREAT | os.O_RDWR)
    n = 0
    while going():
        n += 1
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, (n * 2) % 100_000)
        except OSError:
            pass


def terminals():
    while going():
        try:
            one, two = os.openpty()
            os.set_blocking(one, False)
            os.write(one, b"x" * 4000)
            os.close(one)
            os.close(two)
        except OSError:
            time.sleep(0.001)


def dumps():
    """Processes that crash: their memory must not be written anywhere."""
    while going():
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGSEGV)
        os.waitpid(child, 0)
