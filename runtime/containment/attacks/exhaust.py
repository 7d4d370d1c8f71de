"""Takes as much of one thing as the kernel gives, for some seconds: exhaust.py WHAT SECONDS"""
import ctypes, errno, fcntl, mmap, os, signal, socket, sys, threading, time

what, seconds = sys.argv[1], float(sys.argv[2])
end = time.time() + seconds
libc = ctypes.CDLL(None, use_errno=True)
going = lambda: time.time() < end
# On a busy machine it takes longer to be refused.
patient = lambda: time.time() < end + 8


def until_refused(take):
    """Calls `take` until the kernel says no, keeps what it got until the end, and tells how much that was."""
    kept = []
    try:
        while patient():
            kept.append(take())
    except OSError as error:
        print(len(kept), errno.errorcode[error.errno], flush=True)
    while going():
        time.sleep(0.05)


def in_children(act):
    """Lets a child do it again and again: the kernel kills the greediest process."""
    while going():
        child = os.fork()
        if child == 0:
            try:
                act()
            finally:
                os._exit(0)
        os.waitpid(child, 0)


def forks():
    while going():
        try:
            os.fork()
        except OSError:
            pass


def threads():
    def spin():
        while going():
            pass

    while going():
        try:
            threading.Thread(target=spin, daemon=True).start()
        except RuntimeError:
            pass
    os._exit(0)


def memory():
    def take():
        blocks = []
        while going():
            block = mmap.mmap(-1, 4 << 20)
            for at in range(0, 4 << 20, 4096):
                block[at] = 1
            blocks.append(block)

    in_children(take)


def page_cache():
    block = os.urandom(1 << 20)
    while going():
        with open("cache", "wb") as file:
            for _ in range(40):
                file.write(block)
        with open("cache", "rb") as file:
            while file.read(1 << 20):
                pass


def tmpfs():
    block = bytes(1 << 20)

    def take():
        n = 0
        while going():
            for place in ("/dev/shm", "/run", "/dev"):
                try:
                    with open(f"{place}/{n}", "wb") as file:
                        file.write(block)
                except OSError:
                    time.sleep(0.001)
            n += 1

    in_children(take)


def outliving():
    """Everything in memory that stays when the process that made it is killed, one after the other."""
    def files():
        for place in ("/dev/shm", "/run", "/dev"):
            for name in range(100_000):
                try:
                    with open(f"{place}/outliving{name}", "wb") as file:
                        file.write(bytes(1 << 16))
                except OSError:
                    break

    def segments():
        libc.shmat.restype = ctypes.c_void_p
        while going() and (segment := libc.shmget(0, ctypes.c_long(1 << 20), 0o1600)) >= 0:
            ctypes.memset(libc.shmat(segment, None, 0), 1, 1 << 20)

    def queues():
        while going() and (queue := libc.msgget(0, 0o1600)) >= 0:
            while libc.msgsnd(queue, b"12345678" + bytes(8000), ctypes.c_long(8000), 0o4000) == 0:
                pass

    def semaphores():
        while going() and libc.semget(0, 32_000, 0o1600) >= 0:
            pass

    for act in (files, segments, queues, semaphores):
        child = os.fork()
        if child == 0:
            try:
                act()
            finally:
                os._exit(0)
        os.waitpid(child, 0)


def message_queues():
    librt = ctypes.CDLL("librt.so.1", use_errno=True)
    n = 0

    def take():
        nonlocal n
        n += 1
        queue = librt.mq_open(f"/q{n}".encode(), 0o102, 0o600, (ctypes.c_long * 8)(0, 10, 8192))
        if queue < 0:
            raise OSError(ctypes.get_errno(), "mq_open")
        return queue

    until_refused(take)


def pipes():
    def take():
        read, write = os.pipe()
        fcntl.fcntl(write, 1031, 1 << 20)  # F_SETPIPE_SZ
        return read, write

    until_refused(take)


def shared_memory():
    def take():
        while going():
            segment = libc.shmget(0, 8 << 20, 0o1600)
            libc.shmat.restype = ctypes.c_void_p
            at = libc.shmat(segment, None, 0) if segment >= 0 else None
            libc.shmctl(segment, 0, None)
            if at and at != ctypes.c_void_p(-1).value:
                ctypes.memset(at, 1, 8 << 20)
            file = os.memfd_create("x")
            os.write(file, bytes(8 << 20))

    in_children(take)


def kernel_memory():
    def take():
        kept = []
        block = bytes(65536)
        while going():
            try:
                read, write = os.pipe()
                os.set_blocking(write, False)
                try:
                    fcntl.fcntl(write, 1031, 1 << 20)  # F_SETPIPE_SZ
                except OSError:
                    pass
                one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                one.setblocking(False)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
                kept += [read, write, one, two]
                for send in (lambda: os.write(write, block), lambda: one.send(block)):
                    try:
                        while going():
                            send()
                    except OSError:
                        pass
            except OSError:
                return

    in_children(take)


def processors():
    for _ in range(os.cpu_count() * 4):
        if os.fork() == 0:
            while going():
                pass
            os._exit(0)
    while going():
        time.sleep(0.05)


def disk():
    block = os.urandom(1 << 20)
    refused = False
    while going() or (patient() and not refused):
        try:
            with open("big", "wb") as file:
                while patient():
                    file.write(block)
        except OSError as error:
            refused = True
            print(errno.errorcode[error.errno], flush=True)
        try:
            os.unlink("big")
        except OSError:
            pass


def inodes():
    n = 0
    while going():
        if n % 1000 == 0:
            os.mkdir(f"many{n // 1000}")
        os.close(os.open(f"many{n // 1000}/{n}", os.O_CREAT))
        n += 1


def depth():
    name, levels = "d" * 200, 0
    try:
        while going():
            os.mkdir(name)
            os.chdir(name)
            levels += 1
    except OSError as error:
        print(levels, errno.errorcode[error.errno])


def descriptors():
    def take():
        for _ in range(8):
            if os.fork() == 0:
                until_refused(lambda: os.open("/dev/null", os.O_RDONLY))
                os._exit(0)
        until_refused(lambda: os.open("/dev/null", os.O_RDONLY))

    take()


def ptys():
    until_refused(lambda: os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))


def inotify():
    def take():
        fd = libc.inotify_init()
        if fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init")
        libc.inotify_add_watch(fd, b"/tmp", 0xFFF)
        return fd

    until_refused(take)


def signals():
    signal.signal(signal.SIGRTMIN, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])

    def take():
        os.kill(os.getpid(), signal.SIGRTMIN)
        timer = ctypes.c_void_p()
        if libc.timer_create(1, None, ctypes.byref(timer)) < 0:
            raise OSError(ctypes.get_errno(), "timer_create")

    until_refused(take)


def sync():
    while going():
        with open("small", "wb") as file:
            file.write(os.urandom(4096))
        os.sync()


def fsync():
    while going():
        with open("small", "wb") as file:
            file.write(os.urandom(65536))
            os.fsync(file.fileno())


def reflinks():
    with open("one", "wb") as file:
        file.write(os.urandom(4096))
    source = os.open("one", os.O_RDWR)
    n = 0
    while going():
        # FICLONERANGE: one extent, referenced from ever more places of many files.
        if n % 2000 == 0:
            target = os.open(f"clone{n // 2000}", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.ioctl(target, 0x4020940D, source.to_bytes(8, "little") + (0).to_bytes(8, "little")
                        + (4096).to_bytes(8, "little") + (n % 2000 * 8192).to_bytes(8, "little"))
        except OSError as error:
            print(n, errno.errorcode[error.errno])
            return
        n += 1
    print(n)


def compression():
    with open("squeezed", "wb"):
        pass
    os.setxattr("squeezed", "btrfs.compression", b"zstd")
    block = (os.urandom(64) + bytes(64)) * 8192
    while going():
        with open("squeezed", "r+b") as file:
            for _ in range(24):
                file.write(block)
            os.fsync(file.fileno())


VIEWED = ["/proc/stat", "/proc/cpuinfo", "/proc/meminfo", "/proc/uptime", "/proc/loadavg", "/proc/swaps"]


def view_reads():
    for n in range(100):
        try:
            if os.fork() == 0:
                while going():
                    try:
                        with open(VIEWED[n % len(VIEWED)], "rb", buffering=0) as file:
                            file.read(65536)
                    except OSError:
                        pass
                os._exit(0)
        except OSError:
            break
    while going():
        time.sleep(0.05)


def view_files():
    for n in range(100):
        try:
            if os.fork() == 0:
                kept = []
                while going():
                    try:
                        kept.append(os.open(VIEWED[n % len(VIEWED)], os.O_RDONLY))
                        os.read(kept[-1], 65536)
                    except OSError:
                        time.sleep(0.05)
                os._exit(0)
        except OSError:
            break
    while going():
        time.sleep(0.05)


def output():
    line = ("x" * 999 + "\n").encode()
    while going():
        os.write(1, line)


def system_calls():
    for _ in range(os.cpu_count()):
        if os.fork() == 0:
            while going():
                libc.sched_yield()
                os.getppid()
            os._exit(0)
    while going():
        time.sleep(0.05)


globals()[what]()
