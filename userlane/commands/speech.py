"""What commands say to people."""

import click

REWRITE_LINE = "\r\x1b[K"


def say(words: str, *, in_place: bool = False) -> None:
    """One line on standard error, whatever the API or a file put into it."""
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    line = " ".join(printable.split())
    click.echo(f"{REWRITE_LINE}{line}" if in_place else line, err=True, nl=not in_place)
