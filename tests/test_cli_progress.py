"""How far a long look has come is said on stderr, and not too often."""

import io

from stream_encryption_cli.progress import Progress
from tests.fake_clock import Clock


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_on_a_terminal_one_line_is_written_over_and_taken_away_in_the_end() -> None:
    """Twice a second at the most."""
    clock, terminal = Clock(), Terminal()
    progress = Progress(terminal, clock)
    for number in range(5):
        progress(f"{number} of 4")
        clock.sleep(0.25)
    progress.end()
    assert terminal.getvalue() == "\r\033[K2 of 4\r\033[K4 of 4\r\033[K"


def test_elsewhere_it_is_a_line_now_and_then() -> None:
    """A pipeline's log holds no line that is written over."""
    clock, log = Clock(), io.StringIO()
    progress = Progress(log, clock)
    for number in range(21):
        progress(f"{number} of 20")
        clock.sleep(1)
    progress.end()
    assert log.getvalue() == "10 of 20\n20 of 20\n"


def test_a_short_look_says_nothing() -> None:
    """On a terminal neither."""
    for stream in (Terminal(), io.StringIO()):
        progress = Progress(stream, Clock())
        progress("1 of 1")
        progress.end()
        assert stream.getvalue() == ""
