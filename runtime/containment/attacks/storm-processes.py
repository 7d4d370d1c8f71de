"""What `storm.py` lets many processes do: with themselves, with time and with memory."""


def affinity():
    masks = [(ctypes.c_ulong * 16)(1 << cpu) for cpu in range(2)]
    while going():
        for mask in masks * 50:
            libc.sched_setaffinity(0, word(128), mask)


def vforks():
    # CLONE_VM | CLONE_VFORK | SIGCHLD: the child ends at once, on a stack of its own.
    stack = ctypes.create_string_buffer(65536)
    top = ctypes.c_void_p(ctypes.addressof(stack) + 65536 - 64)
    while going():
        child = libc.clone(ctypes.cast(libc._exit, ctypes.c_void_p), top, 0x100 | 0x4000 | 17, None)
        if child > 0:
            os.waitpid(child, 0)


def forks():
    while going():
        try:
            child = os.fork()
        except OSError:
            continue
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)


def programs():
    while going():
        try:
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
        except OSError:
            pass


def formats():
    """A program of a format that the kernel does not know: older ones look for a module that does."""
    path = f"/tmp/format{os.getpid()}"
    with open(path, "wb") as file:
        file.write(b"\x7f\x01\x02\x03" + os.urandom(60))
    os.chmod(path, 0o755)
    while going():
        try:
            os.waitpid(os.posix_spawn(path, ["x"], {}), 0)
        except OSError:
            pass


def threads():
    while going():
        try:
            one = threading.Thread(target=int)
            one.start()
            one.join()
        except RuntimeError:
            pass


def sleeps():
    moment = timespec(1)
    while going():
        for _ in range(100):
            libc.nanosleep(moment, None)


def futexes():
    futex, moment = ctypes.c_int(0), timespec(1)
    while going():
        for _ in range(100):
            libc.syscall(word(202), ctypes.byref(futex), word(0), word(0), moment, None, word(0))


def polls():
    while going():
        select.select([], [], [], 0.000001)


def timers_at_once():
    fds = []
    while len(fds) < 1500:
        fd = libc.timerfd_create(1, 0o4000)
        if fd < 0:
            break
        fds.append(fd)
    while going():
        at = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + 50_000_000
        value = (ctypes.c_long * 4)(0, 0, at // 10**9, at % 10**9)
        for fd in fds:
            libc.timerfd_settime(fd, 1, value, None)
        time.sleep(0.05)


def timers_again():
    value = (ctypes.c_long * 4)(0, 1, 0, 1)
    fds = [libc.timerfd_create(1, 0o4000) for _ in range(200)]
    for fd in fds:
        libc.timerfd_settime(fd, 0, value, None)
    while going():
        for fd in fds:
            try:
                os.read(fd, 8)
            except OSError:
                pass


def alarms():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while going():
        signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)


def barriers():
    for register in (4, 16, 64):
        libc.syscall(word(324), word(register), word(0), word(0))
    while going():
        for command in (1, 2, 8, 32):
            libc.syscall(word(324), word(command), word(0), word(0))


def protections():
    """Takes rights to a page away while another thread runs: every processor of it is interrupted."""
    def spin():
        while going():
            pass

    threading.Thread(target=spin, daemon=True).start()
    area = mmap.mmap(-1, 65536)
    address = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(area)))
    while going():
        area[0] = 1
        libc.mprotect(address, word(4096), 1)
        libc.mprotect(address, word(4096), 3)


def mappings():
    while going():
        area = mmap.mmap(-1, 1 << 20)
        for at in range(0, 1 << 20, 4096):
            area[at] = 1
        area.close()


def huge_pages():
    while going():
        area = mmap.mmap(-1, 4 << 20)
        area.madvise(14)  # MADV_HUGEPAGE
        for at in range(0, 4 << 20, 65536):
            area[at] = 1
        area.close()


def collapses():
    area = mmap.mmap(-1, 6 << 20)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    aligned = (start + (2 << 20) - 1) & ~((2 << 20) - 1)
    while going():
        ctypes.memset(aligned, 1, 2 << 20)
        libc.madvise(ctypes.c_void_p(aligned), word(2 << 20), 25)  # MADV_COLLAPSE
        libc.madvise(ctypes.c_void_p(aligned), word(2 << 20), 4)


def locks_of_memory():
    area = mmap.mmap(-1, 65536)
    address = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(area)))
    while going():
        libc.mlock(address, word(65536))
        libc.munlock(address, word(65536))


def page_outs():
    area = mmap.mmap(-1, 2 << 20)
    while going():
        for at in range(0, 2 << 20, 4096):
            area[at] = 1
        area.madvise(21)  # MADV_PAGEOUT


def migrations():
    area = mmap.mmap(-1, 1 << 20)
    address = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(area)))
    mask = ctypes.c_ulong(1)
    while going():
        ctypes.memset(address, 1, 1 << 20)
        libc.syscall(word(237), address, word(1 << 20), word(2), ctypes.byref(mask), word(64), word(3))
        libc.syscall(word(256), word(0), word(64), ctypes.byref(mask), ctypes.byref(mask))
