"""Tests of a student's Python code, for an interactive judge: the code runs in another sandbox (see answer.py).

    import student, unittest

    solution = student.load('solution')

    class Tests(unittest.TestCase):
        @student.points(2)
        def test_add(self):
            self.assertEqual(solution.add(1, 2), 3)

    if __name__ == '__main__':
        student.main()

Numbers, text, bytes, None, lists, tuples, sets and dicts come back as themselves, everything else as an object that stays
in the student's sandbox: its attributes and methods can be used from here. Comparing two such objects tells whether they
are the same one, and asks no code of the student.
"""
import builtins
import json
import os
import select
import sys
import time
import unittest

from cloche_wire import decode, encode

ANSWER_MAX = 4 * 1024 * 1024

#: Seconds for each call. Afterwards the student's code is interrupted by a TimeoutError.
timeout = 5.0


class NoAnswer(BaseException):
    """The student's program has ended, hangs, or answers something that is no answer.

    No Exception, so that `assertRaises(Exception)` does not take it for one of the student's.
    """


class NotLoaded(NoAnswer):
    """The student's file cannot be imported."""


class StudentException(Exception):
    """An exception of the student's code that is none of Python's own."""


class _Line:
    """The two pipes to the program. Tests that print do so on stderr."""

    def __init__(self):
        self.answers, self.questions = os.dup(0), os.dup(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        self.rest = b''
        self.asked = 0
        self.lost = None
        self.stdin = ''
        self.printed = ''

    def ask(self, do, of, arguments=(), named=None):
        if self.lost is not None:
            raise NoAnswer(self.lost)
        question = {
            'do': do,
            'of': of,
            'arguments': encode(tuple(arguments), _number_of),
            'named': encode(dict(named or {}), _number_of),
            'stdin': self.stdin if do in ('call', 'run') else '',
            'seconds': timeout,
            'id': self.asked,
        }
        if do in ('call', 'run'):
            self.stdin = ''
        try:
            self._send(json.dumps(question).encode() + b'\n')
            answer = self._hear(time.monotonic() + timeout + 1)
            value, error, printed = self._read(answer)
        except NoAnswer as gone:
            self.lost = str(gone)
            raise
        self.asked += 1
        if do != 'get':
            self.printed = printed
        if error is not None:
            raise error
        return value

    def _send(self, data):
        try:
            while data:
                data = data[os.write(self.questions, data) :]
        except OSError:
            raise NoAnswer("the student's program has ended") from None

    def _hear(self, until):
        while b'\n' not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                raise NoAnswer("the student's program does not answer")
            more = os.read(self.answers, 65536)
            if not more:
                raise NoAnswer("the student's program has ended")
            self.rest += more
            if len(self.rest) > ANSWER_MAX:
                raise NoAnswer(f"the student's program answers more than {ANSWER_MAX} bytes")
        line, self.rest = self.rest.split(b'\n', 1)
        return line

    def _read(self, line):
        try:
            answer = json.loads(line)
            if answer['id'] != self.asked or type(answer['printed']) is not str:
                raise ValueError('another answer')
            if 'error' not in answer:
                return decode(answer['value'], Remote), None, answer['printed']
            return None, _error(answer['error'], answer['message']), answer['printed']
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            raise NoAnswer(f"the student's program answers what is no answer: {error}") from None


def _error(kinds, message):
    """One of Python's own exceptions where it was one, or was derived from one."""
    if type(message) is not str or type(kinds) is not list or not all(type(kind) is str for kind in kinds):
        raise ValueError('an error that is none')
    for kind in kinds:
        own = getattr(builtins, kind, None)
        # Not what ends tests or loops: SystemExit and the like are no Exception.
        if not isinstance(own, type) or not issubclass(own, Exception) or own is Exception:
            continue
        if issubclass(own, (StopIteration, StopAsyncIteration)):
            continue
        try:
            return own(message)
        except TypeError:
            continue
    return StudentException(f'{kinds[0] if kinds else "error"}: {message}', kinds)


class Remote:
    """An object of the student's, where it is."""

    __slots__ = ('_number',)

    def __init__(self, number):
        object.__setattr__(self, '_number', number)

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return _line.ask('get', self._number, [name])

    def __setattr__(self, name, value):
        _line.ask('set', self._number, [name, value])

    def __call__(self, *arguments, **named):
        return _line.ask('call', self._number, arguments, named)

    def __eq__(self, other):
        return type(other) is Remote and other._number == self._number

    def __hash__(self):
        return hash(('Remote', self._number))

    def _of(self, kind, operation, *arguments):
        value = _line.ask(operation, self._number, arguments)
        if type(value) is not kind:
            raise StudentException(f'{operation}() gave no {kind.__name__}', [])
        return value

    def __bool__(self):
        return self._of(bool, 'bool')

    def __len__(self):
        return self._of(int, 'len')

    def __str__(self):
        return self._of(str, 'str')

    def __repr__(self):
        return self._of(str, 'repr')

    def __contains__(self, item):
        return self._of(bool, 'contains', item)

    def __getitem__(self, key):
        return _line.ask('getitem', self._number, [key])

    def __setitem__(self, key, value):
        _line.ask('setitem', self._number, [key, value])

    def __delitem__(self, key):
        _line.ask('delitem', self._number, [key])

    def __iter__(self):
        return self._of(Remote, 'iter')

    def __next__(self):
        try:
            return _line.ask('next', self._number)
        except StudentException as error:
            if error.args[1:] and error.args[1][:1] == ['StopIteration']:
                raise StopIteration from None
            raise


def _number_of(value):
    if type(value) is Remote:
        return value._number
    raise TypeError(f"a {type(value).__name__} cannot be given to the student's program")


class _Module:
    """A module that is loaded when something of it is first needed: what fails then fails a test, not all of them."""

    def __init__(self, name):
        self._name, self._loaded = name, None

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        if self._loaded is None:
            try:
                self._loaded = _line.ask('load', self._name)
            except Exception as error:
                raise NotLoaded(f'{self._name} cannot be imported: {type(error).__name__}: {error}') from None
        return getattr(self._loaded, name)


def load(name):
    """A module of the student's, such as 'solution' for solution.py."""
    return _Module(name)


def run(path, stdin=''):
    """Runs a program of the student's, such as 'main.py', and returns what it printed."""
    give(stdin)
    _line.ask('run', path)
    return _line.printed


def give(text):
    """What the student's code reads from stdin in the next call."""
    _line.stdin = text


def printed():
    """What the student's code printed in the last call."""
    return _line.printed


def points(number):
    """How much a test is worth; 1 where nothing is said."""

    def mark(test):
        test.points = number
        return test

    return mark


class _Result(unittest.TextTestResult):
    """Who has passed. A test that has not run, for whatever reason, has not."""

    def __init__(self, *of):
        super().__init__(*of)
        self.passed = set()
        self.left_out = set()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed.add(test.id())

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.passed.add(test.id())

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.left_out.add(test.id())

    def why(self, name):
        for test, words in self.failures + self.errors:
            if test.id() == name or getattr(test, 'test_case', None) is not None and test.test_case.id() == name:
                return words
        return 'did not run, or passed against expectation'


def _tests(suite):
    for one in suite:
        yield from _tests(one) if isinstance(one, unittest.TestSuite) else [one]


def main(report='results.json', module='__main__'):
    """Runs the tests of a module, writes their points to `report`, and ends: with 0 when all have passed, else 1."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    # The runner forgets tests that it has run.
    worth = {test.id(): getattr(getattr(test, test._testMethodName), 'points', 1) for test in _tests(suite)}
    result = unittest.TextTestRunner(stream=sys.stderr, resultclass=_Result).run(suite)
    told = []
    for name, most in worth.items():
        if name in result.left_out:
            continue
        passed = name in result.passed
        one = {'name': name.removeprefix(f'{module}.'), 'status': 'passed' if passed else 'failed'}
        one |= {'score': most if passed else 0, 'max_score': most}
        told.append(one if passed else one | {'output': result.why(name)})
    with open(report, 'w', encoding='utf-8') as file:
        json.dump({'tests': told}, file)
    sys.exit(0 if all(one['status'] == 'passed' for one in told) else 1)


_line = _Line()
