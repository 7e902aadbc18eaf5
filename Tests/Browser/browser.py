"""Runs the browser tests: one exchange and one Chromium for all of them."""

import os
import sys
import time
import unittest

import exchange
import page

HERE = os.path.dirname(os.path.abspath(__file__))


class Result(unittest.TextTestResult):
    """Names each test by its sentence, and keeps a picture of what a failure looked like."""

    def getDescription(self, test):
        return test.shortDescription() or str(test)

    def addFailure(self, test, error):
        page.picture_of_failure(test)
        super().addFailure(test, error)

    def addError(self, test, error):
        page.picture_of_failure(test)
        super().addError(test, error)


def main():
    started = time.monotonic()
    pattern = f"{sys.argv[1].removesuffix('.py')}.py" if len(sys.argv) > 1 else "test_*.py"
    suite = unittest.defaultTestLoader.discover(HERE, pattern)
    try:
        exchange.start()
        page.start()
        runner = unittest.TextTestRunner(verbosity=2, resultclass=Result, stream=sys.stdout)
        result = runner.run(suite)
    finally:
        page.stop()
        exchange.stop()
    passed = result.wasSuccessful() and result.testsRun > 0
    verdict = "all passed" if passed else "some FAILED"
    print(f"{result.testsRun} browser tests, {verdict}, {time.monotonic() - started:.0f} s")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
