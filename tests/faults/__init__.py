"""Real training processes, killed, starved, locked out and raced."""

import pytest

pytest.register_assert_rewrite("tests.faults.killer", "tests.faults.lives", "tests.faults.same")
