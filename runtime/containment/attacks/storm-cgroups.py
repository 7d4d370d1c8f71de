"""What `storm.py` lets many processes do with cgroups that their sandbox may make itself."""

tree = "/sys/fs/cgroup"


def make(name):
    path = f"{tree}/{name}"
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    return path


def cgroup_moves():
    """The kernel stops every fork and exit of the host for each move."""
    files = [f"{make(f'moves-{os.getpid()}-{number}')}/cgroup.procs" for number in range(2)]
    while going():
        for file in files:
            with open(file, "w") as procs:
                procs.write("0")


def cgroup_changes():
    """Under one lock for all cgroups of the host."""
    while going():
        try:
            os.rmdir(make(f"changes-{os.getpid()}"))
        except OSError:
            pass


def cgroup_freezes():
    path = make(f"freezes-{os.getpid()}")
    child = os.fork()
    if child == 0:
        os.execv("/bin/sleep", ["sleep", "60"])
    with open(f"{path}/cgroup.procs", "w") as procs:
        procs.write(str(child))
    while going():
        for state in "10":
            with open(f"{path}/cgroup.freeze", "w") as freeze:
                freeze.write(state)
    os.kill(child, signal.SIGKILL)


def cgroup_pressure():
    """Each costs the kernel a grace period when it is closed: no more than a moment of the suite's."""
    held = []
    path = make(f"pressure-{os.getpid()}")
    while going() and len(held) < 100:
        try:
            fd = os.open(f"{path}/cpu.pressure", os.O_RDWR | os.O_NONBLOCK)
            os.write(fd, b"some 1000 2000000")
            held.append(fd)
        except OSError:
            time.sleep(0.01)


def cgroup_count():
    """As many as there may be, each in the one before while that is allowed."""
    number, path = 0, make(f"count-{os.getpid()}")
    while going():
        number += 1
        try:
            os.mkdir(f"{path}/{number}")
            if number % 16 == 0:
                path = f"{path}/{number}"
        except OSError:
            time.sleep(0.01)
