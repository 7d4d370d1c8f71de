"""Runs beside a student's files and answers what the tests of an interactive judge ask (see student.py).

The student's code can do whatever it likes to this process: all that it can reach by that is another answer.
"""
import builtins
import importlib
import io
import json
import operator
import os
import runpy
import signal
import sys

from cloche_wire import decode, encode

PRINTED_MAX = 64 * 1024
OPERATIONS = {
    name: getattr(builtins, name) for name in ('bool', 'len', 'str', 'repr', 'iter', 'next')
} | {name: getattr(operator, name) for name in ('getitem', 'setitem', 'delitem', 'contains')}


class Answering:
    def __init__(self):
        self.objects = {}
        self.numbers = {}

    def number_of(self, value):
        # What is kept is not collected, so its id stays its own.
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects[len(self.objects)] = value
        return self.numbers[id(value)]

    def perform(self, do, of, arguments, named):
        if do == 'load':
            return importlib.import_module(of)
        if do == 'run':
            runpy.run_path(of, run_name='__main__')
            return None
        if do == 'get':
            return getattr(self.objects[of], *arguments)
        if do == 'set':
            return setattr(self.objects[of], *arguments)
        if do == 'call':
            return self.objects[of](*arguments, **named)
        return OPERATIONS[do](self.objects[of], *arguments)

    def answer(self, asked):
        printed = io.StringIO()
        sys.stdout, sys.stdin = printed, io.StringIO(asked['stdin'])
        try:
            arguments = decode(asked['arguments'], self.objects.__getitem__)
            named = decode(asked['named'], self.objects.__getitem__)
            signal.setitimer(signal.ITIMER_REAL, asked['seconds'])
            try:
                value = self.perform(asked['do'], asked['of'], arguments, named)
            except SystemExit as end:
                if asked['do'] != 'run' or end.code not in (None, 0):
                    raise
                value = None
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            said = {'value': encode(value, self.number_of)}
        except BaseException as error:
            said = {'error': [kind.__name__ for kind in type(error).__mro__], 'message': str(error)[:4096]}
        return {'id': asked['id'], 'printed': printed.getvalue()[:PRINTED_MAX], **said}


def late(*_):
    raise TimeoutError('the time for this call is over')


def main():
    # Nothing that the student's code prints is an answer, and nothing that it reads is a question.
    questions, answers = os.fdopen(os.dup(0), 'rb'), os.fdopen(os.dup(1), 'wb')
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.path[0] = os.getcwd()
    signal.signal(signal.SIGALRM, late)
    answering = Answering()
    for line in questions:
        answers.write(json.dumps(answering.answer(json.loads(line))).encode() + b'\n')
        answers.flush()
    # Threads of the student's code do not keep it here.
    os._exit(0)


if __name__ == '__main__':
    main()
