"""How many requests may be in flight: as many as the API bears."""

START = 2
"""How many it begins with."""


class Pace:
    """Finds out what an API bears as TCP finds out what a line bears (slow start and congestion avoidance,
    RFC 5681): each answer allows one request more, so what is in flight doubles in a round; being told off
    halves it, and from then on it takes a whole round of answers to allow one more.

    A round lasts from one halving to the next. `round` is noted when a request begins and handed back with
    what became of it, so that requests that were in flight together halve once and not each. Nothing here
    waits or locks: `TokenLimiter` does.

    >>> pace = Pace(8)
    >>> pace.answered(pace.round)
    >>> pace.answered(pace.round)
    >>> pace.allowed
    4
    >>> pace.pushed_back(0)
    >>> pace.pushed_back(0)
    >>> pace.allowed
    2
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._doubling = True
        self._answers = 0
        self.allowed = min(START, most)
        """How many requests may be in flight: at least 1, at most `most`."""
        self.round = 0
        """How often it was halved."""

    def answered(self, begun: int) -> None:
        """A request that began in this round was answered."""
        if begun != self.round:
            return
        self._answers += 1
        if self.allowed < self._most and (self._doubling or self._answers >= self.allowed):
            self.allowed += 1
            self._answers = 0

    def pushed_back(self, begun: int) -> None:
        """A request that began in this round was told that there are too many, or took too long."""
        if begun != self.round:
            return
        self.round += 1
        self.allowed = max(1, self.allowed // 2)
        self._doubling = False
        self._answers = 0
