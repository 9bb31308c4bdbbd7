"""What the sandbox offers: properties, surveys, and the tokens with their rights. All made up, all public."""

from collections.abc import Mapping
from dataclasses import dataclass

from userlane.contract import DATASETS, DatasetName

SEED = 20260401
"""The default seed of everything made up."""

PROPERTIES: Mapping[str, str] = {
    "demo": "Demo: Intranet",
    "small": "Small: Pilot team",
    "empty": "Empty: Nothing recorded yet",
    "large": "Large: Service desk, 10 million tag records",
}
"""The name of each property by its ID."""

SURVEYS: Mapping[str, Mapping[str, str]] = {
    "demo": {
        "512": "Onboarding tour: was it helpful?",
        "513": "Reporting: do you find what you need?",
        "514": "New home page: how do you like it?",
    },
    "small": {"601": "Pilot: is it useful to you?"},
    "empty": {"701": "Help centre: did it answer your question?"},
    "large": {"801": "Ticket form: how easy was it?"},
}
"""For each property, the name of each survey by its ID."""

TOKEN = "sandbox-token-sees-everything"  # noqa: S105  # opens nothing but made-up data
"""Sees every API of every property."""

LIMITED_TOKEN = "sandbox-token-heart-and-nps-only"  # noqa: S105  # likewise
"""Lacks the right to surveys and tags (403), in every property."""

SMALL_TOKEN = "sandbox-token-small-property-only"  # noqa: S105  # likewise
"""Sees only the property `small`; the others answer 403."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Which properties and which of their APIs a token may read."""

    properties: frozenset[str]
    datasets: frozenset[DatasetName]

    def refusal(self, property_id: str, dataset: DatasetName) -> str | None:
        """The message of a 403, or None when the token may read."""
        if property_id not in self.properties:
            return "You have no access to this property."
        if dataset not in self.datasets:
            return f"You lack the right to read {dataset} of this property."
        return None


RIGHTS: Mapping[str, Rights] = {
    TOKEN: Rights(frozenset(PROPERTIES), frozenset(DATASETS)),
    LIMITED_TOKEN: Rights(frozenset(PROPERTIES), frozenset({"heart", "nps"})),
    SMALL_TOKEN: Rights(frozenset({"small"}), frozenset(DATASETS)),
}
"""The rights of every valid token."""
