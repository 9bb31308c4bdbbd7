"""What people write: made-up comments on themes a product manager will recognise.

A comment is put together from a sentence of its theme and mood, now and then a second one, an opener or a
closer, and the small untidiness of people who type. The remarks that look like markup or formulas are here
so that every screen and every file can be seen to treat them as the text they are.
"""

from collections.abc import Mapping
from typing import Literal, TypeVar

Mood = Literal["praise", "mixed", "complaint"]
Theme = Literal["search", "speed", "onboarding", "mobile", "reporting", "navigation", "support", "general"]

ENGLISH: Mapping[Theme, Mapping[Mood, tuple[str, ...]]] = {
    "search": {
        "praise": (
            "Search finally finds what I type, even with typos.",
            "I find old documents in seconds now.",
            "The new search suggestions save me a lot of clicking.",
            "Finally I can search by colleague and by document in one place.",
            "Typing three letters is enough to get where I want.",
        ),
        "mixed": (
            "Search is better than last year but still mixes up archived and current pages.",
            "Good, although I would like to filter search results by department.",
            "Search works for documents, less so for people.",
            "Finds a lot, sometimes too much.",
        ),
        "complaint": (
            "The search never finds what I need, I end up asking a colleague.",
            "I searched for the travel policy and got 200 results from 2015.",
            "Search results are useless without a date filter.",
            "It finds our canteen menu but not the form for parental leave.",
            "Same query, different results every time.",
        ),
    },
    "speed": {
        "praise": (
            "It got noticeably faster.",
            "Pages open at once, no more coffee breaks while loading.",
            "Fast and stable, that is all I want.",
            "Since the last patch everything loads instantly.",
        ),
        "mixed": (
            "Fine in the morning, slow after lunch.",
            "Speed is acceptable, the first page after login takes a while.",
            "Mostly quick, but large attachments take forever.",
        ),
        "complaint": (
            "Far too slow since the last update.",
            "Loading the start page takes 15 seconds from our branch office.",
            "It freezes whenever I open two forms at the same time.",
            "Every click means waiting, it is painful.",
        ),
    },
    "onboarding": {
        "praise": (
            "The guided tour made my first week so much easier.",
            "Step by step guides are great, I never opened the manual.",
            "As a new starter I felt lost for about five minutes, then the tour kicked in.",
            "Short, clear and exactly where I needed it.",
            "I liked that I could skip what I knew already.",
            "Showed me two functions I had missed for years.",
            "Better than any training we had.",
        ),
        "mixed": (
            "The tour is helpful but cannot be paused.",
            "Nice introduction, a bit long for people who know the old system.",
            "I would have liked the tour in my own language.",
            "Half of the steps were useful.",
            "Fine, but I would rather have a page to read up on later.",
        ),
        "complaint": (
            "The tour pops up every morning although I finished it twice.",
            "The onboarding tour points at buttons that no longer exist.",
            "Too many pop-ups telling me things I already know.",
            "The tour stopped at step four and I could not close it.",
        ),
    },
    "mobile": {
        "praise": (
            "Being able to approve requests on my phone is a big win.",
            "Works well on the tablet in the workshop.",
            "Scanning receipts with the phone is brilliant.",
        ),
        "mixed": (
            "OK on the desktop, on the phone some buttons are hidden.",
            "The mobile view is usable, uploading photos is not.",
        ),
        "complaint": (
            "On my phone the menu covers half of the screen.",
            "Impossible to use on the shop floor tablets.",
            "I cannot log in on mobile since the update.",
        ),
    },
    "reporting": {
        "praise": (
            "The monthly report now takes me ten minutes instead of half a day.",
            "Export to Excel just works, thank you!",
            "Love the new dashboards.",
            "Found the right report at the first try.",
            "The cost centre view is what we have been asking for.",
        ),
        "mixed": (
            "Reports are good, I still have to add the totals by hand.",
            "The export is fine but the columns are in an odd order.",
            "I need the figures per cost centre, not only per region.",
            "Most of what I need is there, the rest I build myself.",
            "Good for the month, of little use for the quarter.",
            "Charts are pretty, a plain table would help me more.",
        ),
        "complaint": (
            "Numbers in the report do not match what I see on screen.",
            "The export breaks umlauts and leading zeros.",
            "I cannot find the quarterly report any more.",
            "Three reports with the same name and three different totals.",
            "Needs far too many filters before it shows anything.",
        ),
    },
    "navigation": {
        "praise": (
            "The new menu is clear and I reach everything with two clicks.",
            "Much tidier than before.",
            "Favourites on the start page are exactly what I was missing.",
            "Everything I use daily is on one page now.",
            "Clean, calm, and I can arrange it the way I work.",
            "I did not expect to like it, but I do.",
            "Best redesign so far.",
        ),
        "mixed": (
            "The new layout takes getting used to.",
            "Looks modern, but my shortcuts are gone.",
            "Once you know where things are it is fine.",
            "Half of it is better, half of it is worse.",
        ),
        "complaint": (
            "After the release I cannot find anything.",
            "Who moved the time sheet? Took me an hour.",
            "The new menu hides everything behind three dots.",
            "Please give us the old navigation back.",
            "Huge pictures, tiny links, no information.",
            "It takes three clicks for what used to take one.",
            "The start page shows everything but my tasks.",
        ),
    },
    "support": {
        "praise": (
            "The help bubbles answer most of my questions.",
            "Quick and friendly support when I got stuck.",
        ),
        "mixed": (
            "Help texts are good where they exist.",
            "Support answered, but only after three days.",
        ),
        "complaint": (
            "Nobody reads the tickets I write.",
            "The help page is a dead link.",
            "Error messages do not say what I did wrong.",
        ),
    },
    "general": {
        "praise": (
            "Easy to use.",
            "I like it!",
            "Does what it should, every day.",
            "Best internal tool we have.",
            "Keep up the good work.",
            "Saves me at least an hour a week.",
            "No complaints.",
        ),
        "mixed": (
            "It is okay.",
            "Does the job.",
            "Neither good nor bad, I just have to use it.",
            "Depends on the day.",
        ),
        "complaint": (
            "Too complicated for occasional users.",
            "I only use it because I have to.",
            "Feels like it was built for someone else.",
            "I gave up and went back to e-mail.",
        ),
    },
}

GERMAN: Mapping[Mood, Mapping[Theme, tuple[str, ...]]] = {
    "praise": {
        "search": ("Die Suche findet jetzt auch Dokumente aus dem Archiv, super.",),
        "onboarding": ("Die geführte Tour hat mir den Einstieg sehr erleichtert.",),
        "reporting": ("Der Monatsbericht ist endlich mit drei Klicks fertig.",),
        "navigation": ("Das neue Menü ist übersichtlich, gefällt mir.",),
        "general": ("Läuft einwandfrei, weiter so!", "Sehr hilfreich im Alltag."),
    },
    "mixed": {
        "search": ("Suche geht, aber bitte mit Filter nach Abteilung.",),
        "speed": ("Morgens schnell, nachmittags zäh.",),
        "mobile": ("Am Rechner gut, auf dem Handy eher mühsam.",),
        "reporting": ("Auswertung ist ok, Summen fehlen leider.",),
        "general": ("Passt schon.", "Geht so, man gewöhnt sich daran."),
    },
    "complaint": {
        "search": ("Die Suche liefert nur veraltete Treffer.",),
        "speed": ("Seit dem Update unerträglich langsam.", "Ständig Ladezeiten, das nervt."),
        "mobile": ("Auf dem Tablet in der Werkstatt nicht zu gebrauchen.",),
        "reporting": ("Beim Export gehen führende Nullen und Umlaute verloren.",),
        "navigation": ("Nach dem Release finde ich nichts mehr wieder.",),
        "support": ("Auf mein Ticket warte ich seit zwei Wochen.",),
        "general": ("Viel zu umständlich für einfache Dinge.",),
    },
}

OPENERS: Mapping[Mood, tuple[str, ...]] = {
    "praise": ("Great work!", "Honestly impressed.", "Big improvement:", "Thanks!"),
    "mixed": ("Hmm.", "Mixed feelings.", "Overall alright.", "To be fair:"),
    "complaint": ("Sorry, but no.", "Frustrating.", "Please fix this:", "Again:"),
}
CLOSERS: Mapping[Mood, tuple[str, ...]] = {
    "praise": ("Would recommend.", "More of this please.", "👍", "😊", "🎉"),
    "mixed": ("Room for improvement.", "We will see.", "🤷", "🤔"),
    "complaint": ("We lose time every day.", "This was better before.", "😡", "👎", "😞"),
}

INERT: tuple[str, ...] = (
    "=SUM(A1)",
    "<b>bold</b> move to remove the old menu",
    '=HYPERLINK("http://example.invalid/","click me")',
    "**Please** read my [ticket](http://example.invalid/42)",
    "<script>alert('search')</script>",
    "+1 for the dark mode",
    "![chart](http://example.invalid/chart.png)",
    "-",
    "@helpdesk still waiting",
    '<img src="http://example.invalid/x.png" onerror="alert(1)">',
    "Costs us $40$ per user and :red[nobody] noticed :smile:",
    "# 1 request: search\n- filters\n- dates\n- people",
    "רכיב החיפוש מצוין, תודה",
    'He said "use the wizard", then; it crashed, twice',
)
"""Comments that look like markup, links or formulas, or hold what breaks careless files."""

Choice = TypeVar("Choice", str, Theme)
_TYPICAL: tuple[Theme, ...] = tuple(ENGLISH)


def remark(mood: Mood, theme: Theme, draws: tuple[float, ...], *, german: bool = False) -> str:
    """One comment, chosen by eight numbers between 0 and 1.

    >>> remark("praise", "speed", (0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0))
    'It got noticeably faster.'
    """
    which, joined, opened, closed, second, extra, lower, bare = draws
    if german:
        own = GERMAN[mood].get(theme) or GERMAN[mood]["general"]
        return _untidy(_pick(own, which), lower, bare)
    parts = [_pick(ENGLISH[theme][mood], which)]
    if joined < 0.18:
        other = _pick(ENGLISH[_pick(_TYPICAL, second)][mood], extra)
        if other not in parts:
            parts.append(other)
    if opened < 0.16:
        parts.insert(0, _pick(OPENERS[mood], extra))
    if closed < 0.2:
        parts.append(_pick(CLOSERS[mood], second))
    return _untidy(" ".join(parts), lower, bare)


def _pick(options: tuple[Choice, ...], draw: float) -> Choice:
    return options[min(int(draw * len(options)), len(options) - 1)]


def _untidy(text: str, lower: float, bare: float) -> str:
    if lower < 0.14:
        text = text[0].lower() + text[1:]
    if bare < 0.25:
        text = text.removesuffix(".")
    return text
